"""What was verified is added to a results folder, and shown while it is true."""

from __future__ import annotations

import json
import re

import pytest
from checking import edited, records

from priorsr.bench import leaderboards, read_results
from priorsr.bench.store.verification import read_verifications, record_hash
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.verify import add, verify
from priorsr.errors import DataError


def test_what_was_verified_is_added_and_shown(exact, results, synthetic, tmp_path) -> None:
    out = tmp_path / "board"
    with Bundle(exact) as bundle:
        add(bundle, verify(bundle, synthetic, faces=1), out)
        ids = {record.id for record in bundle.records}
    assert {record.id for record in read_results(out)} == ids
    found = read_verifications(out)
    assert found.keys() == ids
    boards = leaderboards(read_results(out), found)
    assert [(row.tier, row.tier_words) for board in boards for row in board.rows] == [
        (2, "faces rerun from the weights")
    ] * 2
    saved = next((results / "outputs").rglob("*.png"))
    own = records(results, "small")[0]
    mine = sorted((out / "outputs" / own.outputs).glob("*.png"))
    assert [path.read_bytes() for path in mine] == [
        (results / "outputs" / own.outputs / path.name).read_bytes() for path in mine
    ]
    assert saved


def test_a_verification_is_of_the_records_content(exact, synthetic, tmp_path) -> None:
    with Bundle(exact) as bundle:
        add(bundle, verify(bundle, synthetic), tmp_path)
    known = read_verifications(tmp_path)
    changed = [record.model_copy(update={"command": "another"}) for record in read_results(tmp_path)]
    assert all(record_hash(record) != known[record.id].record_hash for record in changed)
    rows = [row for board in leaderboards(changed, known) for row in board.rows]
    assert {(row.tier, row.stale, row.tier_words) for row in rows} == {
        (0, True, "self-reported, changed since it was verified")
    }


def test_what_differs_is_not_added(rounded, synthetic, forge, tmp_path) -> None:
    def flatter(record) -> None:
        record["scores"]["psnr"]["higher_is_better"] = False

    with Bundle(forge(rounded, lambda members: edited(members, flatter))) as bundle:
        report = verify(bundle, synthetic)
        with pytest.raises(DataError, match="differs from its records"):
            add(bundle, report, tmp_path / "board")
    assert not (tmp_path / "board").exists()


def test_a_broken_verification_is_told_by_its_file(exact, synthetic, tmp_path) -> None:
    with Bundle(exact) as bundle:
        add(bundle, verify(bundle, synthetic), tmp_path)
    path = next((tmp_path / "verifications").iterdir())
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "tier": 3}))
    with pytest.raises(DataError, match=re.escape(f"{path}: tier is 3")):
        read_verifications(tmp_path)
    path.write_text(json.dumps({**content, "record": "0" * 16}))
    with pytest.raises(DataError, match="a file's name is its record's id"):
        read_verifications(tmp_path)
