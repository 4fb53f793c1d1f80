"""`priorsr plugin new`: write a distribution that passes its checks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console
from priorsr.cli.plugin.licences import LICENCES


def new(
    name: Annotated[str, typer.Argument(help="The distribution's name, such as fsr-gate.")],
    kinds: Annotated[
        list[str],
        typer.Option(
            "--kind",
            metavar="KIND[:COMPONENT]",
            help="A component of the plugin, such as fusion or fusion:gate; repeatable. Named after the distribution "
            "unless it has a name.",
        ),
    ],
    licence: Annotated[str, typer.Option(help=f"The licence: {', '.join(LICENCES)}.")] = "Apache-2.0",
    author: Annotated[str | None, typer.Option(help="Holder of the copyright.")] = None,
    out: Annotated[Path | None, typer.Option(help="The new folder; ./NAME unless given. It must not exist.")] = None,
) -> None:
    """Write a distribution: a module for each component, entry points, tests, README, licence and a CI workflow.

    Examples:
      priorsr plugin new fsr-gate --kind fusion:gate
      priorsr plugin new fsr-gate --kind fusion:gate --kind score --licence MIT
    """
    from priorsr.cli.plugin.plan import plan_plugin
    from priorsr.cli.plugin.writing import write_plugin

    plan = plan_plugin(name, kinds, licence, author)
    folder = out or Path(plan.name)
    for path in write_plugin(plan, folder):
        console.print(str(path), soft_wrap=True)
    console.print("\nComponents, by the names that --set and priorsr.create take:")
    for each in plan.components:
        console.print(f"{each.kind} {each.name}: {folder / plan.package / each.module}.py", soft_wrap=True)
    console.print(f"\nnext: pip install --editable {folder}, then priorsr plugin check {plan.name}", soft_wrap=True)
