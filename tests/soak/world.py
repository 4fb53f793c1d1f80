"""A folder with a file of every type that priorsr reads: faces, weights, runs, results, submissions, sources."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Container
from pathlib import Path

from tests.soak.sources import make_sources

SCRIPT = """
import torch, priorsr

@priorsr.register("fusion", "doubled")
class Doubled(torch.nn.Module):
    kind, prior = "fusion", "any"

    def __init__(self, channels, prior_channels):
        super().__init__()

    def forward(self, x, prior):
        return 2 * x
"""


def make_world(folder: Path) -> None:
    """Make the folder, with finished and unfinished work in it."""
    import torch
    import toys

    import priorsr
    from priorsr import bench
    from priorsr.data import arrays
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
    _benchmarked(folder, faces)
    small = toys.make_faces(folder / "small")
    train("toy-gan", small, folder / "run", steps=4, log_every=1, checkpoint_seconds=0, console=None)
    os.environ["PRIORSR_CACHE"] = str(folder / "cached/cache")
    arrays.MEMORY_LIMIT = 0  # so that trainings read from the cache
    train("toy-gan", small, folder / "cached/run", steps=4, console=None)
    shutil.rmtree(folder / "cached/run")
    _checkpoints(folder, DistilledFAN(widths=(4, 8, 8, 8)))
    make_sources(folder, faces)
    _half_imported(folder)
    _beside(folder, faces)


def _beside(folder: Path, faces: Path) -> None:
    """Make what commands read beside the rest: a board, images made elsewhere, lists, a script, a model for priors."""
    import numpy as np
    from PIL import Image

    import priorsr
    from priorsr.bench.repository.new_board import init_board
    from priorsr.data import Reduction

    init_board(folder / "board", data=[faces], split="val", protocols=["dic@1"])
    for name in ("sr", "hr"):
        (folder / name).mkdir()
        for face in (faces / "splits/val.txt").read_text().split():
            shutil.copy(faces / "images" / f"{face}.png", folder / name)
    (folder / "lr").mkdir()
    for path in (folder / "sr").iterdir():
        Image.fromarray(Reduction(scale=8).reduce(np.asarray(Image.open(path)))).save(folder / "lr" / path.name)
    shutil.copy(next((folder / "sr").iterdir()), folder / "photograph.png")
    shutil.copy(folder / "photographs/val/landmarks.npz", folder / "landmarks.npz")
    shutil.copy(next((folder / "results/records").iterdir()), folder / "record.json")
    (folder / "boxes.json").write_text(json.dumps({"photograph.png": [{"box": [8, 8, 48, 48]}]}))
    (folder / "pairs.csv").write_text("sr,hr\n" + "".join(f"{p.name},{p.name}\n" for p in (folder / "sr").iterdir()))
    (folder / "celeba.txt").write_text("".join(f"{n:06d}.jpg {'test' if n > 2 else 'train'}\n" for n in range(1, 5)))
    (folder / "helen.txt").write_text("100_1 train\n200_1 test\n")
    _onnx(folder / "model.onnx")
    (folder / "plugin.py").write_text(SCRIPT)
    priorsr.save(priorsr.create("model", "kdfsrnet-teacher", preset="nano"), folder / "teacher.safetensors")


def _onnx(path: Path) -> None:
    """Write a model of ONNX that enlarges 8 times."""
    from onnx import TensorProto, helper, save

    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, *size])
        for name, size in (("lr", ("h", "w")), ("sr", ("8h", "8w")))
    ]
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1.0, 1.0, 8.0, 8.0])
    node = helper.make_node("Resize", ["lr", "", "scales"], ["sr"], mode="linear")
    graph = helper.make_graph([node], "enlarge", ends[:1], ends[1:], [scales])
    save(helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)]), path)


def _benchmarked(folder: Path, faces: Path) -> None:
    """Make results, with a submission that was verified, and a copy of them as of a run that was killed at its end."""
    from priorsr import bench
    from priorsr.bench.running.journal import Journal
    from priorsr.bench.submissions.bundle import Bundle
    from priorsr.bench.submissions.pack import pack
    from priorsr.bench.submissions.verify import add, verify

    weights, results = folder / "model.safetensors", folder / "results"
    records = bench.run(weights, data=faces, split="val", protocols=["dic@1"], out=results)
    with Bundle(pack(results, records, folder / "mine.zip", weights=weights)) as bundle:
        add(bundle, verify(bundle, faces, faces=1, seed=0), results)
    remove, Journal.remove = Journal.remove, lambda _: None
    try:
        bench.run(weights, data=faces, split="val", protocols=["dic@1"], out=folder / "killed")
    finally:
        Journal.remove = remove
    shutil.rmtree(folder / "killed/records")
    for images in (folder / "killed/outputs").glob("*/"):
        images.rename(folder / "killed/.partial" / images.name / "images")
    shutil.rmtree(folder / "killed/outputs")


def _checkpoints(folder: Path, fan: object) -> None:
    """Save checkpoints of PyTorch: a state dict in a zip, and a whole module in the old format."""
    import torch

    torch.save(fan.state_dict(), folder / "fan.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.save({"model": fan, "epoch": 3}, folder / "whole.pth", _use_new_zipfile_serialization=False)


def _half_imported(folder: Path) -> None:
    """Import photographs of which the last is broken, and mend that: an import that stopped on its way."""
    from priorsr.data.importers.folder import import_folder
    from priorsr.errors import DataError

    last = max((folder / "photographs/val/images").iterdir())
    content = last.read_bytes()
    last.write_bytes(b"broken")
    try:
        import_folder(folder / "photographs", folder / "half")
    except DataError:
        last.write_bytes(content)


def copy_of(world: Path, place: Path, names: Container[str]) -> None:
    """Copy what a command reads to an empty folder."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for path in world.iterdir():
        if path.name in names:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, place / path.name)
