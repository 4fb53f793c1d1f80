from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.bench.store.stored_images import (
    array_hashes,
    load_array,
    load_arrays,
    load_image,
    load_images,
    pixel_hash,
    pixel_hashes,
    save_arrays,
    save_images,
)
from priorsr.errors import DataError


def test_images_and_arrays_come_back(tmp_path: Path) -> None:
    images = torch.rand(2, 3, 4, 5) * 1.4 - 0.2
    save_images(images, ("a", "b"), tmp_path)
    save_arrays(images, ("a", "b"), tmp_path)
    assert torch.equal(load_images(("b", "a"), tmp_path), (images.clamp(0, 1) * 255).round().flip(0) / 255)
    assert np.array_equal(load_array(tmp_path / "a.npy"), images[0].numpy())
    assert pixel_hashes(images)[0] == pixel_hash(load_image(tmp_path / "a.png"))
    assert array_hashes(images)[1] == pixel_hash(load_array(tmp_path / "b.npy"))


def test_a_hash_is_of_the_shape_the_type_and_every_value() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    changed = pixels.copy()
    changed[1, 2, 0] += 1
    others = [changed, pixels.reshape(4, 2, 3), pixels.astype(np.float32)]
    hashes = {pixel_hash(each) for each in (pixels, *others)}
    assert len(hashes) == 4
    assert pixel_hash(np.asfortranarray(pixels)) == pixel_hash(pixels) == "37430becb43064c3"
    assert pixel_hash(pixels.astype(">f4")) == pixel_hash(pixels.astype("<f4"))


def test_broken_files_are_told(tmp_path: Path) -> None:
    for name, content in (("torn.png", b"\x89PNG\r\n\x1a\n"), ("torn.npy", b"\x93NUMPY"), ("text.npy", b"text")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            (load_image if name.endswith("png") else load_array)(tmp_path / name)
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "grey.png")
    with pytest.raises(DataError, match="grey.png: is of mode L"):
        load_image(tmp_path / "grey.png")
    np.save(tmp_path / "double.npy", np.zeros((3, 2, 2)))
    with pytest.raises(DataError, match="double.npy: holds no float32 array"):
        load_array(tmp_path / "double.npy")


def test_images_of_two_sizes_are_told(tmp_path: Path) -> None:
    for name, side in (("a", 4), ("b", 5)):
        save_images(torch.zeros(1, 3, side, side), (name,), tmp_path)
        save_arrays(torch.zeros(1, 3, side, side), (name,), tmp_path)
    with pytest.raises(DataError, match=r"b.png: is of shape \(5, 5, 3\); \(4, 4, 3\), as .*a.png, was expected"):
        load_images(("a", "b"), tmp_path)
    with pytest.raises(DataError, match=r"b.npy: is of shape \(3, 5, 5\)"):
        load_arrays(("a", "b"), tmp_path)
