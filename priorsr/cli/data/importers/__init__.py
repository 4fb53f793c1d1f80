"""`priorsr data import`: one file a source of images."""

from __future__ import annotations

import typer

from priorsr.cli.data.importers import celeba, celebamask_hq, folder, helen
from priorsr.cli.help import Command

app = typer.Typer(no_args_is_help=True)
app.command("folder", cls=Command)(folder.import_folder)
app.command("celebamask-hq", cls=Command)(celebamask_hq.import_celebamask_hq)
app.command("celeba", cls=Command)(celeba.import_celeba)
app.command("helen", cls=Command)(helen.import_helen)
