"""`priorsr demo`: the whole way, from faces to a leaderboard, in a few minutes on two cores."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from priorsr.bounds import MOST
from priorsr.cli.console import console, errors

FACES, VAL = 440, 40
SHOWN = 4
SYSTEMS = {"kdfsrnet": "KDFSRNet", "pkdn": "PKDN", "dic": "DIC", "pfsr": "PFSR"}  # recipes, and what to call them
STEPS = {"kdfsrnet": 480, "pkdn": 480, "dic": 480, "pfsr": 320}  # all take about as long
MINUTES = 3.5  # that these steps take together on two quiet cores


def demo(
    out: Annotated[Path, typer.Option(help="The folder for everything that the demo makes.")] = Path("demo"),
    data: Annotated[
        Path | None, typer.Option(help="A face set of yours, with train and val; else one is drawn.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Training steps of each system; some hundreds unless given.", min=7, max=MOST),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for faces and training.", min=0, max=2**32 - 1)] = 0,
) -> None:
    """Train the four systems briefly, score them under every protocol, build the page.

    Training has a fixed number of steps, so its result does not depend on how busy the machine is. Without --data the
    faces are synthetic. What is finished in OUT is kept, so the same command goes on after a stop.
    """
    from priorsr.files import require_extra

    for package, extra in (("accelerate", "train"), ("matplotlib", "train"), ("jinja2", "bench"), ("scipy", "bench")):
        require_extra(package, extra)
    from priorsr.bench import build_site
    from priorsr.bench import run as bench
    from priorsr.bench.board.terminal import tables
    from priorsr.data.importers.synthetic import synthesise
    from priorsr.metrics import protocol_names

    began = time.monotonic()
    _settle(out, data, steps, seed)
    _say("1/4  faces")
    faces = data or synthesise(out / "faces", count=FACES, seed=seed, val=VAL, test=0).path
    lengths = STEPS if steps is None else dict.fromkeys(SYSTEMS, steps)
    minutes = MINUTES * sum(lengths[recipe] / STEPS[recipe] for recipe in SYSTEMS) / len(SYSTEMS)
    told = ", ".join(f"{label} {lengths[recipe]:,} steps" for recipe, label in SYSTEMS.items())
    _say(f"2/4  training: {told}; about {minutes:.1f} minutes on two quiet cores")
    runs = {label: _train(recipe, faces, out / "runs", lengths[recipe], seed) for recipe, label in SYSTEMS.items()}
    _say("3/4  scores under every protocol")
    models: dict[str, str | Path] = {"bicubic": "bicubic", **runs}
    records = [
        record
        for label, model in models.items()
        for record in bench(model, data=faces, split="val", protocols=protocol_names(), out=out / "results", name=label)
    ]
    _say("4/4  page and picture")
    page = build_site(out / "results", out / "site", title="priorsr demo: four systems, trained briefly")
    picture = _draw(faces, runs, out / "demo.png")
    for table in tables(records):
        console.print(table)
    console.print(f"the page: {page}\nthe picture: {picture}", soft_wrap=True)
    console.print(f"{time.monotonic() - began:.0f} s in all", style="dim")


def _settle(out: Path, data: Path | None, steps: int | None, seed: int) -> None:
    """Write down what the demo in `out` is of, or refuse another one there, and what could not be trained."""
    from priorsr.data import FaceSet
    from priorsr.errors import DataError, OptionError
    from priorsr.files import atomic_json
    from priorsr.reading.json_files import read_json

    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: is a file; a folder for the demo was expected")
    if data is not None and not FaceSet.open(data).has_parsing:
        raise DataError(f"{data}: has no parsing maps, which the teachers see; a set with maps was expected")
    asked = {"data": str(data), "steps": steps, "seed": seed}
    if not (out / "demo.json").exists():
        atomic_json(out / "demo.json", asked)
    elif (there := read_json(out / "demo.json")) != asked:
        raise OptionError(f"{out}: holds a demo of {there}, not of {asked}: choose another folder")


def _say(step: str) -> None:
    errors.print(step, style="bold", soft_wrap=True)


def _train(recipe: str, faces: Path, runs: Path, steps: int, seed: int) -> Path:
    """Train a system by its preset nano, and return its weights."""
    from priorsr.training import train

    run = train(recipe, faces, runs / recipe, preset="nano", steps=steps, seed=seed, resume=True, console=errors)
    return list(run.products.values())[-1]


def _draw(faces: Path, runs: dict[str, Path], path: Path) -> Path:
    """A picture of a few faces: LR, bicubic, the systems, HR, with PSNR on Y below each."""
    import torch

    import priorsr
    from priorsr.data import FaceLoader, FaceSet
    from priorsr.metrics import load_protocol
    from priorsr.viz.strips import draw_strips, save_picture

    loader = FaceLoader(FaceSet.open(faces), "val", batch_size=SHOWN)
    batch = next(iter(loader.in_order()))
    models = {"bicubic": priorsr.create("model", "bicubic")}
    models |= {label: priorsr.load(file) for label, file in runs.items()}
    columns, notes = {"LR": list(batch.lr)}, {}
    for label, model in models.items():
        with torch.inference_mode():
            sr = model(batch.lr).sr
        columns[label] = list(sr)
        psnr = load_protocol("priorsr@1").scoring.score(sr, batch.hr).per_image["psnr_y"]
        notes[label] = [f"{value:.2f} dB" for value in psnr]
    columns["HR"] = list(batch.hr)
    save_picture(draw_strips(columns, notes), path)
    return path
