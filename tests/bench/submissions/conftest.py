"""Submissions to verify, true ones and forged ones."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.bench import read_results, run
from priorsr.bench.board.selection import records_called
from priorsr.bench.submissions.pack import pack
from priorsr.data import FaceSet
from priorsr.data.importers.synthetic import synthesise

sys.path.insert(0, str(Path(__file__).parent))  # for `import checking`

PROTOCOLS = ("dic@1", "kdfsrnet@1")  # 8-bit, and as the model answers; the same reduction


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Three synthetic faces of 128 pixels in the split `val`."""
    return synthesise(tmp_path_factory.mktemp("submissions") / "set", count=4, seed=0, val=3, test=0)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model."""
    path = tmp_path_factory.mktemp("submissions") / "small.safetensors"
    torch.manual_seed(0)
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1), path, card={"note": "a test"})
    return path


@pytest.fixture(scope="session")
def results(synthetic: FaceSet, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's and bicubic's records under both protocols, with their images."""
    out = tmp_path_factory.mktemp("submissions") / "results"
    run(weights, data=synthetic, split="val", protocols=PROTOCOLS, out=out)
    return out


@pytest.fixture(scope="session")
def rounded(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission of PNG files, under dic@1."""
    found = [record for record in records_called(read_results(results), "small") if record.protocol.id == "dic@1"]
    return pack(results, found, tmp_path_factory.mktemp("bundles") / "rounded.zip")


@pytest.fixture(scope="session")
def exact(results: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission of arrays and weights, under both protocols."""
    out = tmp_path_factory.mktemp("bundles") / "exact.zip"
    return pack(results, records_called(read_results(results), "small"), out, weights=weights)


Members = dict[str, bytes]
Forge = Callable[..., Path]


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Change the members of a submission, and make its manifest true again, as a forger would."""

    def make(source: Path, change: Callable[[Members], Mapping[str, bytes] | None], *, honest: bool = True) -> Path:
        with zipfile.ZipFile(source) as file:
            members = {name: file.read(name) for name in file.namelist()}
        members = dict(change(members) or members)
        if honest:
            manifest = json.loads(members["manifest.json"])
            manifest["files"] = {
                name: hashlib.sha256(content).hexdigest()
                for name, content in members.items()
                if name != "manifest.json"
            }
            members["manifest.json"] = json.dumps(manifest).encode()
        forged = tmp_path / "forged.zip"
        with zipfile.ZipFile(forged, "w") as file:
            for name, content in members.items():
                file.writestr(name, content)
        return forged

    return make


@pytest.fixture
def copied(results: Path, tmp_path: Path) -> Path:
    """A copy of the results folder, to change."""
    return shutil.copytree(results, tmp_path / "results")
