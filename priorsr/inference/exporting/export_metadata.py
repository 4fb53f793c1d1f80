"""Describe a model in its exported file."""

from __future__ import annotations

import json
from typing import cast

from pydantic_core import to_jsonable_python
from torch import nn

from priorsr.errors import OptionError
from priorsr.inference.exporting.tracing import Traced
from priorsr.inference.upscaling.model_input import ModelInput
from priorsr.models.weights import KEY, weights_hash
from priorsr.registry import offer_of

__all__ = ["KEY", "describe_export"]


def describe_export(model: nn.Module, traced: Traced) -> str:
    """Return the metadata of an exported file, which lie in it under `KEY`, as JSON.

    They are the model's name, distribution, version, config, card, weights' hash; scale; the sides that LR images may
    have (`multiple` is 0 for one side only) and their reduction in training; layout and range of input and output.
    """
    try:
        offer = offer_of("model", type(model))
        who = {"name": offer.name, "distribution": offer.distribution, "version": offer.version}
    except OptionError:  # it is not registered
        who = {"name": type(model).__qualname__}
    taken = ModelInput.of(model)
    facts = {
        **who,
        "scale": cast("int", model.scale),
        "side": taken.side,
        "multiple": traced.multiple,
        "reduction": taken.reduction,
        "input": "lr: (batch, 3, height, width), float32, RGB in [0, 1]",
        "output": "sr: (batch, 3, scale * height, scale * width), float32, RGB in [0, 1] up to overshoot: clip it",
        "weights_hash": weights_hash(model),
        "config": getattr(model, "config", None),
        "card": getattr(model, "card", {}),
    }
    return json.dumps(to_jsonable_python(facts, fallback=str), sort_keys=True, ensure_ascii=False)
