"""How wrong may a prior be? Asked of small models with random weights, on clouds and on synthetic faces."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import toys
from torch import Tensor, nn

import priorsr
from priorsr.bench import leaderboards, priors, read_results, run
from priorsr.bench.running.entries import entry_of
from priorsr.bench.running.given_priors import estimated, estimator_name, ground_truth, of_the_next_face
from priorsr.bench.statistics.means import estimate_mean
from priorsr.bench.statistics.samples import make_samples
from priorsr.bench.statistics.verdicts import compare_family
from priorsr.bench.studies.prior_report import PriorStudy
from priorsr.containers import Prior, SROutput
from priorsr.data import FaceLoader, FaceSet
from priorsr.data.estimated import estimate_priors
from priorsr.errors import DataError, OptionError, PriorsrError, UnknownNameError


class Disc(nn.Module):
    """An estimator that finds skin in a disc, and says how bright the images were."""

    kind = "estimator"

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor, state: object = None) -> tuple[Prior, object]:
        self.seen.append(images)
        rows, columns = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in images.shape[2:]), indexing="ij")
        skin = ((rows**2 + columns**2) < 0.5).float().expand(len(images), *images.shape[2:])
        parsing = torch.zeros(len(images), 19, *images.shape[2:])
        parsing[:, 0], parsing[:, 1] = 1 - skin, skin
        return Prior(parsing), state


def network(fusion: str | None = "concat", **options) -> nn.Module:
    torch.manual_seed(0)
    return priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1, fusion=fusion, **options)


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


def row(study: PriorStudy, label: str):
    return next(row for row in study.rows if row.label == label)


def psnr(study: PriorStudy, label: str):
    """A row's PSNR under the first protocol."""
    return row(study, label).scores[study.protocols[0].id]["psnr"]


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


@pytest.fixture
def study(tiny_faces: Path, tmp_path: Path):
    """A study on synthetic faces, which have landmarks too."""

    def call(model: nn.Module, **options) -> PriorStudy:
        asked = {"data": tiny_faces, "split": "val", "out": tmp_path / "out", "shifts": (4,), "blurs": (2,)}
        return priors(model, protocols=["dic@1"], save_outputs=False, **{**asked, **options})

    return call


class Pointed(nn.Module):
    """A model that may be given landmarks, and darkens what it knows of; heatmaps are nothing to it."""

    kind, prior, scale, size_multiple = "model", "optional", 8, 1

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        sr = nn.functional.interpolate(lr, scale_factor=8)
        if prior is None:
            return SROutput(sr)
        if prior.landmarks is None:
            raise PriorsrError("the prior has no landmarks")
        known = prior.landmarks[:, :, 0] * (prior.valid if prior.valid is not None else 1)
        return SROutput(sr * self.weight - known.mean(1)[:, None, None, None] / 1000)


def test_a_model_that_may_do_without_is_also_given_nothing(study) -> None:
    found = study(Pointed())
    assert found.uses == ("landmarks",)
    assert (row(found, "none").prior.source, row(found, "none").prior.by) == ("none", None)
    assert psnr(found, "none").mean == psnr(found, "absent").mean
    assert psnr(found, "shifted 4 px").difference.mean != 0


def test_a_prior_that_the_model_refuses_is_left_out_with_the_reason(study, tmp_path) -> None:
    found = study(Pointed())
    assert row(found, "blurred, sigma 2 px").left_out == "the prior has no landmarks"
    assert "left out: the prior has no landmarks" in (tmp_path / "out/priors.md").read_text()


def test_a_fusion_of_heatmaps_is_blurred_and_uses_landmarks(study) -> None:
    found = study(network(_Heat))
    assert found.uses == ("landmarks",)
    assert all(row.scores for row in found.rows if row.left_out != "no estimator was given")
    assert psnr(found, "blurred, sigma 2 px").difference.mean != 0


class _Heat(nn.Module):
    """A fusion of heatmaps."""

    kind = "fusion"
    prior = "heatmaps"

    def __init__(self, channels: int, prior_channels: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(prior_channels, channels, 1)

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        return features + self.project(nn.functional.interpolate(prior_map, features.shape[-2:]))


# Mistakes


class Blind(Pointed):
    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        return SROutput(nn.functional.interpolate(lr, scale_factor=8))


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    [
        (lambda: network(None), {}, OptionError, "'encoder_decoder' takes no prior"),
        (Blind, {}, PriorsrError, "Blind computes the same with and without its prior"),
        (network, {"shifts": (float("nan"),)}, OptionError, "a shift is nan"),
        (network, {"blurs": (0,)}, OptionError, "a blur's sigma is 0"),
        (network, {"estimator": "face_finder"}, UnknownNameError, "called 'face_finder'"),
        (Pointed, {"estimator": Disc()}, OptionError, "the estimator Disc finds parsing, and the model uses landmarks"),
        (
            network,
            {"estimator": network()},
            OptionError,
            "declares kind = 'model', and kind = 'estimator' was expected",
        ),
        (network, {"split": "vol"}, UnknownNameError, "'vol'"),
        (network, {"protocols": ["dic@9"]}, UnknownNameError, "dic@9"),
    ],
)
def test_mistakes_are_told_before_anything_runs(study, tiny_faces, tmp_path, model, options, error, message) -> None:
    asked = {"data": tiny_faces, "split": "val", "out": tmp_path / "out", "protocols": ["dic@1"]}
    with pytest.raises(error, match=message):
        priors(model(), **{**asked, **options})
    assert not (tmp_path / "out").exists()


def test_a_set_without_priors_is_told(tmp_path) -> None:
    with pytest.raises(DataError, match="not every face of the split 'val' has"):
        priors(network(), data=toys.make_faces(tmp_path / "bare", size=64), split="val", out=tmp_path / "out", blurs=())
    assert not (tmp_path / "out").exists()


def test_intervals_are_over_the_faces(done) -> None:
    out, study, _ = done
    records = {record.id: record for record in read_results(out)}
    (sample,) = make_samples([[records[row(study, "absent").records["dic@1"]].scores["psnr"].per_image]])
    assert row(study, "absent").scores["dic@1"]["psnr"].interval95 == estimate_mean(sample).interval95


def test_an_estimators_landmarks_are_given_without_its_heatmaps(tiny_faces) -> None:
    """They may cover another window than the image."""

    class Points(nn.Module):
        kind = "estimator"

        def forward(self, images: Tensor, state: object = None) -> tuple[Prior, object]:
            count = len(images)
            return Prior(landmarks=images.new_ones(count, 68, 2), heatmaps=images.new_ones(count, 68, 9, 9)), state

    loader = FaceLoader(FaceSet.open(tiny_faces), "val", batch_size=3)
    given = estimated(Points(), "estimated-from-lr", 8, torch.device("cpu"))
    prior = given.of(next(loader.in_order()))
    assert prior.heatmaps is None
    assert prior.landmarks.shape == (3, 68, 2)
    assert given.facts.by.endswith("Points")


def test_an_estimator_is_named_with_its_weights() -> None:
    net = priorsr.create("estimator", "parsing_net", widths=(4,), weights="untrained")
    name, version, weights = estimator_name(net).split()
    assert (name, version) == ("parsing_net", priorsr.__version__)
    assert len(weights) == 14


def test_estimated_priors_are_not_taken_for_the_truth(tiny_faces: Path, tmp_path: Path) -> None:
    found = estimate_priors(FaceSet.open(tiny_faces), tmp_path / "estimated", ["parsing_net"], seen="lr")
    (record,) = run(network(), data=found, split="val", protocols=["dic@1"], out=tmp_path / "out", save_outputs=False)
    assert record.prior.source == "estimated-from-lr"
    assert "parsing_net" in record.prior.by
    with pytest.raises(DataError, match="from LR images by pil-bicubic at scale 8; .* by bilinear-chain at scale 8"):
        run(network(), data=found, split="val", protocols=["pfsr@1"], out=tmp_path / "other")
    with pytest.raises(DataError, match="its priors are estimated-from-lr .* known ones"):
        priors(network(), data=found, split="val", out=tmp_path / "study")
