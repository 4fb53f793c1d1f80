"""Every set of weights that this distribution offers can be loaded, is small, and says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import priorsr
from priorsr.models import read_card
from priorsr.models.finding import find_weights
from priorsr.registry import weights_offers

HERE = Path(__file__).parents[1]
OFFERS = {offer.name: offer for offer in weights_offers() if offer.distribution == "priorsr-weights"}


@pytest.mark.parametrize("name", sorted(OFFERS))
def test_the_weights_load_and_have_a_card(name: str) -> None:
    module = priorsr.load(name)
    card = read_card(find_weights(name))["card"]
    assert not module.training
    assert card["data"]
    assert card["scores"]


def test_every_file_is_offered_and_listed_in_the_readme() -> None:
    files = {path.stem for path in (HERE / "priorsr_weights").glob("*.safetensors")}
    assert files == {offer.target.partition(":")[2] for offer in OFFERS.values()}
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in OFFERS)
