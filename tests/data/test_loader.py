from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.containers import Prior
from priorsr.data import About, Face, FaceLoader, FaceSet, Pixels, Reduction, write_face_set
from priorsr.data.reduction import reduce
from priorsr.errors import DataError, OptionError, PriorsrError, ShapeError
from priorsr.files import sha256_file
from tests.data.loaded_batches import HAND, assert_same, moved, one_colour


def test_a_batch_holds_what_the_set_holds(face_set: FaceSet) -> None:
    (batch,) = FaceLoader(face_set, "val", batch_size=8).in_order()
    assert batch.ids == face_set.ids("val")
    assert batch.hr.dtype == batch.lr.dtype == torch.float32
    assert batch.hr.shape == (3, 3, 64, 64)
    assert batch.lr.shape == (3, 3, 8, 8)
    assert batch.hr.is_contiguous()
    assert batch.lr.is_contiguous()
    parsing, landmarks, valid, heatmaps = batch.prior
    assert parsing is not None
    assert landmarks is not None
    assert valid is not None
    assert heatmaps is None
    assert parsing.shape == (3, 19, 64, 64)
    assert parsing.dtype == torch.float32
    assert landmarks.dtype == torch.float32
    for index, face in enumerate(batch.ids):
        image, classes, points = face_set.image(face), face_set.parsing(face), face_set.landmarks(face)
        assert classes is not None
        assert points is not None
        assert np.array_equal(np.rint(batch.hr[index].permute(1, 2, 0).numpy() * 255), image)
        assert batch.hr[index].max().item() == np.float32(image.max() / 255)
        assert np.array_equal(np.rint(batch.lr[index].permute(1, 2, 0).numpy() * 255), reduce(image, 8, "pil-bicubic"))
        assert np.array_equal(parsing[index].argmax(0).numpy(), classes)
        assert torch.equal(parsing[index].sum(0), torch.ones(64, 64))
        assert np.array_equal(landmarks[index].numpy(), points[0])
        assert np.array_equal(valid[index].numpy(), points[1])


def test_reduction_and_scale_are_those_asked_for(face_set: FaceSet) -> None:
    reduction = Reduction(scale=4, kernel="bilinear-chain")
    (batch,) = FaceLoader(face_set, "val", batch_size=8, reduction=reduction).in_order()
    expected = reduce(face_set.image(batch.ids[0]), 4, "bilinear-chain")
    assert np.array_equal(np.rint(batch.lr[0].permute(1, 2, 0).numpy() * 255), expected)


def test_an_epoch_leaves_no_face_out_and_fills_its_last_batch(face_set: FaceSet) -> None:
    loader = FaceLoader(face_set, "train", batch_size=3)
    assert len(loader.ids) == 7
    assert loader.steps_per_epoch == 3
    epochs = [[face for step in range(3 * e, 3 * e + 3) for face in loader.batch(step).ids] for e in range(3)]
    for faces in epochs:
        assert len(faces) == 9
        assert set(faces[:7]) == set(loader.ids)
    assert len({tuple(faces[:7]) for faces in epochs}) == 3
    assert epochs[0][7:] == epochs[1][:2]


def test_a_batch_larger_than_the_split_is_filled(face_set: FaceSet) -> None:
    loader = FaceLoader(face_set, "val", batch_size=8)
    assert loader.steps_per_epoch == 1
    assert set(Counter(loader.batch(5).ids).values()) == {2, 3}


def test_a_batch_is_a_function_of_seed_and_step(face_set: FaceSet) -> None:
    options = {"batch_size": 4, "flip": True, "quarter_turns": True}
    one, two = (FaceLoader(face_set, "train", seed=3, **options) for _ in range(2))
    for step in (0, 5, 2):
        for _ in range(step):
            one.batch(step)  # what was asked for before must not matter
        assert_same(one.batch(step), two.batch(step))
    other = FaceLoader(face_set, "train", seed=4, **options)
    assert [other.batch(step).ids for step in range(4)] != [one.batch(step).ids for step in range(4)]


def test_shards_are_the_parts_of_one_batch(face_set: FaceSet) -> None:
    whole = FaceLoader(face_set, "train", batch_size=4, flip=True, quarter_turns=True)
    parts = [
        FaceLoader(face_set, "train", batch_size=2, shard=(rank, 2), flip=True, quarter_turns=True) for rank in (0, 1)
    ]
    assert {part.steps_per_epoch for part in parts} == {whole.steps_per_epoch}
    for step in range(5):
        batches = [part.batch(step) for part in parts]
        assert batches[0].ids + batches[1].ids == whole.batch(step).ids
        assert torch.equal(torch.cat([batch.hr for batch in batches]), whole.batch(step).hr)


def test_scoring_batches_are_the_same_however_many_processes(face_set: FaceSet) -> None:
    alone = [batch.ids for batch in FaceLoader(face_set, "train", batch_size=2).in_order()]
    assert [len(ids) for ids in alone] == [2, 2, 2, 1]
    assert sum(alone, ()) == face_set.ids("train")
    shared = [[b.ids for b in FaceLoader(face_set, "train", batch_size=2, shard=(r, 3)).in_order()] for r in range(3)]
    assert shared == [[alone[0], alone[3]], [alone[1]], [alone[2]]]


def test_flips_and_turns_move_all_parts_together(face_set: FaceSet) -> None:
    loader = FaceLoader(face_set, "train", batch_size=7, flip=True, quarter_turns=True, reduction=Reduction(scale=4))
    seen = set()
    for step in range(4):
        batch = loader.batch(step)
        plain = loader.faces(batch.ids)
        for index in range(7):
            ways = {(m, k): moved(plain, index, m, k) for m in (False, True) for k in range(4)}
            (way,) = [way for way, face in ways.items() if torch.equal(face.hr, batch.hr[index : index + 1])]
            assert_same(ways[way], moved(batch, index, mirrored=False, quarters=0))
            seen.add(way)
    assert {mirrored for mirrored, _ in seen} == {False, True}
    assert {quarters for _, quarters in seen} == {0, 1, 2, 3}


def test_without_options_nothing_moves(face_set: FaceSet) -> None:
    loader = FaceLoader(face_set, "train", batch_size=7)
    batch = loader.batch(0)
    assert_same(batch, loader.faces(batch.ids))


def test_priors_are_those_asked_for_and_there(face_set: FaceSet) -> None:
    (batch,) = FaceLoader(face_set, "val", batch_size=8, priors=()).in_order()
    assert batch.prior == Prior()
    (batch,) = FaceLoader(face_set, "val", batch_size=8, priors=("landmarks",)).in_order()
    assert batch.prior.parsing is None
    assert batch.prior.landmarks is not None
    with pytest.raises(OptionError, match="'heatmaps' was asked for; parsing or landmarks was expected"):
        FaceLoader(face_set, "val", batch_size=8, priors=("heatmaps",))


def test_a_prior_that_some_faces_lack_is_not_skipped_silently(tmp_path: Path) -> None:
    partly = one_colour(tmp_path / "partly", (True, False, True))
    with pytest.warns(UserWarning, match="1 faces of train have no parsing"):
        loader = FaceLoader(partly, "train", batch_size=2)
    assert loader.batch(0).prior.parsing is None
    with pytest.raises(DataError, match="parsing was asked for, but 'f1' in train has none"):
        FaceLoader(partly, "train", batch_size=2, priors=("parsing",))


def test_a_face_of_another_size_is_told(tiny_faces: Path, tmp_path: Path, face_set: FaceSet) -> None:
    mixed = Path(shutil.copytree(tiny_faces, tmp_path / "mixed"))
    name = f"images/{face_set.ids('val')[2]}.png"
    Image.new("RGB", (40, 40)).save(mixed / name)
    listed = json.loads((mixed / "manifest.json").read_text())
    listed["files"][name] = sha256_file(mixed / name)
    (mixed / "manifest.json").write_text(json.dumps(listed))
    with pytest.raises(DataError, match=rf"{name}: is 40 x 40; 64 x 64 was expected"):
        FaceLoader(FaceSet.open(mixed), "val", batch_size=2)
    with pytest.raises(DataError, match=r"\.png: is 64 x 64; 128 x 128 was expected"):
        FaceLoader(face_set, "val", batch_size=2, reduction=Reduction(hr_size=128))
    with pytest.raises(ShapeError, match="multiples of the scale 12"):
        FaceLoader(face_set, "val", batch_size=2, reduction=Reduction(scale=12))


def test_wrong_options_are_told(face_set: FaceSet, tmp_path: Path) -> None:
    for wrong in ({"batch_size": 0}, {"seed": -1}, {"shard": (2, 2)}):
        with pytest.raises(OptionError, match=r"batch_size=.* seed=.* shard="):
            FaceLoader(face_set, "val", **{"batch_size": 2, **wrong})
    with pytest.raises(PriorsrError, match="no reduction kernel 'bicubic'"):
        FaceLoader(face_set, "val", batch_size=2, reduction=Reduction(kernel="bicubic"))
    with pytest.raises(DataError, match="no face 'nobody' in the split 'val'"):
        FaceLoader(face_set, "val", batch_size=2).faces(["nobody"])


def test_landmarks_that_cannot_be_mirrored_are_refused_at_once(tmp_path: Path) -> None:
    points = np.zeros((194, 2), dtype=np.float32), np.ones(194, dtype=bool)
    face = Face("a", "train", "", lambda: Pixels(np.zeros((32, 32, 3), dtype=np.uint8), landmarks=points))
    about = About("helen", "test", "none", landmark_scheme="helen-194")
    helen = write_face_set(tmp_path / "helen", [face], about, landmarks=HAND)
    with pytest.raises(OptionError, match=r"helen: its landmarks \(helen-194\) cannot be mirrored"):
        FaceLoader(helen, "train", batch_size=1, flip=True)
    FaceLoader(helen, "train", batch_size=1, flip=True, priors=()).batch(0)
    FaceLoader(helen, "train", batch_size=1).batch(0)


def test_lr_is_rounded_whatever_the_reduction_says(face_set: FaceSet) -> None:
    reductions = (Reduction(kernel="matlab-bicubic", quantise=quantise) for quantise in (True, False))
    rounded, raw = (
        FaceLoader(face_set, "train", batch_size=3, zoom=2.0, reduction=reduction).batch(1) for reduction in reductions
    )
    assert_same(rounded, raw)
    assert rounded.lr.max() > 0.1
