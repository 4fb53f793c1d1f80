"""A recipe that can be built repeatedly, with the same weights for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerate.utils import set_seed
from pydantic_core import to_jsonable_python

from priorsr.building import of_kind
from priorsr.config import build_config
from priorsr.errors import OptionError
from priorsr.kinds import get_kind
from priorsr.registry import find, offer_of
from priorsr.training.overrides import override
from priorsr.training.stage import Stage


@dataclass(frozen=True)
class Blueprint:
    """A recipe's name, class and config."""

    name: str
    cls: type
    config: Any

    def build(self, seed: int) -> tuple[Any, Sequence[Stage]]:
        """Build the recipe and its stages, with weights initialised by the seed."""
        set_seed(seed)
        recipe = of_kind("recipe", self.cls(self.config), f"recipe {self.name!r}")
        return recipe, list(recipe.stages())

    def plain_config(self) -> dict[str, Any]:
        """Return the config as JSON values."""
        return plain(self.config)

    def resolved_config(self) -> dict[str, Any]:
        """Return the config as JSON values in a canonical form, equal for equal recipes.

        A part without options becomes its name; a config with a method `resolved` is replaced by its result.
        """
        resolved = getattr(self.config, "resolved", None)
        return _spelt_alike(plain(resolved() if resolved else self.config))


def blueprint(recipe: Any, preset: str | None, overrides: Mapping[str, Any]) -> Blueprint:
    """Return the blueprint of a recipe, given by name with a preset and overrides, or as an instance."""
    if isinstance(recipe, str):
        cls = find("recipe", recipe)
        who = f"recipe {recipe!r}"
        config = build_config(cls.Config, preset, {}, who)  # type: ignore[attr-defined]
        return Blueprint(recipe, cls, override(config, overrides, who))
    wrong = get_kind("recipe").violation(type(recipe))
    if wrong:
        raise OptionError(f"the recipe given, {recipe!r}, {wrong}")
    if preset is not None or overrides:
        raise OptionError(
            f"the recipe {type(recipe).__qualname__} is given as an instance, which has its config already; a preset "
            "and overrides were expected with a recipe's name only"
        )
    return Blueprint(recipe_name(recipe), type(recipe), recipe.config)


def recipe_name(recipe: Any) -> str:
    """Return the name of a recipe that is given by name or as an instance."""
    if isinstance(recipe, str):
        return recipe
    try:
        return offer_of("recipe", type(recipe)).reference
    except OptionError:  # a run of an unregistered instance is resumed with an instance again
        return type(recipe).__qualname__


def plain(value: Any) -> Any:
    """Return a config or its values as JSON values; a class becomes MODULE:NAME."""
    return to_jsonable_python(value, fallback=lambda other: f"{other.__module__}:{other.__qualname__}")


def _spelt_alike(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"name", "options"} and not value["options"]:
            return value["name"]
        return {key: _spelt_alike(inner) for key, inner in value.items()}
    return [_spelt_alike(inner) for inner in value] if isinstance(value, list) else value


def first_difference(before: Any, now: Any, path: str = "") -> str | None:
    """Describe the first difference of two JSON values; None if they are equal."""
    return next(_differences(before, now, path), None)


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _differences(before.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif before != now:
        yield f"{path} was {before!r} and is {now!r}"
