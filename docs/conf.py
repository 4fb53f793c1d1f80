"""How the documentation is built: `make docs`."""

from __future__ import annotations

from priorsr.version import __version__

project = "priorsr"
author = "the priorsr developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"priorsr {__version__}"
exclude_patterns = ["_build"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
myst_heading_anchors = 3
