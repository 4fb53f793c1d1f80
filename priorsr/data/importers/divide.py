"""Split faces of a source that defines no splits."""

from __future__ import annotations

from collections.abc import Sequence

from priorsr.errors import OptionError

RULE = "the last tenth of the faces in the order of their ids is test, the tenth before is val, the rest is train"


def divide(ids: Sequence[str], val: int | None = None, test: int | None = None) -> dict[str, str]:
    """Return the split of each id: of the sorted ids, the last `test` are test, the `val` before val, the rest train.

    val, test: numbers of faces; a tenth, rounded down, by default. Raises OptionError if no training face is left.
    """
    ids = sorted(ids)
    val, test = (len(ids) // 10 if count is None else count for count in (val, test))
    if val < 0 or test < 0 or val + test >= len(ids):
        raise OptionError(f"{len(ids)} faces cannot give {val} to val and {test} to test: one must be left for train")
    first_val, first_test = len(ids) - val - test, len(ids) - test
    return {
        face: "train" if place < first_val else "val" if place < first_test else "test"
        for place, face in enumerate(ids)
    }
