from __future__ import annotations

import math

import numpy as np
import pytest

from priorsr.bench import leaderboards
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.statistics.means import estimate_mean
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.errors import PriorsrError
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol


@pytest.fixture
def of_seed(make_record):
    """A record of one seed of the recipe `recipe`, whose PSNR of 40 faces is about `level`."""

    def make(recipe: str, seed: int, level: float, **changes):
        rng = np.random.default_rng([seed, *recipe.encode()])
        faces = np.random.default_rng(0).normal(25, 3, 40)
        values = faces + level + rng.normal(0, 0.2, 40)
        model = ModelFacts(
            label=f"{recipe}-seed{seed}",
            distribution="somebody",
            name="network",
            version="1.0",
            weights_hash=sha256_json([recipe, seed]),
            config={},
            card={"recipe": recipe, "seed": seed, "steps": 10},
        )
        training = TrainingFacts(data="unknown", networks=(), seed=seed, method=model.method)
        psnr = {f"face-{place:02}": float(value) for place, value in enumerate(values)}
        return make_record(psnr=psnr, **{"model": model, "training": training, **changes})

    return make


def test_the_best_is_first_and_differs_from_the_baseline(make_record) -> None:
    worse = make_record("worse", {"a": 18.0, "b": 21.0, "c": 22.0})
    base = make_record("bicubic", {"a": 20.0, "b": 22.0, "c": 24.0})
    better = make_record("better", {"a": 21.0, "b": 23.0, "c": 25.0})
    (board,) = leaderboards([worse, base, better])
    assert [row.label for row in board.ranked] == ["better", "bicubic", "worse"]
    assert board.baseline is board.ranked[1]
    assert board.baseline.record == base
    assert board.ranked[0].scores["psnr"].difference.mean == pytest.approx(1.0)
    assert board.ranked[1].scores["psnr"].difference is None


def test_a_score_that_is_better_low_ranks_low_first(make_record, make_score) -> None:
    def scored(label: str, value: float):
        return make_record(label, scores={"nme": make_score(dict.fromkeys("abc", value), higher_is_better=False)})

    (board,) = leaderboards([scored("far", 5.0), scored("near", 2.0)])
    assert [row.label for row in board.ranked] == ["near", "far"]


def test_rows_with_a_ground_truth_prior_are_not_ranked_with_the_others(of_seed) -> None:
    truth = PriorFacts(source="ground-truth", by=None)
    told = [of_seed("told", 0, 5.0, prior=truth), of_seed("told-too", 0, 4.0, prior=truth)]
    (board,) = leaderboards([*told, of_seed("plain", 0, 0.0)])
    assert [(row.label, row.scores["psnr"].ranks) for row in board.ranked] == [("plain-seed0", (1, 1))]
    assert [row.scores["psnr"].ranks for row in board.given_prior] == [(1, 1), (2, 2)]
    with pytest.raises(PriorsrError, match="not in one table"):
        board.between(board.ranked[0], board.given_prior[0], "psnr")


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


def test_two_scorers_are_two_tables(make_record) -> None:
    boards = leaderboards([make_record("one"), make_record("two", scorer_hash=sha256_json("other code"))])
    assert [len(board.rows) for board in boards] == [1, 1]
    assert len({board.protocol_title for board in boards}) == 2


def test_protocols_are_tables_and_our_own_comes_first(make_record) -> None:
    records = [
        make_record(protocol=protocol_facts(load_protocol(name))) for name in ("dic@1", "priorsr@1", "kdfsrnet@1")
    ]
    assert [board.protocol_title for board in leaderboards(records)] == ["priorsr@1", "dic@1", "kdfsrnet@1"]


def test_without_a_baseline_there_are_no_differences(make_record) -> None:
    (board,) = leaderboards([make_record("one"), make_record("two")])
    assert board.baseline is None
    assert all(row.scores["psnr"].difference is None for row in board.rows)


# Seeds


def test_several_seeds_of_one_method_are_one_row(of_seed) -> None:
    records = [of_seed("dic", seed, 1.0) for seed in (2, 0, 1)]
    (board,) = leaderboards(records)
    (row,) = board.ranked
    score = row.scores["psnr"]
    assert (row.label, row.seeds, row.over_seeds) == ("dic", (0, 1, 2), True)
    assert row.record == records[1]
    assert score.per_seed == tuple(record.scores["psnr"].value for record in (records[1], records[2], records[0]))
    assert score.value == pytest.approx(np.mean(score.per_seed))
    assert score.over == "seeds and images"
    assert score.per_image["face-07"] == pytest.approx(
        np.mean([record.scores["psnr"].per_image["face-07"] for record in records])
    )


def test_a_seed_that_is_there_twice_or_unknown_is_a_row_of_its_own(of_seed) -> None:
    elsewhere = of_seed("dic", 0, 1.0).model.model_copy(update={"weights_hash": sha256_json("elsewhere")})
    records = [of_seed("dic", 0, 1.0), of_seed("dic", 1, 1.0), of_seed("dic", 0, 1.0, model=elsewhere)]
    unknown = records[1].training.model_copy(update={"seed": "unknown"})
    nobody_knows = records[1].model.model_copy(update={"weights_hash": sha256_json("whose")})
    records.append(of_seed("dic", 1, 1.0, model=nobody_knows, training=unknown))
    (board,) = leaderboards(records)
    assert sorted(row.seeds for row in board.ranked) == [(), (0,), (0, 1)]


def test_rows_that_would_have_one_label_are_told_apart_under_every_protocol_alike(make_record) -> None:
    def student(name: str, weights: str, protocol: str = "dic@1"):
        model = make_record("student").model.model_copy(update={"name": name, "weights_hash": sha256_json(weights)})
        return make_record("student", model=model, protocol=protocol_facts(load_protocol(protocol)))

    two, three = [student("kdfsrnet", "a"), student("kdfsrnet", "b")], student("pkdn", "c")
    a, b, _ = (sha256_json(weights)[:8] for weights in "abc")
    (board,) = leaderboards(two)
    assert sorted(row.label for row in board.ranked) == sorted([f"student ({a})", f"student ({b})"])
    (board,) = leaderboards([two[0], three])
    assert {row.label for row in board.ranked} == {"student (kdfsrnet)", "student (pkdn)"}
    both = leaderboards([*two, student("kdfsrnet", "a", "mmagic@1")])
    assert {row.label for row in both[1].ranked} == {f"student ({a})"}
    assert {row.label for row in leaderboards(two[:1])[0].ranked} == {"student"}


def test_one_model_with_and_without_a_prior_has_two_labels(make_record) -> None:
    told = PriorFacts(source="estimated-from-lr", by="fan 1")
    (board,) = leaderboards([make_record("pkdn"), make_record("pkdn", prior=told)])
    assert {row.label for row in board.ranked} == {"pkdn (no prior)", "pkdn (given estimated-from-lr by fan 1)"}


def test_one_seed_each_is_said_to_be_two_checkpoints(of_seed) -> None:
    (single,) = leaderboards([of_seed("a", 0, 1.0), of_seed("b", 0, 0.0)])
    (several,) = leaderboards([of_seed(recipe, seed, 0.0) for recipe in "ab" for seed in range(3)])
    assert single.between(*single.ranked, "psnr").scope_words == "these two checkpoints"
    assert several.between(*several.ranked, "psnr").scope_words == "these two methods"


def test_a_method_against_bicubic_is_over_its_own_seeds(of_seed, make_record) -> None:
    faces = of_seed("x", 0, 0.0).scores["psnr"].per_image
    untrained = make_record("bicubic").training.model_copy(update={"seed": None})
    (board,) = leaderboards(
        [of_seed("a", 0, 1.0), of_seed("a", 1, 1.0), make_record("bicubic", faces, training=untrained)]
    )
    assert board.ranked[0].scores["psnr"].difference.over == "seeds and images"


# Ranks and what the set can show


def test_p_values_are_corrected_for_all_pairs_of_the_table(of_seed) -> None:
    few = [of_seed("a", 0, 0.07), of_seed("b", 0, 0.0)]
    crowd = [of_seed(f"alike{place}", 0, 0.0) for place in range(6)]
    (alone,), (beside,) = leaderboards(few), leaderboards([*few, *crowd])

    def pair(board):
        rows = {row.label: row for row in board.ranked}
        return board.between(rows["a-seed0"], rows["b-seed0"], "psnr")

    one, other = pair(alone), pair(beside)
    assert one.p_holm == one.p
    assert (one.p, one.mean, one.interval95) == (other.p, other.mean, other.interval95)
    assert other.p_holm > 10 * one.p
    assert alone.between(*alone.ranked[::-1], "psnr").mean == -one.mean


def test_intervals_are_computed_from_the_faces_whatever_the_records_hold(of_seed) -> None:
    record = of_seed("a", 0, 0.0)
    invented = record.scores["psnr"].model_copy(update={"interval95": (1.0, 2.0)})
    (board,) = leaderboards([record.model_copy(update={"scores": {"psnr": invented}})])
    values = np.array(list(record.scores["psnr"].per_image.values()))
    score = board.ranked[0].scores["psnr"]
    assert score.interval95 == pytest.approx(estimate_mean(Sample(values[None])).interval95)


def test_a_perfect_row_is_not_tested(of_seed, make_record) -> None:
    faces = of_seed("x", 0, 0.0).scores["psnr"].per_image
    (board,) = leaderboards([of_seed("a", 0, 1.0), make_record("oracle", dict.fromkeys(faces, math.inf))])
    found = board.between(*board.ranked, "psnr")
    assert [row.label for row in board.ranked] == ["oracle", "a-seed0"]
    assert found.verdict_words == "not distinguishable, since a score is infinite"
    assert [row.scores["psnr"].ranks for row in board.ranked] == [(1, 2), (1, 2)]
    assert board.smallest_difference == {"psnr": None}


def test_rows_that_cannot_be_told_apart_share_ranks(of_seed) -> None:
    (board,) = leaderboards([of_seed("c", 0, 0.01), of_seed("d", 0, 0.0), of_seed("far", 0, -5.0)])
    assert [row.scores["psnr"].ranks for row in board.ranked] == [(1, 2), (1, 2), (3, 3)]


def test_a_row_that_lacks_a_score_is_not_ranked_in_it(make_record, make_score) -> None:
    values = dict.fromkeys("abc", 1.0)
    more = make_record("more", scores={"psnr": make_score(values), "nme": make_score(values)})
    (board,) = leaderboards([more, make_record("less", scores={"psnr": make_score(values)})])
    assert [list(row.scores) for row in board.ranked] == [["psnr"], ["psnr", "nme"]]
    assert board.ranked[1].scores["nme"].ranks == (1, 1)


def test_the_smallest_difference_is_of_the_models_not_of_the_baseline(of_seed, make_record) -> None:
    faces = of_seed("x", 0, 0.0).scores["psnr"].per_image
    flat = make_record("bicubic", dict.fromkeys(faces, 20.0))
    records = [of_seed("a", 0, 1.0), of_seed("b", 0, 0.0)]
    (board,), (alone,) = leaderboards([*records, flat]), leaderboards(records[:1])
    spread = np.std(
        [
            of_seed("a", 0, 1.0).scores["psnr"].per_image[face] - records[1].scores["psnr"].per_image[face]
            for face in faces
        ],
        ddof=1,
    )
    assert board.smallest_difference["psnr"] == pytest.approx((2.023 + 0.851) * spread / np.sqrt(40), rel=1e-3)
    assert alone.smallest_difference == {"psnr": None}


def test_records_of_other_images_are_not_put_in_one_table(make_record) -> None:
    record = make_record("one")
    other = {face: hashes.model_copy(update={"hr": "0" * 16}) for face, hashes in record.images.items()}
    with pytest.raises(PriorsrError, match="different HR images of the face 'a'"):
        leaderboards([record, make_record("two", images=other)])
