from __future__ import annotations

import json
from pathlib import Path

import pytest

import priorsr
from priorsr.models import read_card
from priorsr.models.weights import save_tensors
from priorsr.sources import Component


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "a.safetensors"
    recipe = Component("training", "recipe", "gone", "fsr-x", "0.1.0", "0" * 64)
    model = priorsr.create("model", "encoder_decoder", width=4, depth=1)
    priorsr.save(model, path, card={"recipe": "gone"}, trained_by=[recipe])
    return path


def test_weights_tell_whose_code_made_them(cli, weights: Path) -> None:
    code, out, _ = cli("weights", "info", weights)
    assert code == 0
    assert out.startswith('model encoder_decoder  priorsr 0.1.0\nrecipe: "gone"\n')
    rows = [line.split() for line in out.splitlines()]
    assert ["inference", "attention", "channel", "priorsr", "0.1.0", "the", "same", "source"] in rows
    assert ["training", "recipe", "gone", "fsr-x", "0.1.0", "not", "here"] in rows


def test_another_source_and_version_are_a_line(cli, weights: Path) -> None:
    described, model = read_card(weights), priorsr.load(weights)
    parts = {(part["kind"], part["name"]): part for part in described["components"]}
    parts["attention", "channel"]["hash"] = "0" * 64
    parts["upsampler", "pixel_shuffle"]["version"] = "0.0.9"
    save_tensors(model.state_dict(), weights, described)
    out = cli("weights", "info", weights)[1]
    rows = [line.split() for line in out.splitlines()]
    assert ["inference", "attention", "channel", "priorsr", "0.1.0", "another", "source"] in rows
    shown = ["inference", "upsampler", "pixel_shuffle", "priorsr", "0.0.9", "0.1.0,", "the", "same", "source"]
    assert shown in rows
    listed = json.loads(cli("weights", "info", weights, "--json")[1])["components"]
    assert {part["name"] for part in listed if part["here"] and part["here"]["hash"] != part["hash"]} == {"channel"}


def test_weights_of_before_components_were_listed_say_so(cli, weights: Path) -> None:
    described, model = read_card(weights), priorsr.load(weights)
    del described["components"]
    save_tensors(model.state_dict(), weights, described)
    assert "components unknown" in cli("weights", "info", weights)[1]


def test_a_component_tells_the_hash_of_its_source(cli) -> None:
    digest = json.loads(cli("info", "attention", "channel", "--json")[1])["hash"]
    assert f"source {digest[:12]}" in cli("info", "attention", "channel")[1]
