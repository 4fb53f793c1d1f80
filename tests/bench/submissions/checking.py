"""Submissions taken apart, changed and checked, for the tests beside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from priorsr.bench import read_results
from priorsr.bench.board.selection import records_called
from priorsr.bench.statistics.means import interval_of_images
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.verify import verify
from priorsr.errors import PriorsrError


def records(results: Path, label: str, *protocols: str):
    found = records_called(read_results(results), label)
    return [record for record in found if not protocols or record.protocol.id in protocols]


def checked(path: Path, synthetic, **options):
    with Bundle(path) as bundle:
        return verify(bundle, synthetic, **options)


def refusal(path: Path, synthetic, **options) -> str:
    with pytest.raises(PriorsrError) as raised:
        checked(path, synthetic, **options)
    assert str(raised.value).startswith(f"{path}: ")
    return str(raised.value)


def said(report) -> list[str]:
    return [str(difference) for difference in report.differences]


def of_kind(members, ending: str) -> list[str]:
    return sorted(name for name in members if name.endswith(ending))


def summarise(score) -> None:
    """Make the mean, the value and the interval of a score, as JSON has it, true again, as a forger would."""
    values = list(score["per_image"].values())
    score["mean"] = score["value"] = sum(values) / len(values)
    score["interval95"] = interval_of_images(values)


def edited(members, change) -> dict[str, bytes]:
    """Members whose first record was changed as JSON."""
    (name, *_) = of_kind({name for name in members if name.startswith("records/")}, ".json")
    record = json.loads(members[name])
    change(record)
    return {**members, name: json.dumps(record).encode()}
