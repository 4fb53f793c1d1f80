"""Every command that judges gives one verdict: compare, the leaderboard and its site, and studies."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from priorsr.bench import compare, leaderboards
from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts
from priorsr.bench.store.results import write_record
from priorsr.bench.studies.study_scores import row_scores
from priorsr.files import sha256_json


@pytest.fixture
def row(make_record):
    """The records of a row whose PSNR by seed and face is given."""

    def make(name: str, values: np.ndarray) -> list:
        records = []
        for seed, scores in enumerate(values):
            model = ModelFacts(
                label=f"{name}-{seed}" if len(values) > 1 else name,
                distribution="somebody",
                name=name,
                version="1.0",
                weights_hash=sha256_json([name, seed]),
                config={},
                card={"recipe": name, "seed": seed, "steps": 10},
            )
            training = TrainingFacts(data="unknown", networks=(), seed=seed, method=model.method)
            faces = {f"{place:03}": float(value) for place, value in enumerate(scores)}
            records.append(make_record(psnr=faces, model=model, training=training))
        return records

    return make


@pytest.mark.parametrize("seeds", [1, 3])
def test_all_commands_agree_on_skewed_differences(row, tmp_path: Path, seeds: int) -> None:
    """On 12 % of the faces one of two gains 0.9 dB: pairs with and without a mean difference, judged by all."""
    rng, verdicts = np.random.default_rng(seeds), []
    for pair in range(40):
        faces = rng.normal(25, 3, 100)
        gain = 0.9 * (rng.random(100) < 0.12) - 0.108 + 0.05 * (pair % 2) + rng.normal(0, 0.1, 100)
        ours, theirs = (
            row(name, values + rng.normal(0, 0.01, (seeds, 1)) + rng.normal(0, 0.05, (seeds, 100)))
            for name, values in (("ours", faces + gain), ("theirs", faces))
        )
        for record in (*ours, *theirs):
            write_record(tmp_path / str(pair), record)
        (compared,) = compare("ours", "theirs", tmp_path / str(pair))
        (board,) = leaderboards([*ours, *theirs])
        table = {found.label: found for found in board.ranked}
        listed = board.between(table["ours"], table["theirs"], "psnr")
        studied = row_scores([theirs, ours], ["psnr"])[1]["psnr"]
        for name in ("mean", "interval95", "over", "p", "p_holm", "verdict"):
            assert getattr(studied.difference, name) == getattr(listed, name) == getattr(compared.found, name)
        for name in ("mean", "interval95", "over"):
            assert getattr(studied, name) == getattr(table["ours"].scores["psnr"], name)
        verdicts.append(compared.found.verdict)
        low, high = compared.found.interval95
        assert (compared.found.verdict == "not distinguishable") == (low <= 0 <= high)
    assert {"better", "not distinguishable"} <= set(verdicts)


def test_p_values_before_the_correction_are_those_of_two_alone(row, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    faces = rng.normal(25, 3, 60)
    rows = {name: row(name, (faces + rng.exponential(0.1, 60))[None]) for name in "abcd"}
    for records in rows.values():
        write_record(tmp_path, records[0])
    (board,) = leaderboards([record for records in rows.values() for record in records])
    table = {found.label: found for found in board.ranked}
    studied = row_scores(list(rows.values()), ["psnr"])
    for place, name in enumerate("bcd", 1):
        (alone,) = compare(name, "a", tmp_path)
        listed = board.between(table[name], table["a"], "psnr")
        difference = studied[place]["psnr"].difference
        assert difference.p == listed.p == alone.found.p == alone.found.p_holm
        assert alone.found.p <= difference.p_holm <= listed.p_holm  # of one, three and six comparisons


def test_all_tell_why_nothing_could_be_tested(row, tmp_path: Path) -> None:
    faces = np.linspace(20, 30, 12)
    ours, theirs = row("ours", np.full((1, 12), math.inf)), row("theirs", faces[None])
    for record in (*ours, *theirs):
        write_record(tmp_path, record)
    (compared,) = compare("ours", "theirs", tmp_path)
    (board,) = leaderboards([*ours, *theirs])
    listed, studied = board.between(*board.ranked, "psnr"), row_scores([theirs, ours], ["psnr"])[1]["psnr"].difference
    for found in (compared.found, listed, studied):
        assert (found.verdict, found.untested, found.p) == ("not distinguishable", "a score is infinite", None)
