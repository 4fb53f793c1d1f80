from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.data import About, Face, FaceLoader, FaceSet, MixedLoader, Pixels, write_face_set
from priorsr.data.order import Order
from priorsr.data.reduction import USUAL, reduce
from priorsr.errors import DataError, OptionError


@pytest.fixture
def first(tiny_faces: Path) -> FaceSet:
    return FaceSet.open(tiny_faces)  # 7 faces in train, with parsing maps and landmarks


@pytest.fixture
def second(tmp_path: Path) -> FaceSet:
    """Four grey faces without priors."""
    return grey_faces(tmp_path / "grey", 4, 64)


def grey_faces(out: Path, count: int, size: int) -> FaceSet:
    def face(index: int) -> Face:
        pixels = np.full((size, size, 3), 10 * index, dtype=np.uint8)
        return Face(f"grey-{index}", "train", str(index), lambda: Pixels(pixels, None, None))

    return write_face_set(out, [face(i) for i in range(count)], About(out.name, "drawn", "none"))


def drawn(order: Order, epoch: int) -> Counter[tuple[int, int]]:
    return Counter(order.faces(epoch * order.faces_per_epoch, order.faces_per_epoch))


def test_one_epoch_draws_each_face_by_its_weight() -> None:
    order = Order([5, 3], 0, [1.0, 2.0])
    assert order.faces_per_epoch == 11
    for epoch in range(3):
        assert drawn(order, epoch) == Counter({(0, i): 1 for i in range(5)} | {(1, i): 2 for i in range(3)})


def test_a_set_of_half_the_weight_is_seen_every_second_epoch() -> None:
    order = Order([4, 6], 3, [1.0, 0.5])
    for epoch in range(0, 6, 2):
        both = drawn(order, epoch) + drawn(order, epoch + 1)
        assert both == Counter({(0, i): 2 for i in range(4)} | {(1, i): 1 for i in range(6)})


def test_one_set_is_trained_on_as_a_single_loader_trains(first: FaceSet) -> None:
    options = {"batch_size": 3, "seed": 5, "flip": True, "quarter_turns": True, "zoom": 1.5}
    one, mixed = FaceLoader(first, "train", **options), MixedLoader([(first, 1.0)], "train", **options)
    assert one.steps_per_epoch == mixed.steps_per_epoch == 3
    for step in (0, 2, 7):
        ours, theirs = mixed.batch(step), one.batch(step)
        assert ours.ids == theirs.ids
        assert torch.equal(ours.hr, theirs.hr)
        assert torch.equal(ours.lr, theirs.lr)
        assert torch.equal(ours.prior.parsing, theirs.prior.parsing)
        assert torch.equal(ours.prior.landmarks, theirs.prior.landmarks)


def test_a_batch_mixes_the_sets_and_each_face_is_its_own(first: FaceSet, second: FaceSet) -> None:
    with pytest.warns(UserWarning, match="grey: has no"):
        loader = MixedLoader([(first, 1.0), (second, 1.0)], "train", batch_size=11)
    assert loader.priors == ()
    batch = loader.batch(0)
    assert Counter(batch.ids) == Counter([*first.ids("train"), *second.ids("train")])
    for face, hr, lr in zip(batch.ids, batch.hr, batch.lr, strict=True):
        image = (second if face.startswith("grey") else first).image(face)
        assert np.array_equal(np.rint(hr.permute(1, 2, 0).numpy() * 255), image)
        assert np.array_equal(np.rint(lr.permute(1, 2, 0).numpy() * 255), reduce(image, 8, "pil-bicubic"))
    assert batch.prior.parsing is None


def test_shards_are_the_parts_of_one_mixed_batch(first: FaceSet, second: FaceSet) -> None:
    sets, options = [(first, 1.0), (second, 2.0)], {"flip": True, "zoom": 1.3, "priors": ()}
    whole = MixedLoader(sets, "train", batch_size=4, **options)
    parts = [MixedLoader(sets, "train", batch_size=2, shard=(rank, 2), **options) for rank in (0, 1)]
    assert {part.steps_per_epoch for part in parts} == {whole.steps_per_epoch}
    for step in range(6):
        assert sum((part.batch(step).ids for part in parts), ()) == whole.batch(step).ids
        assert torch.equal(torch.cat([part.batch(step).hr for part in parts]), whole.batch(step).hr)


def test_sets_that_do_not_go_together_are_refused(first: FaceSet, tmp_path: Path) -> None:
    small = grey_faces(tmp_path / "small", 2, 32)
    with pytest.raises(DataError, match=r"small: its images are 32 x 32, and those of .* are 64 x 64"):
        MixedLoader([(first, 1.0), (small, 1.0)], "train", batch_size=2, priors=())
    with pytest.raises(OptionError, match="its weight is 0; a finite number above 0"):
        MixedLoader([(first, 0)], "train", batch_size=2)
    with pytest.raises(OptionError, match="zoom is 0.5; a finite number from 1"):
        MixedLoader([(first, 1.0)], "train", batch_size=2, zoom=0.5)


def test_zoom_enlarges_a_window_and_moves_priors_with_it(first: FaceSet) -> None:
    loader = FaceLoader(first, "train", batch_size=7)
    faces, before = loader.take(range(7)), loader.take(range(7))
    faces.zoom(2, 0.5, 1.0, 0.5, USUAL)  # the window's corners are (32, 16) and (64, 48)
    window = Image.fromarray(before.hr[2].transpose(1, 2, 0)).crop((32, 16, 64, 48))
    enlarged = np.asarray(window.resize((64, 64), Image.Resampling.BICUBIC))
    assert np.abs(faces.hr[2].transpose(1, 2, 0)[4:-4, 4:-4].astype(int) - enlarged[4:-4, 4:-4]).max() <= 1
    assert np.array_equal(faces.lr[2].transpose(1, 2, 0), reduce(faces.hr[2].transpose(1, 2, 0), 8, "pil-bicubic"))
    assert np.array_equal(faces.parsing[2], before.parsing[2][16:48, 32:].repeat(2, 0).repeat(2, 1))
    x, y = before.landmarks[2].unbind(-1)
    inside = before.valid[2] & (x >= 31.5) & (y >= 15.5) & (y <= 47.5)
    assert 0 < inside.sum() < len(inside)
    assert torch.equal(faces.valid[2], inside)
    expected = torch.stack([2 * (x - 32) + 0.5, 2 * (y - 16) + 0.5], -1)
    assert torch.allclose(faces.landmarks[2][inside], expected[inside], atol=1e-4)
    assert not faces.landmarks[2][~inside].any()
    for other in (0, 1, 3, 4, 5, 6):
        assert np.array_equal(faces.hr[other], before.hr[other])


def test_half_of_the_faces_are_zoomed_within_the_bound(first: FaceSet) -> None:
    plain, zoomed = (FaceLoader(first, "train", batch_size=7, zoom=zoom) for zoom in (1.0, 1.25))
    changed = [
        not torch.equal(one, other)
        for step in range(10)
        for one, other in zip(plain.batch(step).hr, zoomed.batch(step).hr, strict=True)
    ]
    assert 20 < sum(changed) < 50
