"""Any registered model is trained, by name, with options, or as a part."""

from __future__ import annotations

from pathlib import Path

import pytest

import priorsr
from priorsr import Part
from priorsr.errors import OptionError
from priorsr.training import train

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


def test_scale_is_the_models() -> None:
    assert priorsr.create("recipe", "supervised", options={**SMALL, "scale": 4}).scale == 4


def test_a_wrong_option_is_told() -> None:
    with pytest.raises(OptionError, match="has no option 'widht'"):
        priorsr.create("recipe", "supervised", options={"widht": 4})
