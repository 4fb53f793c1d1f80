"""The faces of shards that could not be read: counted, and reported by shard, member and reason."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

from torch.utils.data import get_worker_info

from priorsr.errors import DataError, OptionError, PriorsrWarning

SHOWN = 20  # reasons in a report


class BrokenFace(NamedTuple):
    """A face that could not be read. number: in its split. reason: names the shard, and the member if one is known."""

    split: str
    number: int
    reason: str


class BrokenFaces:
    """Counts broken faces, each once, and warns of the first.

    then: "replace" lets loading go on; with "stop", the first one raises DataError.
    """

    def __init__(self, then: Literal["replace", "stop"] = "replace") -> None:
        if then not in ("replace", "stop"):
            raise OptionError(f"broken is {then!r}; 'replace' or 'stop' was expected")
        self._stop = then == "stop"
        self._known: set[tuple[str, int]] = set()
        self._reasons: Counter[str] = Counter()
        self._news: list[BrokenFace] = []

    def __len__(self) -> int:
        """Return how many faces could not be read."""
        return len(self._known)

    def add(self, broken: Iterable[BrokenFace]) -> None:
        """Count faces that are not known yet; raises DataError for one, if that is asked for."""
        for face in broken:
            if self._stop:
                raise DataError(f"{face.reason} (face {face.number} of {face.split})")
            if (face.split, face.number) not in self._known:
                self._known.add((face.split, face.number))
                self._reasons[face.reason] += 1
                self._news.append(face)
                if len(self._known) == 1 and get_worker_info() is None:  # workers hand theirs to the main process
                    self._warn(
                        f"{face.reason}; other faces take the place of such ones, and all are reported at the end"
                    )

    def news(self) -> list[BrokenFace]:
        """Return the faces that were added since the last call."""
        found, self._news = self._news, []
        return found

    def warn(self) -> None:
        """Warn of all broken faces together, if there are any."""
        if report := self.report():
            self._warn(report)

    def report(self) -> str | None:
        """Return how many faces could not be read and why, in one sentence; None if all could."""
        if not self._known:
            return None
        shown = [
            reason if count == 1 else f"{reason}: {count:,} faces" for reason, count in self._reasons.most_common(SHOWN)
        ]
        more = len(self._reasons) - len(shown)
        rest = f"; and {more:,} more reasons" if more else ""
        faces = "1 face" if len(self) == 1 else f"{len(self):,} faces"
        return f"{faces} in shards could not be read: {'; '.join(shown)}{rest}"

    def _warn(self, sentence: str) -> None:
        warnings.warn(PriorsrWarning(sentence), stacklevel=2)
