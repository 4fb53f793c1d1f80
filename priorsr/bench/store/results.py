"""A results folder: `records/ID.json`, the SR images in `outputs/`, the faces in `faces/`, unfinished work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from priorsr.bench.store import format_1
from priorsr.bench.store.records import FORMAT, Record
from priorsr.errors import DataError
from priorsr.files import atomic_json
from priorsr.reading.content import read_content
from priorsr.reading.json_files import MOST_BYTES, parse_facts, parse_json

WHOLE = "the record"


def record_path(results: Path, record: str) -> Path:
    """Return the path of the record of that id."""
    return results / "records" / f"{record}.json"


def outputs_path(results: Path, outputs: str) -> Path:
    """Return the folder of a model's SR images, `ID.png` each."""
    return results / "outputs" / outputs


def partial_path(results: Path, name: str) -> Path:
    """Return the path of unfinished work of that name."""
    return results / ".partial" / name


def lock_path(unfinished: Path) -> Path:
    """Return the path of the lock on a folder of unfinished work."""
    return unfinished.with_name(f"{unfinished.name}.lock")


def faces_path(results: Path, data_hash: str, kind: str) -> Path:
    """Return the folder of the faces for pages: `kind` is "hr" or `lr_kind(...)`."""
    return results / "faces" / data_hash[:12] / kind


def lr_kind(reduction_hash: str) -> str:
    """Return the name of the folder of LR images made by a reduction."""
    return f"lr-{reduction_hash[:12]}"


def write_record(results: Path, record: Record) -> Path:
    """Write a record into a results folder, whole or not at all; raises DataError for an unreadable one."""
    path, content = record_path(results, record.id), record_content(record)
    parse_record(json.dumps(content), path)
    atomic_json(path, content)
    return path


def record_content(record: Record) -> dict[str, Any]:
    """Return the content of a record's file."""
    content = record.model_dump(mode="json")
    return content if record.format == FORMAT else format_1.as_it_was(content)


def read_record(path: Path) -> Record:
    """Read a record; raises DataError naming the file, the field, its value and what was expected."""
    record = parse_record(read_content(path, "a record", MOST_BYTES), path)
    if path.stem != record.id:
        raise DataError(f"{path}: holds the record {record.id!r}; a file's name is its record's id")
    return record


def parse_record(text: str | bytes, where: object) -> Record:
    """Return the record of the file `where`, of format 1 too; raises DataError naming what is wrong."""
    content = parse_json(text, where)
    form = content.get("format") if isinstance(content, dict) else None
    if form is True or form not in (1, FORMAT):
        raise DataError(f"{where}: has format {form!r:.80}; this version of priorsr reads 1 and {FORMAT}")
    if form == 1:
        try:
            text = json.dumps(format_1.upgraded(content))
        except ValueError as error:
            raise DataError(f"{where}: {error}") from error
    return parse_facts(text, where, Record, WHOLE)


def read_results(results: str | Path) -> list[Record]:
    """Return every record of a results folder, in the order of their ids; raises DataError if there is none."""
    paths = _record_paths(Path(results))
    if not paths:
        inner = Path(results) / "results"
        expected = inner if _record_paths(inner) else "a results folder with records/*.json"  # a study's
        raise DataError(f"{results}: holds no record; {expected} was expected")
    return [read_record(path) for path in paths]


def _record_paths(results: Path) -> list[Path]:
    return sorted((results / "records").glob("[!.]*.json"))
