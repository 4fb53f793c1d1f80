"""Images in any form, as tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.bench.made_elsewhere.given_images import image_of, separate
from priorsr.errors import DataError, PriorsrError

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
WANTED = torch.from_numpy(PIXELS).permute(2, 0, 1).float() / 255


@pytest.mark.parametrize(
    "given",
    [
        PIXELS,
        PIXELS.astype(np.float64) / 255,
        Image.fromarray(PIXELS),
        Image.fromarray(PIXELS).convert("RGBA"),
        torch.from_numpy(PIXELS).permute(2, 0, 1),
        WANTED.double(),
    ],
    ids=["uint8", "float64", "Pillow", "opaque", "uint8 tensor", "float64 tensor"],
)
def test_every_form_gives_the_same_tensor(given) -> None:
    assert torch.equal(image_of(given, "it"), WANTED)


def test_a_file_is_read_whatever_its_extension_claims(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", format="png")
    assert torch.equal(image_of(tmp_path / "a.jpg", "it"), WANTED)
    assert torch.equal(image_of(str(tmp_path / "a.jpg"), "it"), WANTED)


def test_grey_counts_as_rgb() -> None:
    grey = image_of(PIXELS[..., 0], "it")
    assert torch.equal(grey, WANTED[:1].expand(3, -1, -1))
    assert torch.equal(image_of(Image.fromarray(PIXELS[..., 0]), "it"), grey)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (PIXELS.transpose(2, 0, 1), r"it is an array of shape \(3, 5, 7\); \(H,W,3\) or \(H,W\) was expected"),
        (WANTED.permute(1, 2, 0), r"it is a tensor of shape \(5, 7, 3\); \(3,H,W\) was expected"),
        (PIXELS.astype(np.int64), "it holds int64; uint8, or floating point"),
        (Image.fromarray(PIXELS).convert("CMYK"), "mode CMYK; opaque RGB or grey"),
        (Image.new("RGBA", (4, 4)), "mode RGBA; opaque RGB or grey"),
        (None, "it is a builtins.NoneType; a path, a Pillow image"),
    ],
)
def test_anything_else_is_refused(given, reason: str) -> None:
    with pytest.raises(PriorsrError, match=reason):
        image_of(given, "it")


def test_a_file_that_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(DataError, match=r"a\.png: cannot be read as an image"):
        image_of(tmp_path / "a.png", "it")


def test_batches_and_lists_are_several_images() -> None:
    assert len(separate(torch.zeros(4, 3, 8, 8), "SR")) == 4
    assert len(separate(np.zeros((4, 8, 8, 3)), "SR")) == 4
    assert len(separate(torch.zeros(3, 8, 8), "SR")) == 1
    assert separate(["a.png", Path("b.png")], "SR") == ["a.png", Path("b.png")]
    assert separate("a.png", "SR") == ["a.png"]
