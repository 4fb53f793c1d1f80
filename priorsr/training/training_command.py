"""Build the command line that repeats a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from priorsr.registry import names
from priorsr.training.overrides import parse_assignments

_OPTIONS = ("preset", "steps", "minutes", "seed", "precision", "validate_every")


def training_command(config: Mapping[str, Any], data: Sequence[str], out: str) -> str:
    """Return the `priorsr train` command of a run's config, or "" if its recipe or data cannot be named in a command.

    data: names for the run's face sets, in their order; each set's weight is added. out: a name for the run's folder.
    An extended run is repeated by this command, followed by one with --extend for each extension.
    """
    in_python = config.get("validation") or any("hash" not in part for part in config["data"])
    if in_python or config["recipe"].rpartition(":")[2] not in names("recipe"):
        return ""
    sets = [f"{name}{_weight(part)}" for name, part in zip(data, config["data"], strict=True)]
    words = ["priorsr", "train", config["recipe"], "--data", *sets, "--out", out]
    for option in _OPTIONS:
        if config[option] is not None:
            words += [f"--{option.replace('_', '-')}", str(config[option])]
    for name, value in config["overrides"].items():
        words += ["--set", _assignment(name, value)]
    longer = [
        ["priorsr", "train", config["recipe"], "--data", *sets, "--out", out, "--extend", str(steps)]
        for steps in (made["steps"] - made["steps_before"] for made in config.get("extensions", []))
    ]
    return " && ".join(map(shlex.join, (words, *longer)))


def _weight(part: Mapping[str, Any]) -> str:
    weight = part.get("weight", 1.0)
    return "" if weight == 1 else f"={weight:g}"


def _assignment(name: str, value: Any) -> str:
    """Return NAME=VALUE for --set; a text that could be read as JSON is written as JSON."""
    bare = f"{name}={value}"
    bare_is_text = isinstance(value, str) and parse_assignments([bare]) == {name: value}
    return bare if bare_is_text else f"{name}={json.dumps(value)}"
