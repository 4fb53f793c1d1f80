"""`priorsr.score`: the numbers of a protocol for images in any form."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import priorsr
from priorsr.bench.statistics.means import interval_of_images
from priorsr.errors import DataError, OptionError, PriorsrError, ShapeError, UnknownNameError
from priorsr.metrics import load_protocol, psnr


@pytest.fixture(scope="module")
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    hr = torch.randint(0, 256, (20, 3, 64, 64), generator=generator).float() / 255
    noise = torch.linspace(0.02, 0.2, 20)[:, None, None, None]
    sr = (hr + noise * torch.randn(hr.shape, generator=generator)).clamp(0, 1)
    return (sr * 255).round() / 255, hr


def save(images: torch.Tensor, folder: Path, suffix: str = "") -> Path:
    folder.mkdir()
    for place, image in enumerate(images):
        pixels = (image * 255).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(folder / f"{place:02d}{suffix}.png")
    return folder


def test_scores_are_the_protocols_with_means_and_intervals(pair) -> None:
    sr, hr = pair
    found = priorsr.score(sr, hr, "dic@1")
    wanted = load_protocol("dic@1").scoring.score(sr, hr)
    assert list(found["psnr"].per_image.values()) == wanted.per_image["psnr"].tolist()
    assert found.means == pytest.approx({name: float(each.mean()) for name, each in wanted.per_image.items()})
    assert found["ssim"].interval95 == interval_of_images(wanted.per_image["ssim"].tolist())
    assert found.protocol == "dic@1, on images of 64 x 64"
    assert str(found).splitlines()[0].endswith("20 images")


def test_the_sets_score_is_pooled_as_the_protocol_defines(pair) -> None:
    sr, hr = pair
    found = priorsr.score(sr, hr, "pfsr@1")["psnr"]  # of the mean errors of 16 and of 4 images
    errors = 10 ** (-torch.tensor(list(found.per_image.values()), dtype=torch.float64) / 10)
    pooled = [-10 * float(part.mean().log10()) for part in (errors[:16], errors[16:])]
    assert found.value == pytest.approx(sum(pooled) / 2, abs=1e-9)
    assert found.value != pytest.approx(found.mean, abs=0.1)


def test_every_form_gives_the_same_numbers(pair, tmp_path: Path) -> None:
    sr, hr = (images[:3] for images in pair)
    wanted = priorsr.score(sr, hr).scores
    arrays = [(images * 255).round().byte().permute(0, 2, 3, 1).numpy() for images in (sr, hr)]
    pictures = [[Image.fromarray(pixels) for pixels in images] for images in arrays]
    assert priorsr.score(*arrays).scores == wanted
    assert priorsr.score(*pictures).scores == wanted
    folders = save(sr, tmp_path / "sr"), save(hr, tmp_path / "hr")
    assert priorsr.score(*([*folder.iterdir()] for folder in folders))["psnr_y"].mean == pytest.approx(
        wanted["psnr_y"].mean
    )
    assert list(priorsr.score(*folders)["psnr_y"].per_image.values()) == list(wanted["psnr_y"].per_image.values())


def test_folders_are_paired_by_stem_and_never_by_order(pair, tmp_path: Path) -> None:
    sr, hr = (images[:3] for images in pair)
    folders = save(sr, tmp_path / "sr"), save(hr, tmp_path / "hr", "_hr")
    with pytest.raises(PriorsrError, match="3 of 3 are faces without an SR image of their stem"):
        priorsr.score(*folders)
    pairs = {"00_hr": "02", "01_hr": "01", "02_hr": "00"}
    found = priorsr.score(*folders, pairs=pairs)["psnr_rgb"].per_image
    assert found["00_hr"] == pytest.approx(float(psnr(sr[2:3], hr[:1], border=8)))


def test_images_of_several_sizes_are_scored_each_by_itself(pair) -> None:
    sr, hr = pair
    found = priorsr.score([sr[0], sr[1, :, :48]], [hr[0], hr[1, :, :48]], "dic@1")
    assert found["psnr"].per_image["0"] == priorsr.score(sr[0], hr[0], "dic@1")["psnr"].value
    assert found.protocol == "dic@1, on images of 2 sizes"


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (lambda sr, hr: (sr * 255, hr), PriorsrError, r"SR image 0 .* from .* the range \[0, 1\] was expected"),
        (lambda sr, hr: (sr, hr * 255), PriorsrError, r"HR image 0 .* divided by 255 first"),
        (lambda sr, hr: (sr[:2], hr), PriorsrError, "2 SR and 20 HR images; as many of each"),
        (lambda sr, hr: (sr[0, :, :60], hr[0]), ShapeError, "the SR image of '0' is 60 x 64, and HR 64 x 64"),
        (lambda sr, hr: (sr.numpy(), hr), PriorsrError, r"SR image 0 is an array of shape \(3, 64, 64\)"),
        (lambda sr, hr: ([], []), PriorsrError, "there are no images to score"),
        (lambda sr, hr: (".", hr), PriorsrError, "one of SR and HR is a folder"),
        (lambda sr, hr: ("gone", hr), DataError, "gone: there is no such file or folder"),
        (lambda sr, hr: (None, hr), PriorsrError, "SR is a builtins.NoneType; a path, a Pillow image"),
        (lambda sr, hr: (list(sr), {"a": hr[0]}), PriorsrError, "HR is a builtins.dict; a path, a Pillow image"),
    ],
)
def test_what_cannot_be_a_pair_is_told(pair, change, error, reason: str) -> None:
    with pytest.raises(error, match=reason):
        priorsr.score(*change(*pair))


def test_unknown_names_are_told_with_the_closest(pair) -> None:
    sr, hr = pair
    with pytest.raises(UnknownNameError, match="dic@1"):
        priorsr.score(sr, hr, "dik@1")
    for wrong in (["dic@1"], 3, None):
        with pytest.raises(OptionError, match=re.escape(f"the protocol is {wrong!r}; an id such as 'dic@1'")):
            priorsr.score(sr, hr, wrong)
    with pytest.raises(UnknownNameError, match=r"has no score 'psnr_z'.*psnr_y"):
        priorsr.score(sr, hr)["psnr_z"]


def test_equal_images_are_infinitely_alike(pair) -> None:
    _, hr = pair
    found = priorsr.score(hr[:2], hr[:2], "dic@1")
    assert (found["psnr"].mean, found["psnr"].interval95) == (np.inf, None)
    assert "∞" in str(found)
