"""`priorsr doctor`: check this installation."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Annotated

import typer

from priorsr.cli.console import console, print_json
from priorsr.cli.extras import extras
from priorsr.kinds import KINDS
from priorsr.plugins import OWN
from priorsr.registry import offers, problems
from priorsr.terminal import styled
from priorsr.version import __version__


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check this installation: the environment, the kernels' backends, the extras and the plugins.

    The exit code is 2 if a plugin is broken.

    Examples:
      priorsr doctor
      priorsr doctor --json
    """
    found = _examine()
    if as_json:
        print_json(found)
    else:
        for title, lines in found.items():
            console.print(title, style="bold")
            for line in lines or ["none"]:
                mark = "✗ " if title == "problems" and lines else "  "
                console.print(styled((mark, "red"), line), soft_wrap=True)
    if found["problems"]:
        raise typer.Exit(2)


def _examine() -> dict[str, list[str]]:
    import torch

    plugins: dict[str, list[str]] = {}
    for kind in KINDS:
        for offer in offers(kind):
            if offer.distribution != OWN:
                plugins.setdefault(f"{offer.distribution} {offer.version}", []).append(f"{kind} {offer.name}")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "environment": [
            f"priorsr {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"torch {torch.__version__}, {torch.get_num_threads()} threads, GPU: {device}",
        ],
        "kernels": _kernels(),
        "extras": [_extra(name, packages) for name, packages in extras().items()],
        "plugins": [f"{name}: {', '.join(components)}" for name, components in plugins.items()],
        "problems": problems(),
    }


def _kernels() -> list[str]:
    """Return the backend of each operation on each device, with the reason."""
    import torch

    from priorsr.kernels.dispatch import explain, operations

    devices = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    choices = "; ".join(explain(device) for device in [*devices, torch.device("cpu")])
    return [f"{op}: {choices}" for op in operations()]


def _extra(name: str, packages: list[str]) -> str:
    versions = {package: _version(package) for package in packages}
    missing = [package for package, version in versions.items() if not version]
    if missing:
        return f"{name}: {', '.join(missing)} missing; pip install 'priorsr[{name}]'"
    return f"{name}: " + ", ".join(f"{package} {version}" for package, version in versions.items())


def _version(package: str) -> str:
    """Return the version of an installed package; empty where it is missing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
