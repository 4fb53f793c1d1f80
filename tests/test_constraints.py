"""The versions that `make setup` and `make oldest` install: all that is needed, without addresses, and honest."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")


def read(name: str) -> list[Requirement]:
    return [Requirement(line) for line in (ROOT / "constraints" / f"{name}.txt").read_text().splitlines()]


def pins(name: str, python: str) -> dict[str, Version]:
    """Return which version of each package is installed under a Python on Linux."""
    where = {**default_environment(), "python_version": python, "python_full_version": f"{python}.7"}
    where |= {"sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython"}
    pinned: dict[str, Version] = {}
    for requirement in read(name):
        if requirement.marker is None or requirement.marker.evaluate(where):
            (specifier,) = requirement.specifier
            assert requirement.name not in pinned
            pinned[canonicalize_name(requirement.name)] = Version(specifier.version)
    return pinned


def direct() -> list[Requirement]:
    """Return all that this package and the plugins ask for by name, except each other."""
    lines: list[object] = []
    for file in (ROOT / "pyproject.toml", *(ROOT / "plugins").glob("*/pyproject.toml")):
        settings = tomllib.loads(file.read_text())
        asked_for = {**settings["project"].get("optional-dependencies", {}), **settings.get("dependency-groups", {})}
        lines += chain(settings["project"]["dependencies"], *asked_for.values())
    asked = [Requirement(line) for line in lines if isinstance(line, str)]
    return [requirement for requirement in asked if not requirement.name.startswith("priorsr")]


@pytest.mark.parametrize("name", ["tested", "oldest"])
def test_constraints_are_names_and_versions_only(name: str) -> None:
    for requirement in read(name):
        assert requirement.url is None
        assert not requirement.extras
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement


@pytest.mark.parametrize(("name", "python"), [*(("tested", python) for python in PYTHONS), ("oldest", "3.11")])
def test_whatever_is_asked_for_is_pinned_and_kernels_can_be_interpreted(name: str, python: str) -> None:
    pinned = pins(name, python)
    for requirement in direct():
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, requirement
    assert pinned["numpy"] < Version("2.4") or pinned["triton"] >= Version("3.9")


def test_the_lowest_version_that_is_allowed_is_the_one_that_is_tested() -> None:
    pinned = pins("oldest", "3.11")
    for requirement in direct():
        (lowest,) = (bound for bound in requirement.specifier if bound.operator in (">=", "=="))
        release = Version(lowest.version).release
        assert pinned[canonicalize_name(requirement.name)].release[: len(release)] == release, requirement
