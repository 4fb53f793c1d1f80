"""Read a board's file, name its mistakes, and select the records that belong to the board."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from priorsr.bench.board.board_file import LONGEST_LABEL, Board
from priorsr.bench.board.board_tables import board_tables
from priorsr.bench.board.publishable import permits_publishing
from priorsr.bench.store.model_facts import ModelFacts
from priorsr.bench.store.records import Record
from priorsr.bench.store.run_facts import DataFacts
from priorsr.data import FaceSet
from priorsr.errors import DataError
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol
from priorsr.metrics.protocol import protocol_text

SET = {"name": "ours", "version": "2", "licence": "CC0-1.0", "hash": sha256_json("faces"), "split": "val", "count": 3}
CONTENT = {
    "format": 1,
    "title": "Ours",
    "default_protocol": "dic@1",
    "allowed_distributions": ["priorsr"],
    "protocols": [{"id": name, "hash": load_protocol(name).content_hash} for name in ("priorsr@1", "dic@1")],
    "sets": [{**SET, "folder": "sets/ours"}],
}


def write(folder: Path, **changes: object) -> Path:
    """Write a board's file; of the values, TOML and JSON spell all alike but tables."""
    content = {**CONTENT, **changes}
    lines = [f"{key} = {json.dumps(value)}" for key, value in content.items() if key not in ("protocols", "sets")]
    for name in ("protocols", "sets"):
        for entry in content[name]:
            lines += [f"[[{name}]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
    (folder / "board.toml").write_text("\n".join(lines))
    return folder


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board.open(write(tmp_path))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "format is 2: input should be 1"),
        ({"title": ""}, "title is ''"),
        ({"title": "one\ntwo"}, "title is 'one"),
        ({"default_protocol": "pfsr@1"}, "default_protocol is 'pfsr@1'; one of the protocols was expected"),
        ({"sets": []}, "sets"),
        ({"sets": [{**SET, "folder": "../ours"}]}, "a path inside the set was expected"),
        ({"sets": [{**SET, "folder": "sets/ours"}] * 2}, "2 times; each was expected once"),
        ({"protocols": CONTENT["protocols"] * 2}, "protocols has 'priorsr@1' 2 times; each was expected once"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_broken_file_is_refused_with_the_field(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(DataError) as raised:
        Board.open(write(tmp_path, **changes))
    assert f"{tmp_path / 'board.toml'}: " in str(raised.value)
    assert reason in str(raised.value)


def test_a_folder_without_the_file_is_no_board(tmp_path: Path) -> None:
    assert Board.find(tmp_path) is None
    with pytest.raises(DataError, match="there is no such file; board.toml, which priorsr bench init-board writes"):
        Board.open(tmp_path)


def test_a_protocol_of_another_hash_is_told(tmp_path: Path) -> None:
    protocols = [{"id": "dic@1", "hash": "0" * 64}]
    with pytest.raises(DataError, match="has dic@1 with the hash 000000000000, and here it has"):
        _ = Board.open(write(tmp_path, protocols=protocols)).protocols


def test_a_protocol_of_its_own_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "protocols").mkdir()
    own = tmp_path / "protocols/lab@3.toml"
    own.write_text(protocol_text("dic@1"))
    protocols = [{"id": "lab@3", "hash": load_protocol(own).content_hash}]
    board = Board.open(write(tmp_path, protocols=protocols, default_protocol="lab@3"))
    assert list(board.protocols) == ["lab@3"]
    assert board.protocol_files == [own]


def test_records_of_another_board_are_refused(board: Board, make_record: Callable[..., Record], tmp_path: Path) -> None:
    board.check(make_record())
    data = {name: SET[name] for name in ("name", "version", "licence", "hash", "split", "count")}
    with pytest.raises(DataError, match=r"is of ours test .*, and the board 'Ours' is of ours val"):
        board.check(make_record(data=DataFacts(**{**data, "split": "test"})))
    other = Board.open(write(tmp_path, protocols=CONTENT["protocols"][:1], default_protocol="priorsr@1"))
    with pytest.raises(DataError, match="is scored under 'dic@1', which the board 'Ours' lacks"):
        other.check(make_record())
    forged = make_record().protocol.model_dump()
    forged["scoring"] = {**forged["scoring"], "border": 1}
    forged["hash"] = sha256_json({"reduction": forged["reduction"], "scoring": forged["scoring"]})
    record = make_record()
    changed = record.model_copy(update={"protocol": record.protocol.model_copy(update=forged)})
    with pytest.raises(DataError, match=r"is scored under another dic@1 than the board's, by its hash"):
        board.check(changed)


@pytest.mark.parametrize("label", ["", "x" * (LONGEST_LABEL + 1), "two\nlines", "right\u202eto left"])
def test_a_label_that_breaks_a_table_is_refused(board: Board, make_record: Callable[..., Record], label: str) -> None:
    model = make_record().model.model_dump()
    with pytest.raises(DataError, match="printable characters were expected"):
        board.check(make_record(model=ModelFacts(**{**model, "label": label})))


def test_tables_begin_with_the_default_protocol_and_have_the_boards_own_names(
    board: Board, make_record: Callable[..., Record]
) -> None:
    records = [make_record(label) for label in ("one", "bicubic")]
    records[0] = records[0].model_copy(update={"data": records[0].data.model_copy(update={"licence": "mine"})})
    (table,) = board_tables(board, records)
    assert (table.title, table.data.licence, table.data.version) == ("dic@1 on ours val", "CC0-1.0", "2")
    assert list(board.protocols) == ["dic@1", "priorsr@1"]


def test_a_face_set_of_another_hash_is_told(board: Board, faces: FaceSet) -> None:
    with pytest.raises(DataError, match="has the hash .*, and the board's set ours has"):
        board.face_set(board.facts.sets[0], faces)


@pytest.mark.parametrize(
    ("licence", "permitted"),
    [
        ("CC0-1.0", True),
        ("cc-by-4.0", True),
        ("CC-BY-NC-4.0", False),
        ("CC-BY-ND-4.0", False),
        ("unknown", False),
        ("", False),
        ("for non-commercial research only", False),
        ("for non-commercial research and education only", False),
        ("not CC0-1.0", False),
    ],
)
def test_only_licences_that_permit_it_publish_images(licence: str, permitted: bool) -> None:
    assert permits_publishing(licence) is permitted
