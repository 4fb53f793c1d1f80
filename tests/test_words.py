"""Docstrings, messages and docs use plain words: they return and report, and begin with what they do.

The rule is in CONTRIBUTING.md; this holds what a program can see of it. Code in backticks and in blocks is left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("priorsr", "plugins", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "tests" not in path.parts and not path.name.startswith("test_")
)
DOCUMENTS = sorted(
    path
    for pattern in (
        "*.md",
        "docs/*.md",
        "docs/*/*.md",
        "plugins/*/README.md",
        "priorsr/kernels/*/README.md",
        "benchmarks/*.md",
    )
    for path in ROOT.glob(pattern)
)
PEOPLE_DO = r"answer(?:s|ed|ing)?|say(?:s|ing)?|said|tell(?:s|ing)?|told"
SPEAKING = re.compile(rf"\b(?:{PEOPLE_DO})\b(?!:)", re.IGNORECASE)  # not a parameter such as tell:
INVERTED = re.compile(r"(?:^|[.:;] |\| )(?:What|Of|Whether|Why)\b")
NO_VERB = re.compile(r"(?:The|An?|Each|Every|All|Both|Those|How|Which|Where|Its?|From|At|By|For|In|As)\b")
DEFINITIONS = tuple(
    f"testing/{of}_checks.py" for of in ("declaration", "gradient", "output", "recipe", "score", "state")
)  # what must hold


def prose(text: str) -> str:
    """Return a text on one line, without code."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return " ".join(re.sub(r"`[^`]*`", "``", text).split())


def slips(text: str) -> list[str]:
    """Return the places of a text that break the rule, each with what follows it."""
    text = prose(text)
    return [
        text[max(0, found.start() - 30) : found.end() + 30]
        for rule in (SPEAKING, INVERTED)
        for found in rule.finditer(text)
    ]


def docstrings(source: str) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node, text


def raised_texts(source: str) -> Iterator[str]:
    """Yield the literal parts of the messages that a file raises."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for part in ast.walk(node.exc):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_slips_are_found() -> None:
    assert slips("Returns a copy, which says so.") == ["Returns a copy, which says so."]
    assert slips("Return a copy. Of a list, the first item.")
    assert slips("| a | What it is |")
    assert not slips("Return what `say` returns; a list of numbers.\n```\nsays\n```\n")
    assert NO_VERB.match("The mean of x.")
    assert not NO_VERB.match("Return the mean of x.")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_and_messages_use_plain_words(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    found = [place for _, text in docstrings(source) for place in slips(text)]
    found += [text for text in raised_texts(source) if SPEAKING.search(prose(text))]
    if not path.as_posix().endswith(DEFINITIONS):
        found += [
            f"{node.name}: {text.splitlines()[0]}"
            for node, text in docstrings(source)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and NO_VERB.match(text)
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_use_plain_words(path: Path) -> None:
    found = slips(path.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)
