"""How the documentation is built: `make docs`."""

from __future__ import annotations

from typing import Any

from priorsr.version import __version__

project = "priorsr"
author = "the priorsr developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
myst_enable_extensions = ["deflist"]
highlight_language = "none"  # of blocks without a language: commands and their output
html_theme = "furo"
html_title = f"priorsr {__version__}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
exclude_patterns = ["_build"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
myst_heading_anchors = 3


def as_written(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Keep the lines of docstrings, which are prose with hanging indents, not reStructuredText, and `code` as code.

    Python's own docstring of a `__call__` without one is dropped.
    """
    lines[:] = [f"| {_escaped(line)}" if line else "" for line in lines if line != "Call self as a function."]


def without_placeholder(
    _app: Any, _what: str, _name: str, _object: Any, _options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Drop the signature that a Protocol's class has instead of a constructor's."""
    return ("", None) if signature == "(*args, **kwargs)" else (signature, returned)


def _escaped(line: str) -> str:
    parts = line.split("`")
    return "``".join(
        part if i % 2 else part.replace("\\", "\\\\").replace("*", r"\*").replace("_", r"\_").replace("|", r"\|")
        for i, part in enumerate(parts)
    )


def setup(app: Any) -> None:
    """Connect the hooks."""
    app.connect("autodoc-process-docstring", as_written)
    app.connect("autodoc-process-signature", without_placeholder)
