"""`priorsr list` and `priorsr info`: list components, and describe one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, print_json
from priorsr.continued_table import ContinuedTable
from priorsr.kinds import KINDS, get_kind
from priorsr.registry import find, offers, weights_offers
from priorsr.terminal import styled


def list_components(
    kind: Annotated[
        str | None, typer.Argument(help="List components of this kind only.", autocompletion=completion.kinds)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every component by kind and name, with its distribution and its trained weights.

    Nothing is imported for this, so a broken plugin is listed, too.

    Examples:
      priorsr list
      priorsr list model
    """
    kinds = [get_kind(kind).name] if kind else list(KINDS)
    found = [offer for name in kinds for offer in offers(name)]
    weights: dict[str, list[str]] = {}
    for offer in weights_offers():
        weights.setdefault(offer.name.partition(".")[0], []).append(offer.name)
    if as_json:
        print_json([{**asdict(offer), "weights": weights.get(offer.name, [])} for offer in found])
        return
    table = ContinuedTable("kind", "name", "from", "weights", named_by=2)
    shown = ""
    for offer in found:
        source = f"{offer.distribution} {offer.version}"
        kind_cell = "" if offer.kind == shown else offer.kind
        theirs = ", ".join(weights.get(offer.name, [])) if offer.kind in ("model", "estimator") else ""
        table.add_row(kind_cell, styled((offer.name, "cyan")), styled((source, "dim")), styled(theirs))
        shown = offer.kind
    console.print(table)


def info(
    kind: Annotated[str, typer.Argument(help="The component's kind, such as fusion.", autocompletion=completion.kinds)],
    name: Annotated[
        str, typer.Argument(help="Its name, or DISTRIBUTION:NAME.", autocompletion=completion.of_chosen_kind)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a component does, where it comes from, and which options it takes.

    Examples:
      priorsr info fusion concat
      priorsr info recipe kdfsrnet --json
    """
    from priorsr.description import describe
    from priorsr.sources import source_hash

    found = describe(kind, name)
    digest = source_hash(kind, find(kind, name))
    if as_json:
        print_json({**asdict(found), "hash": digest})
        return
    origin = f"  {found.distribution} {found.version}"
    console.print(styled((f"{found.kind} ", "bold"), (found.name, "bold cyan"), origin))
    console.print(f"{found.target}, source {digest[:12]}\n", style="dim")
    console.print(found.doc + "\n", soft_wrap=True)
    if found.options_doc:
        console.print(found.options_doc + "\n", soft_wrap=True)
    if found.presets:
        console.print(f"presets: {', '.join(found.presets)}\n")
    table = ContinuedTable("option", "type", "default")
    for option in found.options:
        table.add_row(
            styled((option.name, "cyan")),
            styled(option.type),
            styled("[required]" if option.required else option.default or ""),
        )
    console.print(table)
