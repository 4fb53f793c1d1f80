from __future__ import annotations

import pytest

from priorsr.bench import leaderboards
from priorsr.bench.facts import protocol_facts
from priorsr.bench.records import PriorFacts
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol


def test_the_best_is_first_and_differs_from_the_baseline(make_record) -> None:
    worse = make_record("worse", {"a": 18.0, "b": 21.0, "c": 22.0})
    base = make_record("bicubic", {"a": 20.0, "b": 22.0, "c": 24.0})
    better = make_record("better", {"a": 21.0, "b": 23.0, "c": 25.0})
    (board,) = leaderboards([worse, base, better])
    assert [row.record.model.label for row in board.ranked] == ["better", "bicubic", "worse"]
    assert board.baseline == base
    assert board.ranked[0].differences["psnr"].mean == pytest.approx(1.0)
    assert board.ranked[1].differences == {}


def test_a_score_that_is_better_low_ranks_low_first(make_record, make_score) -> None:
    def scored(label: str, value: float):
        return make_record(label, scores={"nme": make_score(dict.fromkeys("abc", value), higher_is_better=False)})

    (board,) = leaderboards([scored("far", 5.0), scored("near", 2.0)])
    assert [row.record.model.label for row in board.ranked] == ["near", "far"]


def test_rows_with_a_ground_truth_prior_are_not_ranked_with_the_others(make_record) -> None:
    told = make_record("told", prior=PriorFacts(source="ground-truth", by=None))
    (board,) = leaderboards([told, make_record("bicubic")])
    assert [row.record.model.label for row in board.ranked] == ["bicubic"]
    assert [row.record for row in board.given_prior] == [told]


def test_two_hashes_of_one_protocol_are_two_tables(make_record) -> None:
    record = make_record()
    scoring = {**record.protocol.scoring, "border": 0}
    changed = record.protocol.model_copy(
        update={"scoring": scoring, "hash": sha256_json({"reduction": record.protocol.reduction, "scoring": scoring})}
    )
    boards = leaderboards([record, make_record(protocol=changed)])
    assert len(boards) == 2
    assert sorted(board.protocol_title for board in boards) == sorted(
        f"dic@1 ({digest[:8]})" for digest in (record.protocol.hash, changed.hash)
    )


def test_two_versions_of_a_face_set_are_two_tables(make_record) -> None:
    record = make_record()
    moved = record.data.model_copy(update={"hash": sha256_json("other faces")})
    boards = leaderboards([record, make_record(data=moved)])
    assert len({board.data_title for board in boards}) == 2


def test_protocols_are_tables_and_our_own_comes_first(make_record) -> None:
    records = [
        make_record(protocol=protocol_facts(load_protocol(name))) for name in ("dic@1", "priorsr@1", "kdfsrnet@1")
    ]
    assert [board.protocol_title for board in leaderboards(records)] == ["priorsr@1", "dic@1", "kdfsrnet@1"]


def test_without_a_baseline_there_are_no_differences(make_record) -> None:
    (board,) = leaderboards([make_record("one"), make_record("two")])
    assert board.baseline is None
    assert all(not row.differences for row in board.rows)
