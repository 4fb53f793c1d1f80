from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import priorsr
from priorsr import registry
from priorsr.containers import Prior
from priorsr.errors import MissingWeightsError, OptionError, UnknownNameError
from priorsr.estimators.estimator_spec import estimator_from_spec, identity_of
from priorsr.estimators.parsing_net import ParsingNet
from priorsr.models import weights_hash
from priorsr.pretrained import UNTRAINED
from priorsr.version import __version__


def test_by_file_or_as_it_is(tmp_path: Path) -> None:
    net = ParsingNet((8,), 32, UNTRAINED)
    assert estimator_from_spec(net) is net
    assert not net.training
    priorsr.save(net, tmp_path / "net.safetensors")
    again = estimator_from_spec(str(tmp_path / "net.safetensors"))
    assert identity_of(again) == identity_of(net) == ("parsing_net", __version__, weights_hash(net))


def test_an_estimator_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._state)  # forgets it afterwards

    @priorsr.register("estimator", "session-estimator")
    class Mine(nn.Module):
        kind = "estimator"

        def __init__(self, fetch: bool = False, layers: int = 0) -> None:
            super().__init__()
            self.fetch = fetch

        def forward(self, images, state=None):
            return Prior(), None

    assert estimator_from_spec("session-estimator", fetch=True).fetch
    assert not estimator_from_spec("session-estimator").fetch
    assert identity_of(Mine()) == ("session-estimator", "", None)
    assert identity_of(type("Other", (Mine,), {})())[0].endswith("Other")

    @priorsr.register("estimator", "session-estimator")
    class Random(Mine):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

    with pytest.raises(MissingWeightsError, match="'session-estimator' brings no weights of its own"):
        estimator_from_spec("session-estimator")


def test_mistakes() -> None:
    with pytest.raises(
        UnknownNameError, match="nor a .safetensors file, called 'parsing-net'; did you mean 'parsing_net'"
    ):
        estimator_from_spec("parsing-net")
    with pytest.raises(OptionError, match="the Bicubic given as estimator declares kind = 'model'"):
        estimator_from_spec(priorsr.create("model", "bicubic"))
