"""Build components by kind and name, and load models with their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from priorsr import registry
from priorsr.config import build_config
from priorsr.errors import OptionError
from priorsr.models.finding import find_weights, name_of_weights
from priorsr.models.plain_config import as_plain
from priorsr.models.weights import load_file, read_card


def create(kind: str, name: str, /, *, preset: str | None = None, **options: Any) -> Any:
    """Build the component `name` of a kind.

    For a model or a recipe, `preset` names a set of config values ("paper" by default), and the options override single
    fields. For every other kind the options go to the constructor.

    weights (models only): "default" for the trained weights that an installed package offers, the name of other
    weights, or a file. The model is then built with the config of the weights, in eval mode; a contradicting preset or
    option raises OptionError. Without `weights`, a model is initialised randomly.

    Raises OptionError for a wrong option, with the right ones; UnknownNameError; and what `load` raises.
    """
    if kind == "model" and options.get("weights") is not None:
        return _trained(name, options.pop("weights"), preset, options)
    return registry.create(kind, name, preset=preset, **options)


def load(spec: str | Path) -> nn.Module:
    """Load a model or an estimator with its weights, on the CPU, in eval mode; its card is the attribute `card`.

    spec: a .safetensors; a folder that `save_pretrained` wrote; a training run's folder; the name of weights that an
    installed package offers, such as "pkdn"; or hf://OWNER/NAME. An existing path takes precedence over a name; only
    hf:// uses the network.

    Builds registered names only, never a module that the file names. Raises DataError for a missing, truncated or
    foreign file and for tensors that do not fit; UnknownNameError for a name that no package offers, or weights whose
    plugins are not installed; MissingWeightsError for a file that cannot be fetched.
    """
    return load_file(find_weights(spec))


from_pretrained = load
"""The name that other libraries have for `load`."""


def _trained(name: str, weights: str | Path, preset: str | None, options: dict[str, Any]) -> nn.Module:
    offer = registry.locate("model", name)
    is_name = isinstance(weights, str) and not Path(weights).exists()
    path = find_weights(name_of_weights(offer.name, str(weights)) if is_name else weights)
    described = read_card(path)
    if (described["kind"], described["name"]) != ("model", offer.name):
        raise OptionError(
            f"{path}: holds weights of the {described['kind']} {described['name']!r}; those of the model "
            f"{offer.name!r} were expected"
        )
    if preset is not None or options:
        who = f"model {name!r}"
        config: Any = registry.find("model", name).Config  # type: ignore[attr-defined]  # of a model
        asked, made = as_plain(build_config(config, preset, options, who)), described["config"]
        wrong = next((field for field in asked if asked[field] != made.get(field, asked[field])), None)
        if wrong:
            raise OptionError(
                f"{who}: its weights {str(weights)!r} were made with {wrong} = {made[wrong]!r}, and {asked[wrong]!r} "
                "is asked for; leave preset and options out to take the model as its weights were made"
            )
    return load_file(path)
