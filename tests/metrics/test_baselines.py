"""Degenerate and plain baselines under every protocol: what must win, what must lose, and what bicubic scores."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from priorsr.data.synth import draw_faces
from priorsr.metrics import load_protocol, protocol_names, score_many
from priorsr.models.bicubic import Bicubic, BicubicConfig

SYNTHETIC = {
    "ctcnet@1": {"psnr": 23.48796, "ssim": 0.63327},
    "dic@1": {"psnr": 23.52535, "ssim": 0.60465},
    "kdfsrnet@1": {"psnr": 23.52734, "ssim": 0.60448},
    "mmagic@1": {"psnr": 22.01472, "ssim": 0.57208},
    "pfsr@1": {"psnr": 20.81778, "ssim": 0.57415, "msssim": 0.76740},
    "priorsr@1": {"psnr_y": 23.52744, "psnr_rgb": 22.01472, "ssim_y": 0.60454, "ssim_rgb": 0.57208, "msssim": 0.82129},
    "sfmnet@1": {"psnr": 23.52535, "ssim": 0.59775},
}
PHOTOGRAPHS = {
    "ctcnet@1": {"psnr": 22.85054, "ssim": 0.60483},
    "dic@1": {"psnr": 22.67387, "ssim": 0.58866},
    "kdfsrnet@1": {"psnr": 22.67526, "ssim": 0.58675},
    "mmagic@1": {"psnr": 21.19399, "ssim": 0.54981},
    "pfsr@1": {"psnr": 20.01366, "ssim": 0.52273, "msssim": 0.76362},
    "priorsr@1": {"psnr_y": 22.67594, "psnr_rgb": 21.19399, "ssim_y": 0.58703, "ssim_rgb": 0.54981, "msssim": 0.83068},
    "sfmnet@1": {"psnr": 22.67387, "ssim": 0.58725},
}
NAMES = protocol_names()


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Eight synthetic faces, (8,128,128,3) uint8."""
    return draw_faces(seed=0, first=0, count=8).images.permute(0, 2, 3, 1).numpy()


@pytest.fixture(scope="module")
def photographs(shared: Path) -> np.ndarray:
    """The 100 photographs of celebamask-mini's val, (100,128,128,3) uint8."""
    archive = shared / "data" / "celebamask-mini-128.tar"
    if not archive.is_file():
        pytest.skip(f"there is no {archive}")
    with tarfile.open(archive) as tar:
        files = [member for member in tar if "/val/images/" in member.name and member.isfile()]
        pictures = [tar.extractfile(member).read() for member in sorted(files, key=lambda member: member.name)]
    return np.stack([np.asarray(Image.open(io.BytesIO(picture))) for picture in pictures])


def bicubic_rows(hr: np.ndarray) -> dict[str, dict[str, float]]:
    """The set's scores of Pillow's bicubic under every protocol."""
    rows = {}
    for reduction in {load_protocol(name).reduction for name in protocol_names()}:
        lr = np.stack([reduction.reduce(image) for image in hr])
        sr = Bicubic(BicubicConfig(scale=8))(tensor(lr)).sr
        rows |= aggregates(sr, tensor(hr), [name for name in NAMES if load_protocol(name).reduction == reduction])
    return rows


def aggregates(sr: Tensor, hr: Tensor, names: Sequence[str]) -> dict[str, dict[str, float]]:
    protocols = [load_protocol(name) for name in names]
    scores = score_many([protocol.scoring for protocol in protocols], sr, hr)
    return {name: protocol.aggregate(found) for name, protocol, found in zip(names, protocols, scores, strict=True)}


def tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def test_bicubic_on_synthetic_faces(faces: np.ndarray) -> None:
    rows = bicubic_rows(faces)
    assert rows.keys() == SYNTHETIC.keys()
    for name, row in rows.items():
        assert row == pytest.approx(SYNTHETIC[name], abs=2e-4), name


def test_bicubic_on_photographs(photographs: np.ndarray) -> None:
    rows = bicubic_rows(photographs)
    assert round(rows["dic@1"]["psnr"], 2) == 22.67
    for name, row in rows.items():
        assert row == pytest.approx(PHOTOGRAPHS[name], abs=1e-4), name


def test_the_oracle_wins_and_grey_loses(faces: np.ndarray) -> None:
    bicubic, hr = bicubic_rows(faces), tensor(faces)
    oracle = aggregates(hr, hr, NAMES)
    grey = aggregates(hr.mean((1, 2, 3), keepdim=True).expand_as(hr), hr, NAMES)
    shuffled = aggregates(hr.roll(1, 0), hr, NAMES)
    for name, row in bicubic.items():
        for score, value in row.items():
            assert oracle[name][score] == (torch.inf if "psnr" in score else pytest.approx(1, abs=1e-12))
            assert grey[name][score] < value, f"{name} {score}: grey wins"
            assert shuffled[name][score] < value, f"{name} {score}: another person wins"
