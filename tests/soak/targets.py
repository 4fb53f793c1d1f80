"""Which files of the world are damaged and forged, how, and which commands then read them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.soak import archives, mutants
from tests.soak.mutants import Mutate


@dataclass(frozen=True)
class Target:
    """A file (a glob) of the world, how it is changed, and the commands, one of which then reads it.

    result: what of a command's output, or of what it writes to `out`, must not change silently. None where another
    content is another input, which nothing can tell from the true one, such as a line of a list.
    """

    glob: str
    mutate: Mutate
    commands: tuple[str, ...]
    result: Callable[[str, Path], Any] | None = None


def _scores(out: str, _: Path) -> Any:
    """By a record's id, which tells of all that makes a result, its scores."""
    return {
        (record["id"], name): (score["value"], score["mean"])
        for record in json.loads(out)
        for name, score in record["scores"].items()
    }


def _differences(out: str, _: Path) -> Any:
    return [[found[key] for key in ("score", "mean", "p", "p_ranks")] for found in json.loads(out)]


def _checked(out: str, _: Path) -> Any:
    report = json.loads(out)
    return {key: report[key] for key in ("tier", "recomputed", "differences")}


def _trained(_: str, folder: Path) -> Any:
    """By what made it, such as the settings, the product's tensors."""
    from priorsr.models.weights import read

    run = folder / ("out" if (folder / "out").exists() else "run")
    config = json.loads((run / "config.json").read_text())
    _, tensors = read(run / "weights/generator.safetensors")
    key = json.dumps([config[name] for name in ("recipe", "overrides", "stage_steps", "seed", "precision", "data")])
    return {key: [(name, tensor.tolist()) for name, tensor in sorted(tensors.items())]}


def _imported(_: str, folder: Path) -> Any:
    from priorsr.data import FaceSet

    return FaceSet.open(folder / "out").manifest.files


def _finished(_: str, folder: Path) -> Any:
    from priorsr.data import FaceSet

    return FaceSet.open(folder / "half").manifest.files


def _converted(_: str, folder: Path) -> Any:
    from priorsr.models.weights import read

    return [(name, tensor.tolist()) for name, tensor in sorted(read(folder / "out.safetensors")[1].items())]


def _scored(out: str, _: Path) -> Any:
    return [(found["hash"], found["scores"]) for found in json.loads(out)]


def _enlarged(_: str, folder: Path) -> Any:
    from priorsr.data.decoding import decode

    return decode(folder / "out/photograph.png").image.tobytes()


RUN = "bench run --data faces --split val --protocol dic@1 --json --out"
BICUBIC, MODEL = f"{RUN} out --model bicubic", f"{RUN} out --model model.safetensors"
AGAIN, GOES_ON = f"{RUN} results --model model.safetensors", f"{RUN} killed --model model.safetensors"
DOCTOR, REPORT = "data doctor faces --json", "bench report run --out out.html"
RESUME = "train toy-gan --data small --out run --resume"
CACHED = "train toy-gan --data small --out out --steps 4"
COMPARE, SITE = "bench compare bicubic model --results results --json", "bench site results --out out"
PACK = "bench pack results --model model --weights model.safetensors --out out.zip"
VERIFY = "bench verify mine.zip --data faces --rerun 1 --seed 0 --json"
FOLDER, HALF = "data import folder photographs out", "data import folder photographs half"
BOXES, HELEN = "data import celeba celeba out --crop box --size 32", "data import helen helen out --size 32"
MASKS = "data import celebamask-hq celebamask out --size 16"
CROP = "upscale photograph.png --out out --model model.safetensors"
PHOTO = "upscale photograph.png --photo --boxes boxes.json --out out --model model.safetensors"
PAIRS = "bench score sr hr --protocol dic@1 --pairs pairs.csv --json"
TARGETS = (
    Target("faces/manifest.json", mutants.json_file, (DOCTOR, BICUBIC)),
    Target("faces/landmarks.npz", archives.landmarks_file, (DOCTOR,)),
    Target("faces/splits/val.txt", mutants.damaged, (DOCTOR,)),
    Target("faces/splits/val.txt", mutants.damaged, (BICUBIC,), _scores),
    Target("faces/images/*.png", mutants.damaged, (BICUBIC,), _scores),
    Target("faces/parsing/*.png", mutants.damaged, (DOCTOR,)),
    Target("model.safetensors", archives.weights_file, (MODEL,), _scores),
    Target("model.safetensors", archives.weights_file, ("weights info model.safetensors --json",)),
    Target("fan.safetensors", archives.weights_file, ("data priors faces out --estimator fan.safetensors",)),
    Target("net.safetensors", archives.weights_file, ("data priors faces out --estimator net.safetensors",)),
    Target("mine@1.toml", mutants.toml_file, (f"{BICUBIC} --protocol mine@1.toml",), _scores),
    Target("results/records/*.json", mutants.json_file, (COMPARE,), _differences),
    Target("results/records/*.json", mutants.json_file, (SITE, PACK)),
    Target("results/outputs/*.json", mutants.json_file, (AGAIN,), _scores),
    Target("results/outputs/*/*.png", mutants.damaged, (AGAIN,), _scores),
    Target("results/outputs/*/*.png", mutants.damaged, (SITE, PACK)),
    Target("results/verifications/*.json", mutants.json_file, (SITE,)),
    Target("killed/.partial/*/*.jsonl", mutants.damaged, (GOES_ON,), _scores),
    Target("killed/.partial/*/key.json", mutants.json_file, (GOES_ON,), _scores),
    Target("killed/.partial/*/images/*.png", mutants.damaged, (GOES_ON,), _scores),
    Target("mine.zip", mutants.damaged, (VERIFY,), _checked),
    Target("mine.zip", archives.submission, (VERIFY,), _checked),
    Target("mine.zip", archives.submission, (VERIFY,), _checked),
    Target("run/config.json", mutants.json_file, (REPORT,)),
    Target("run/config.json", mutants.json_file, (RESUME,), _trained),
    Target("run/metrics.jsonl", mutants.json_lines, (REPORT,)),
    Target("run/metrics.jsonl", mutants.json_lines, (RESUME,), _trained),
    Target("run/checkpoints/*/checkpoint.json", mutants.json_file, (RESUME,), _trained),
    Target("run/checkpoints/*/tensors.safetensors", mutants.damaged, (RESUME,), _trained),
    Target("run/weights/*.safetensors", archives.weights_file, (REPORT,)),
    Target("cached/cache/*/*/*.rows", mutants.damaged, (CACHED,), _trained),
    Target("fan.pth", mutants.damaged, ("weights convert fan.pth out.safetensors",), _converted),
    Target("whole.pth", mutants.damaged, ("weights convert whole.pth out.safetensors",)),
    Target("fan.pth", archives.hostile_pickle, ("weights convert fan.pth out.safetensors",)),
    Target("half/.unfinished.jsonl", mutants.damaged, (HALF,), _finished),
    Target("half/images/*.png", mutants.damaged, (HALF,), _finished),
    Target("photographs/*/images/*.png", mutants.damaged, (FOLDER,), _imported),
    Target("photographs/*/parsing/*.png", mutants.damaged, (FOLDER,), _imported),
    Target("photographs/*/landmarks.npz", archives.landmarks_file, (FOLDER,)),
    Target("celeba/*/list_*.txt", mutants.text_file, (BOXES,)),
    Target("celeba/Img/*/*.jpg", mutants.damaged, (BOXES,)),
    Target("helen/**/*.txt", mutants.text_file, (HELEN,)),
    Target("celebamask/**/*.png", mutants.damaged, (MASKS,), _imported),
    Target("boxes.json", mutants.json_file, (PHOTO,)),
    Target("photograph.png", mutants.damaged, (CROP,), _enlarged),
    Target("pairs.csv", mutants.text_file, (PAIRS,)),
    Target("sr/*.png", mutants.damaged, (PAIRS,), _scored),
    Target("model.onnx", mutants.damaged, (f"{RUN} out --model model.onnx",)),
)


def drawn(number: int, seed: int) -> tuple[Target, str, random.Random]:
    """Return the target, the command and the generator of a mutant; all targets come in turn."""
    dice = random.Random(f"{seed}/{number}")
    target = TARGETS[number % len(TARGETS)]
    return target, dice.choice(target.commands), dice
