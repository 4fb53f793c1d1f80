"""How wrong may a prior be? Asked of small models with random weights, on clouds and on synthetic faces."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.bench import leaderboards, priors, read_results, run
from priorsr.bench.running.entries import entry_of
from priorsr.bench.running.given_priors import estimator_name, ground_truth, of_the_next_face
from priorsr.bench.statistics.means import estimate_mean
from priorsr.bench.statistics.samples import make_samples
from priorsr.bench.statistics.verdicts import compare_family
from priorsr.bench.studies.prior_report import PriorStudy
from priorsr.data import FaceLoader, FaceSet
from tests.bench.studies.prior_networks import Disc, network, row


@pytest.fixture(scope="module")
def done(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PriorStudy, Disc]:
    out, disc = tmp_path_factory.mktemp("study") / "out", Disc()
    study = priors(
        network(),
        data=faces,
        split="val",
        out=out,
        estimator=disc,
        shifts=(0, 4),
        blurs=(2,),
        protocols=["dic@1", "pfsr@1"],
        name="told",
        batch_size=2,
    )
    return out, study, disc


def test_the_model_is_scored_with_every_prior(done) -> None:
    _, study, _ = done
    assert [row.label for row in study.rows] == [
        "ground truth",
        "estimated from HR",
        "estimated from LR",
        "shifted 0 px",
        "shifted 4 px",
        "blurred, sigma 2 px",
        "the next face's",
        "absent",
    ]
    assert study.uses == ("parsing",)
    assert all(row.scores.keys() == row.records.keys() == {"dic@1", "pfsr@1"} for row in study.rows)
    values = {row.label: row.scores["dic@1"]["psnr"].mean for row in study.rows}
    assert values["shifted 0 px"] == pytest.approx(values["ground truth"], abs=1e-5)
    assert len({round(value, 4) for value in values.values()}) == 5  # the clouds have one map


def test_differences_are_paired_with_the_ground_truth(done) -> None:
    out, study, _ = done
    records = {record.id: record for record in read_results(out)}
    truth, *others = make_samples([[records[row.records["dic@1"]].scores["psnr"].per_image] for row in study.rows])
    family = compare_family([(other, truth) for other in others], higher_is_better=True)
    for found, expected in zip(study.rows[1:], family, strict=True):
        difference = found.scores["dic@1"]["psnr"].difference
        for name in ("mean", "interval95", "over", "p", "p_holm", "verdict", "untested"):
            assert getattr(difference, name) == getattr(expected, name)
    assert difference.over == "images"
    assert row(study, "ground truth").scores["dic@1"]["psnr"].difference is None


def test_records_say_which_prior_it_was_and_are_not_ranked(done) -> None:
    out, study, _ = done
    told = {row.label: (row.prior.source, row.prior.by) for row in study.rows}
    assert told == {
        "ground truth": ("ground-truth", "parsing: a formula 1"),
        "estimated from HR": ("estimated-from-hr", "Disc"),
        "estimated from LR": ("estimated-from-lr", "Disc"),
        "shifted 0 px": ("corrupted", "shifted 0 px to the right, of parsing: a formula 1"),
        "shifted 4 px": ("corrupted", "shifted 4 px to the right, of parsing: a formula 1"),
        "blurred, sigma 2 px": ("corrupted", "blurred with sigma 2 px, of parsing: a formula 1"),
        "the next face's": ("corrupted", "the next face's, of parsing: a formula 1"),
        "absent": ("corrupted", "absent, of parsing: a formula 1"),
    }
    board = next(board for board in leaderboards(read_results(out)) if board.protocol.id == "dic@1")
    assert {row.record.model.label for row in board.ranked} == {"bicubic", "told, prior estimated from LR"}
    assert len(board.given_prior) == 7


def test_the_ground_truth_is_the_record_of_an_ordinary_run(done, faces) -> None:
    out, study, _ = done
    (record,) = run(network(), data=faces, split="val", protocols=["dic@1"], out=out, name="told")
    assert row(study, "ground truth").records["dic@1"] == record.id


def test_the_estimator_sees_hr_and_enlarged_lr(done, faces) -> None:
    _, _, disc = done
    hr = torch.from_numpy(faces.image("cloud-0").copy()).permute(2, 0, 1) / 255
    assert any(torch.equal(images[0], hr) for images in disc.seen)
    assert all(images.shape[1:] == (3, 128, 128) and 0 <= images.min() <= images.max() <= 1 for images in disc.seen)
    blurred = [images[0] for images in disc.seen if 0.001 < (images[0] - hr).abs().mean() < 0.2]
    assert blurred


def test_another_faces_prior_is_the_next_ones_whatever_the_batches(faces) -> None:
    for batch_size in (2, 5):
        loader = FaceLoader(faces, "val", batch_size=batch_size)
        given = of_the_next_face(ground_truth(entry_of(network()), loader), loader)
        found = torch.cat([given.of(batch).parsing for batch in loader.in_order()])
        order = [*loader.ids[1:], loader.ids[0]]
        assert torch.equal(found, loader.faces(order).prior.parsing)


def test_the_file_is_of_the_schema_and_the_page_and_picture_are_there(done) -> None:
    out, study, _ = done
    assert PriorStudy.model_validate_json((out / "priors.json").read_text()) == study
    assert (out / "priors.png").read_bytes()[1:4] == b"PNG"
    page = (out / "priors.md").read_text()
    for text in ("# How wrong may a prior be? told", "| shifted 4 px |", "The model uses: parsing", "Disc's"):
        assert text in page
    assert page.count("| prior |") == 5  # two scores of DIC's, three of PFSR's


def test_what_is_finished_is_kept(done, faces, monkeypatch) -> None:
    out, study, _ = done
    monkeypatch.setattr("priorsr.bench.running.model_run.measure_cost", lambda *_: pytest.fail("was scored again"))
    again = priors(network(), data=faces, split="val", out=out, shifts=(4,), blurs=(), protocols=["dic@1"], name="told")
    now, before = row(again, "shifted 4 px"), row(study, "shifted 4 px")
    assert now.records == {"dic@1": before.records["dic@1"]}
    for name, score in now.scores["dic@1"].items():
        fewer = score.difference.model_copy(update={"p_holm": before.scores["dic@1"][name].difference.p_holm})
        kept = score.model_copy(update={"difference": fewer})
        assert kept == before.scores["dic@1"][name]  # but for the number of rows that are compared
        assert score.difference.p_holm <= fewer.p_holm


def test_without_an_estimator_those_rows_say_so(faces, tmp_path) -> None:
    study = priors(network(), data=faces, split="val", out=tmp_path, shifts=(), blurs=(), protocols=["dic@1"])
    for label in ("estimated from HR", "estimated from LR"):
        assert (row(study, label).left_out, row(study, label).scores) == ("no estimator was given", {})
    assert (
        "| estimated from HR |  |  |  |  | left out: no estimator was given |" in (tmp_path / "priors.md").read_text()
    )


def test_intervals_are_over_the_faces(done) -> None:
    out, study, _ = done
    records = {record.id: record for record in read_results(out)}
    (sample,) = make_samples([[records[row(study, "absent").records["dic@1"]].scores["psnr"].per_image]])
    assert row(study, "absent").scores["dic@1"]["psnr"].interval95 == estimate_mean(sample).interval95


def test_an_estimator_is_named_with_its_weights() -> None:
    net = priorsr.create("estimator", "parsing_net", widths=(4,), weights="untrained")
    name, version, weights = estimator_name(net).split()
    assert (name, version) == ("parsing_net", priorsr.__version__)
    assert len(weights) == 14
