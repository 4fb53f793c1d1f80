"""`priorsr bench`: one file a command."""

from __future__ import annotations

import typer

from priorsr.cli.bench import (
    ablate,
    compare,
    groups,
    init_board,
    pack,
    priors,
    protocols,
    report,
    run,
    score,
    site,
    spread,
    verify,
)
from priorsr.cli.help import Command
from priorsr.cli.several import SeveralValues

app = typer.Typer(no_args_is_help=True)
app.command("run", cls=SeveralValues)(run.run)
app.command("ablate", cls=SeveralValues)(ablate.ablate)
app.command("priors", cls=SeveralValues)(priors.priors)
app.command("site", cls=Command)(site.site)
app.command("compare", cls=SeveralValues)(compare.compare)
app.command("groups", cls=SeveralValues)(groups.groups)
app.command("pack", cls=SeveralValues)(pack.pack)
app.command("verify", cls=Command)(verify.verify)
app.command("init-board", cls=SeveralValues)(init_board.init_board)
app.command("report", cls=Command)(report.report)
app.command("spread", cls=SeveralValues)(spread.spread)
app.command("score", cls=SeveralValues)(score.score)
app.add_typer(protocols.app, name="protocols")


@app.callback()
def bench() -> None:
    """Score models, and show the scores."""
