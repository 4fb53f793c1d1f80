"""Studies of priors with models that take, refuse or lack them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import toys
from torch import Tensor, nn

from priorsr.bench import priors, run
from priorsr.bench.running.given_priors import estimated
from priorsr.bench.studies.prior_report import PriorStudy
from priorsr.containers import Prior, SROutput
from priorsr.data import FaceLoader, FaceSet
from priorsr.data.estimated import estimate_priors
from priorsr.errors import DataError, OptionError, PriorsrError, UnknownNameError
from tests.bench.studies.prior_networks import Disc, network, row


def psnr(study: PriorStudy, label: str):
    """A row's PSNR under the first protocol."""
    return row(study, label).scores[study.protocols[0].id]["psnr"]


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


def test_estimated_priors_are_not_taken_for_the_truth(tiny_faces: Path, tmp_path: Path) -> None:
    found = estimate_priors(FaceSet.open(tiny_faces), tmp_path / "estimated", ["parsing_net"], seen="lr")
    (record,) = run(network(), data=found, split="val", protocols=["dic@1"], out=tmp_path / "out", save_outputs=False)
    assert record.prior.source == "estimated-from-lr"
    assert "parsing_net" in record.prior.by
    with pytest.raises(DataError, match="from LR images by pil-bicubic at scale 8; .* by bilinear-chain at scale 8"):
        run(network(), data=found, split="val", protocols=["pfsr@1"], out=tmp_path / "other")
    with pytest.raises(DataError, match="its priors are estimated-from-lr .* known ones"):
        priors(network(), data=found, split="val", out=tmp_path / "study")
