"""Runs that are killed, and what they leave."""

from __future__ import annotations

from priorsr.bench import Record


def told(records: list[Record]) -> list[dict[str, object]]:
    """Records without the time at which they were made."""
    return [record.model_dump(exclude={"created"}) for record in records]
