"""Records of equal runs, compared."""

from __future__ import annotations

from priorsr.bench import Record


def timeless(records: list[Record]) -> list[dict[str, object]]:
    """Records without the time at which they were made."""
    return [record.model_dump(exclude={"created"}) for record in records]
