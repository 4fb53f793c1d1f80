"""Split the faces of a source without splits."""

from __future__ import annotations

from collections.abc import Sequence

from priorsr.errors import OptionError

RULE = "the last tenth of the faces in the order of their ids is test, the tenth before is val, the rest is train"


def divide(ids: Sequence[str], val: int | None = None, test: int | None = None) -> dict[str, str]:
    """Return the split of each id: the last `test` in order are test, the `val` before them val, the rest train.

    Both default to a tenth, rounded down. Raises OptionError if nothing is left to train on.
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
