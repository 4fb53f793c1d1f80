"""The demo: shipped models enlarge faces, a block is swapped and trained, all are scored, and a page is built."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

import priorsr
from priorsr.bench import Record, build_site
from priorsr.bench import run as bench
from priorsr.data import FaceLoader, FaceSet
from priorsr.data.importers.folder import import_folder
from priorsr.data.importers.synthetic import synthesise
from priorsr.demo.portrait import portrait_face
from priorsr.demo.shown import draw_faces
from priorsr.errors import MissingWeightsError, OptionError
from priorsr.files import atomic_json, check_folder
from priorsr.metrics import protocol_names
from priorsr.reading.json_files import read_json

FACES, VAL = 180, 20  # that are drawn, and of them those that are scored
SHOWN = 3  # faces of the set, below the portrait
RECIPE, BLOCKS = "kdfsrnet", ("channel", "channel_spatial")  # the system, and its attention before and after the swap
STEPS = 120  # of each of the two trainings
SECONDS_A_STEP = 0.15  # on two quiet cores of a server
LABELS = {"dic": "DIC", "kdfsrnet": "KDFSRNet", "pfsr": "PFSR", "pkdn": "PKDN"}


@dataclass(frozen=True)
class DemoSettings:
    """The settings of a demo, which its folder keeps: a face set or folder of the user's, steps, and the seed."""

    data: str | None
    steps: int
    seed: int


@dataclass(frozen=True)
class DemoResult:
    """The result of a demo: its records, its page, its picture, and the seconds that it took."""

    records: Sequence[Record]
    page: Path
    picture: Path
    seconds: float


def run_demo(out: Path, settings: DemoSettings, console: Console, report: Callable[[str], object]) -> DemoResult:
    """Run the demo in the folder `out`; what is finished there is kept.

    report: called with a line for each part. Raises OptionError for a folder that holds another demo,
    MissingWeightsError where no installed package offers weights, and what reading the user's faces raises.
    """
    began = time.monotonic()
    _settle(out, settings)
    names = shipped_models()
    shipped = ", ".join(_label(name) for name in names)
    report("1/4  faces: a portrait, whose face is found, and drawn faces" if settings.data is None else "1/4  faces")
    faces = _faces(out, settings)
    report(f"2/4  picture: enlarged by bicubic, {shipped}")
    models = {"bicubic": priorsr.create("model", "bicubic")} | {_label(name): priorsr.load(name) for name in names}
    size = FaceLoader(faces, "val", batch_size=1).size[0]
    some = next(iter(FaceLoader(faces, "val", batch_size=SHOWN).in_order()))
    draw_faces(torch.cat([portrait_face(size)[None], some.hr]), models, out / "demo.png")
    seconds = 2 * settings.steps * SECONDS_A_STEP
    report(
        f"3/4  training: {_label(RECIPE)} nano, twice {settings.steps:,} steps, with the attention {BLOCKS[0]} and "
        f"with {BLOCKS[1]}; about {seconds:.0f} s on two quiet cores"
    )
    trained = {block: _train(block, faces, out / "runs", settings, console) for block in BLOCKS}
    report("4/4  scores under every protocol, and the page")
    given: dict[str, str | Path] = {_label(name): name for name in names}
    given |= {f"{_label(RECIPE)} nano, {block}, {settings.steps} steps": path for block, path in trained.items()}
    records = _scored(given, faces, out / "results")
    page = build_site(out / "results", out / "site", title="priorsr demo")
    return DemoResult(records, page, out / "demo.png", time.monotonic() - began)


def shipped_models() -> list[str]:
    """Return the names of the models whose default weights are installed; raises MissingWeightsError without any."""
    names = [name for name in priorsr.weights_names() if name in priorsr.names("model")]
    if not names:
        raise MissingWeightsError(
            "the demo shows trained models, and no installed package offers weights: pip install 'priorsr[weights]'"
        )
    return names


def _label(name: str) -> str:
    return LABELS.get(name, name)


def _settle(out: Path, settings: DemoSettings) -> None:
    """Write the settings of the demo into `out`, or raise for another demo there."""
    check_folder(out, "a folder for the demo")
    asked: dict[str, Any] = asdict(settings)
    if not (out / "demo.json").exists():
        atomic_json(out / "demo.json", asked)
    elif (there := read_json(out / "demo.json")) != asked:
        raise OptionError(f"{out}: holds a demo of {there}, not of {asked}: choose another folder")


def _faces(out: Path, settings: DemoSettings) -> FaceSet:
    """Return the user's face set, the faces of the user's folder, or drawn ones."""
    if settings.data is None:
        return synthesise(out / "faces", count=FACES, seed=settings.seed, val=VAL, test=0)
    data = Path(settings.data)
    return FaceSet.open(data) if (data / "manifest.json").exists() else import_folder(data, out / "faces", size=128)


def _train(block: str, faces: FaceSet, runs: Path, settings: DemoSettings, console: Console) -> Path:
    """Train the student alone, by its preset nano with one block in place of its attention; return its weights."""
    from priorsr.training import train

    run = train(
        RECIPE,
        faces.path,
        runs / block,
        preset="nano",
        overrides={"distil": False, "attention": block},
        steps=settings.steps,
        seed=settings.seed,
        resume=True,
        console=console,
    )
    return list(run.products.values())[-1]


def _scored(models: dict[str, str | Path], faces: FaceSet, results: Path) -> list[Record]:
    protocols = protocol_names()
    found = bench("bicubic", data=faces, split="val", protocols=protocols, out=results)
    for label, model in models.items():
        found += bench(model, data=faces, split="val", protocols=protocols, out=results, name=label)
    return found
