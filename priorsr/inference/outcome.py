"""The outcome of one picture, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.inference.listing import Job
from priorsr.text import one_line


@dataclass(frozen=True)
class FileOutcome:
    """The outcome of a job.

    size: the result's (width, height). own: the picture's, upright. lr: the LR image's, None for photographs. faces:
    for photographs, the outcome of each face. notes: sentences on what was left out or left as it is. compare: the
    comparison that was drawn. error: why there is no result, else an empty text.
    """

    job: Job
    size: tuple[int, int] | None = None
    own: tuple[int, int] | None = None
    lr: tuple[int, int] | None = None
    faces: tuple[dict[str, Any], ...] | None = None
    notes: tuple[str, ...] = ()
    compare: Path | None = None
    error: str = ""

    @classmethod
    def failed(cls, job: Job, error: Exception) -> FileOutcome:
        """Return the outcome of a job that raised, without the file's name where the error begins with it."""
        text = str(error) or type(error).__name__
        return cls(job, error=one_line(text.removeprefix(f"{job.source}: ")))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values for a program to read."""
        found: dict[str, Any] = {"input": str(self.job.source)}
        if self.error:
            return {**found, "error": self.error}
        found |= {"output": str(self.job.target), "input_size": self.own, "size": self.size}
        if self.compare is not None:
            found["compare"] = str(self.compare)
        if self.lr is not None:
            found["lr"] = self.lr
        if self.faces is not None:
            found["faces"] = self.faces
        return {**found, "notes": self.notes}
