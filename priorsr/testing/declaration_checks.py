"""Checks of what a component declares: its options, its attributes, and its docstring."""

from __future__ import annotations

import inspect
import re
from typing import Any

from priorsr.description import own_doc
from priorsr.kinds import KINDS
from priorsr.options import local_options, option_types
from priorsr.testing.examples import Example

REACHING = ("weights", "checkpoint", "fetch", "download", "path", "file", "folder", "url", "cache")
HEADINGS = {"recipe": ("Source:",)}


def local_options_are_declared(example: Example) -> None:
    """Options that access local files or the network are declared in `local`, so no weights file can set them."""
    known, local = option_types(example.component), local_options(example.component)
    for name, kind in known.items():
        reaching = name in REACHING or "Path" in kind
        assert not reaching or name in local, (
            f"{example.name}: its option {name!r} accesses local files or the network, and is not declared: "
            f"local = {{{name!r}: its value if a weights file builds the component}}"
        )


def declares_its_facts(example: Example) -> None:
    """A model declares `config`, the integers `scale` and `size_multiple`, and `prior`: none, optional or required."""
    model = example.build()
    config = getattr(model, "config", None)
    assert isinstance(config, example.component.Config), f"{example.name}: its `config` is {config!r}"  # type: ignore[attr-defined]
    for fact in ("scale", "size_multiple"):
        value = getattr(model, fact, None)
        assert isinstance(value, int), f"{example.name}: its `{fact}` is {value!r}, and an integer was expected"
        assert value > 0, f"{example.name}: its `{fact}` is {value}, and 1 or more was expected"
    prior = getattr(model, "prior", None)
    assert prior in ("none", "optional", "required"), f"{example.name}: its `prior` is {prior!r}"


def docstring_headings(example: Example) -> None:
    """The class docstring describes the component, and has lines Shapes:, Range: and Source: (a recipe: Source:)."""
    doc = inspect.cleandoc(example.component.__doc__ or "")  # its own: an inherited one speaks of another class
    for heading in HEADINGS.get(example.kind, ("Shapes:", "Range:", "Source:")):
        found = any(line.startswith(heading) for line in doc.splitlines())
        assert found, f"{example.name}: the docstring has no line {heading!r}"


def options_are_documented(example: Example) -> None:
    """The docstring of the class or of its config names every option, except the keywords of the kind."""
    config: Any = getattr(example.component, "Config", None)
    documented = [example.component, *(config.__mro__ if isinstance(config, type) else ())]
    words = set(re.findall(r"\w+", " ".join(map(own_doc, documented))))
    options = [option for option in option_types(example.component) if option not in KINDS[example.kind].keywords]
    missing = [option for option in options if option not in words]
    noun = "option" if len(missing) == 1 else "options"
    assert not missing, f"{example.name}: the docstring does not name the {noun} {', '.join(missing)}"
