"""Pages of a site as text."""

from __future__ import annotations

import json


def content(script) -> dict:
    """Values that a table's script hands over."""
    return json.loads(script.read_text().partition(", ")[2].removesuffix(");\n"))
