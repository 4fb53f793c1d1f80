"""`priorsr data`: one file a command."""

from __future__ import annotations

import typer

from priorsr.cli.data import doctor, importers, priors, shard, synth
from priorsr.cli.help import Command
from priorsr.cli.several import SeveralValues

app = typer.Typer(no_args_is_help=True)
app.add_typer(
    importers.app,
    name="import",
    help="Import images on disk as a face set; after an interruption, the same command continues.",
)
app.command("priors", cls=SeveralValues)(priors.priors)
app.command("shard", cls=Command)(shard.shard)
app.command("synth", cls=Command)(synth.synth)
app.command("doctor", cls=Command)(doctor.doctor)
