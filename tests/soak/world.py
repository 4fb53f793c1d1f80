"""A folder with a file of every type that priorsr reads, and the commands that read each."""

from __future__ import annotations

import json
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.soak import mutants
from tests.soak.mutants import Mutate

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))  # for `import toys`, which registers its recipes

import toys


@dataclass(frozen=True)
class Target:
    """A file (a glob) of the world, how it is changed, and the commands, one of which then reads it.

    result: what of a command's output must not change silently; None where a change is another file's content.
    """

    glob: str
    mutate: Mutate
    commands: tuple[str, ...]
    result: Callable[[str, Path], Any] = lambda _out, _folder: None


def make_world(folder: Path) -> None:
    """Make the folder: faces, weights, a run, results, a submission, a protocol, and checkpoints of PyTorch."""
    import torch

    import priorsr
    from priorsr import bench
    from priorsr.bench.submissions.pack import pack
    from priorsr.data.importers.synthetic import synthesise
    from priorsr.training import train
    from priorsr_pfsr.fan import DistilledFAN

    folder.mkdir(parents=True)
    faces = synthesise(folder / "faces", count=5, seed=0, size=64, val=2, test=1).path
    torch.manual_seed(0)
    model = priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1)
    priorsr.save(model, folder / "model.safetensors", card={"data": ["faces"], "seed": 3, "networks": {"vgg": "VGG"}})
    priorsr.save(priorsr.create("estimator", "distilled_fan", widths=(4, 8)), folder / "fan.safetensors")
    priorsr.save(
        priorsr.create("estimator", "parsing_net", widths=(4, 8), weights="untrained"), folder / "net.safetensors"
    )
    protocol = Path(bench.__file__).parents[1] / "metrics/protocols/priorsr@1.toml"
    (folder / "mine@1.toml").write_text(protocol.read_text())
    records = bench.run(
        folder / "model.safetensors", data=faces, split="val", protocols=["dic@1"], out=folder / "results"
    )
    pack(folder / "results", records, folder / "mine.zip", weights=folder / "model.safetensors")
    small = toys.make_faces(folder / "small")
    train("toy-gan", small, folder / "run", steps=4, log_every=1, checkpoint_seconds=0)
    fan = DistilledFAN(widths=(4, 8, 8, 8))
    torch.save(fan.state_dict(), folder / "fan.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.save({"model": fan, "epoch": 3}, folder / "whole.pth", _use_new_zipfile_serialization=False)


def _scores(out: str, _: Path) -> Any:
    """By a record's id, which tells of all that makes a result, its scores."""
    return {
        (record["id"], name): (score["value"], score["mean"])
        for record in json.loads(out)
        for name, score in record["scores"].items()
    }


def _differences(out: str, _: Path) -> Any:
    return [[found[key] for key in ("score", "mean", "p_mean", "p_ranks")] for found in json.loads(out)]


def _checked(out: str, _: Path) -> Any:
    report = json.loads(out)
    return {key: report[key] for key in ("tier", "recomputed", "differences")}


RUN = "bench run --data faces --split val --protocol dic@1 --out OUT --json"
BICUBIC, MODEL = f"{RUN} --model bicubic", f"{RUN} --model model.safetensors"
AGAIN = MODEL.replace("OUT", "results")
DOCTOR, REPORT = "data doctor faces --json", "bench report run --out OUT.html"
RESUME = "train toy-gan --data small --out run --resume"
COMPARE, SITE = "bench compare bicubic model --results results --json", "bench site results --out OUT"
VERIFY = "bench verify mine.zip --data faces --rerun 1 --seed 0 --json"
TARGETS = (
    Target("faces/manifest.json", mutants.json_file, (DOCTOR, BICUBIC)),
    Target("faces/landmarks.npz", mutants.landmarks_file, (DOCTOR,)),
    Target("faces/splits/val.txt", mutants.damaged, (DOCTOR,)),
    Target("faces/splits/val.txt", mutants.damaged, (BICUBIC,), _scores),
    Target("faces/images/*.png", mutants.damaged, (BICUBIC,), _scores),
    Target("faces/parsing/*.png", mutants.damaged, (DOCTOR,)),
    Target("model.safetensors", mutants.weights_file, (MODEL,), _scores),
    Target("model.safetensors", mutants.weights_file, ("weights info model.safetensors --json",)),
    Target("fan.safetensors", mutants.weights_file, ("data priors faces OUT --estimator fan.safetensors",)),
    Target("net.safetensors", mutants.weights_file, ("data priors faces OUT --estimator net.safetensors",)),
    Target("mine@1.toml", mutants.toml_file, (f"{BICUBIC} --protocol mine@1.toml",), _scores),
    Target("results/records/*.json", mutants.json_file, (COMPARE,), _differences),
    Target("results/records/*.json", mutants.json_file, (SITE,)),
    Target("results/outputs/*.json", mutants.json_file, (AGAIN,), _scores),
    Target("mine.zip", mutants.damaged, (VERIFY,), _checked),
    Target("run/config.json", mutants.json_file, (REPORT, RESUME)),
    Target("run/metrics.jsonl", mutants.json_lines, (REPORT, RESUME)),
    Target("run/checkpoints/*/checkpoint.json", mutants.json_file, (RESUME,)),
    Target("run/checkpoints/*/tensors.safetensors", mutants.damaged, (RESUME,)),
    Target("run/weights/*.safetensors", mutants.weights_file, (REPORT,)),
    Target("fan.pth", mutants.damaged, ("weights convert fan.pth OUT.safetensors",)),
    Target("whole.pth", mutants.damaged, ("weights convert whole.pth OUT.safetensors",)),
)


def draws(count: int, seed: int) -> Iterator[tuple[Target, str, random.Random]]:
    """As many targets, commands and generators as asked for, all targets in turn."""
    for number in range(count):
        target = TARGETS[number % len(TARGETS)]
        dice = random.Random(f"{seed}/{number}")
        yield target, dice.choice(target.commands), dice
