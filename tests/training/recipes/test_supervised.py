"""Any registered model is trained, by name, with options, or as a part."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr import Part
from priorsr.containers import Batch, Prior, SROutput
from priorsr.errors import OptionError
from priorsr.training import Progress, train

SMALL = {"width": 4, "depth": 0, "levels": 2}


@pytest.mark.parametrize(
    "chosen",
    [
        {"model": "encoder_decoder", "options": {**SMALL, "attention": "channel"}},
        {"model": Part("encoder_decoder", **SMALL, fusion="concat")},
    ],
    ids=["by name", "with a prior"],
)
def test_a_model_is_trained_and_comes_back(tiny_faces: Path, tmp_path: Path, chosen: dict[str, object]) -> None:
    recipe = priorsr.create("recipe", "supervised", batch_size=4, **chosen)
    result = train(recipe, tiny_faces, tmp_path / "run", steps=2)
    model = priorsr.load(result.products["model"])
    assert model.config.width == 4
    assert model.prior == ("required" if "fusion" in str(chosen) else "none")


@pytest.mark.parametrize(("declared", "given"), [("none", False), ("optional", False), ("required", True)])
def test_only_a_model_that_requires_a_prior_is_given_one(declared: str, given: bool) -> None:
    (stage,) = priorsr.create("recipe", "supervised", options={**SMALL, "scale": 4}).stages()
    seen = []

    class Witness(torch.nn.Module):
        prior = declared

        def forward(self, lr: torch.Tensor, prior: Prior | None = None) -> SROutput:
            seen.append(prior is not None)
            return SROutput(lr)

    images = torch.rand(1, 3, 8, 8)
    stage.step({"model": Witness()}, Batch(images, images, Prior(), ("a",)), Progress(0, 1, 1))
    assert seen == [given]


def test_scale_is_the_models() -> None:
    assert priorsr.create("recipe", "supervised", options={**SMALL, "scale": 4}).scale == 4


def test_a_wrong_option_is_told() -> None:
    with pytest.raises(OptionError, match="has no option 'widht'"):
        priorsr.create("recipe", "supervised", options={"widht": 4})
