"""Where commands write: results to stdout, progress and errors to stderr."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from rich.console import Console

console = Console()
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """Print a value, dataclasses included, as JSON for a program to read."""
    console.file.write(json.dumps(value, indent=1, ensure_ascii=False, default=dataclasses.asdict) + "\n")
