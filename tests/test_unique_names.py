"""No two classes, and no two files, of one name: a name that is found by search leads to one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "priorsr").rglob("*.py"), *(ROOT / "plugins").glob("*/priorsr_*/**/*.py")])

ALLOWED_CLASSES = {"Discriminator": "each system has its own, under the name that its paper gives it"}
ALLOWED_FILES = {
    "__init__.py": "Python's name for a package",
    "config.py": "a system's config; the core's is what makes one",
    "model.py": "a system's model",
    "recipe.py": "a system's training",
    "convert.py": "a system's released weights, converted",
    "discriminator.py": "a system's discriminator",
    "triton_impl.py": "an operation's Triton kernels, with their launches",
    "op.py": "an operation, as torch sees it",
    "reference.py": "an operation's definition",
    "parsing_net.py": "the estimator, and the recipe that trains it: the name under which both are registered",
    "identity.py": "the same score, by another network: `identity` and `identity_dlib`",
    "nme.py": "the same score, by another network: `nme` and `nme_dlib`",
}
"""Names that several files or classes may have, each with its reason."""


def repeated(places: Mapping[str, list[str]], allowed: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names that have several places, but for those that are allowed and those that begin with "_"."""
    return {
        name: files
        for name, files in places.items()
        if len(files) > 1 and name not in allowed and (not name.startswith("_") or name.endswith(".py"))
    }


def classes(files: list[Path]) -> dict[str, list[str]]:
    """Return the files that define each class, also inside of others."""
    found = defaultdict(list)
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(shown(file))
    return found


def modules(files: list[Path]) -> dict[str, list[str]]:
    """Return the places of each file's name; commands are named as what they run, and templates by their kind."""
    found = defaultdict(list)
    for file in files:
        if not shown(file).startswith(("priorsr/cli/", "priorsr/testing/templates/")):
            found[file.name].append(shown(file))
    return found


def shown(file: Path) -> str:
    return file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.as_posix()


def test_every_class_has_a_name_of_its_own() -> None:
    assert repeated(classes(SOURCES), ALLOWED_CLASSES) == {}


def test_every_file_has_a_name_of_its_own() -> None:
    assert repeated(modules(SOURCES), ALLOWED_FILES) == {}


@pytest.mark.parametrize(
    ("places", "allowed"), [(classes(SOURCES), ALLOWED_CLASSES), (modules(SOURCES), ALLOWED_FILES)]
)
def test_no_repeat_is_allowed_that_is_there_no_more(places: dict[str, list[str]], allowed: Mapping[str, str]) -> None:
    assert [name for name in allowed if len(places.get(name, ())) < 2] == []


def test_a_repeat_is_found(tmp_path: Path) -> None:
    files = [tmp_path / room / "faces.py" for room in ("one", "two")]
    for file in files:
        file.parent.mkdir()
        file.write_text("class Face:\n    class Part: ...\n\nclass _Hidden: ...\n")
    assert repeated(classes(files), {"Part": "allowed"}).keys() == {"Face"}
    assert repeated(modules(files), {}).keys() == {"faces.py"}
    assert repeated(modules(files), {"faces.py": "allowed"}) == {}
