from __future__ import annotations

import random
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from priorsr.containers import Prior
from priorsr.data import FaceSet, MixedLoader, Pairs, Reduction, TrainingPairs
from priorsr.data.ahead import AheadLoader
from priorsr.data.augmentation import Augmentation
from priorsr.data.pair_loader import PairLoader
from priorsr.data.training_set import open_training_data
from priorsr.errors import DataError, OptionError
from priorsr.priors import flip_prior, rotate_prior

HR, LR = torch.rand(3, 32, 32), torch.rand(3, 8, 8)


class Made(Dataset):
    """A Dataset whose item 1 is `item`, and whose others are right."""

    def __init__(self, item: object, count: int = 3) -> None:
        self.item, self.count = item, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> object:
        if place != 1:
            return LR, HR
        return self.item() if callable(self.item) else self.item


class Seen(Dataset):
    """Faces with priors; hr is `lr` repeated, and its first pixel holds a random number if it is `noisy`."""

    name = "seen faces"

    def __init__(self, count: int = 5, noisy: bool = False) -> None:
        maker = torch.Generator().manual_seed(1)
        self.lr = torch.rand(count, 3, 8, 8, generator=maker)
        self.landmarks = 31 * torch.rand(count, 68, 2, generator=maker)
        self.parsing = torch.rand(count, 19, 32, 32, generator=maker)
        self.heatmaps = torch.rand(count, 68, 8, 8, generator=maker)
        self.noisy = noisy

    def __len__(self) -> int:
        return len(self.lr)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor, Prior]:
        hr = self.lr[place].repeat_interleave(4, 1).repeat_interleave(4, 2)
        if self.noisy:
            hr[:, 0, 0] = torch.tensor([random.random(), np.random.rand(), torch.rand(())])  # noqa: NPY002
        prior = Prior(parsing=self.parsing[place], landmarks=self.landmarks[place], heatmaps=self.heatmaps[place])
        return self.lr[place], hr, prior


def raising() -> object:
    raise KeyError("no such face")


HWC, NAN = HR.permute(1, 2, 0), HR.clone().index_fill_(2, torch.tensor([3]), torch.nan)


FLOATS = "a floating-point tensor (3, height, width) in ?0, 1] was expected"
OF_255 = "; images of 0 to 255 are divided by 255 first"


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ({"lr": LR}, "is a dict; (lr, hr) or (lr, hr, Prior) was expected"),
        ((HR,), "is a tuple of 1; *"),
        ((LR.numpy(), HR), f"lr is a numpy.ndarray; {FLOATS}"),
        ((LR, None), f"hr is a NoneType; {FLOATS}"),
        ((LR, HWC), f"hr has the shape (32, 32, 3); {FLOATS}; permute(2, 0, 1) brings the channels to the front"),
        ((LR[None], HR), f"lr has the shape (1, 3, 8, 8); {FLOATS}"),
        ((LR[:1], HR), f"lr has the shape (1, 8, 8); {FLOATS}"),
        ((LR, (HR * 255).byte()), f"hr is uint8; {FLOATS}{OF_255}"),
        ((LR, HR.long()), f"hr is int64; {FLOATS}"),
        ((LR, torch.full_like(HR, 200.0)), f"hr has values from 200 to 200; {FLOATS}{OF_255}"),
        ((LR, 2 * HR - 1), f"hr has values from -* to *; {FLOATS}"),
        ((4 * LR - 2, HR), f"lr has values from -* to *; {FLOATS}"),
        ((LR, NAN), f"hr holds NaN or infinity; {FLOATS}"),
        (
            (LR, HR[:, :16, :16]),
            "its hr is of shape (3, 16, 16), and that of item 0 is of shape (3, 32, 32); the same in all items was *",
        ),
        ((LR, HR, HR), "its third part is a torch.Tensor; a priorsr.Prior, such as Prior(parsing=...), was expected"),
        ((LR, HR, Prior(parsing=HR)), "its prior's parsing is of shape (3, 32, 32), and that of item 0 is absent; *"),
        ((LR, HR, Prior(parsing=HR[None])), "the prior's parsing has the shape (1, 3, 32, 32); class probabilities *"),
        ((LR, HR, Prior(parsing=9 * HR)), "the prior's parsing has values from *; class probabilities *"),
        (
            (LR, HR, Prior(parsing=torch.ones(19, 32, 32).long())),
            "the prior's parsing is int64; floating-point class *",
        ),
        ((LR, HR, Prior(landmarks=[1, 2])), "the prior's landmarks is a list; a tensor of points (count, 2), (x, y) *"),
        ((LR, HR, Prior(landmarks=torch.ones(1, 68, 2))), "the prior's landmarks has the shape (1, 68, 2); points *"),
        ((LR, HR, Prior(landmarks=HR[0, :, :2], valid=HR[0, 0, :5])), "the prior's valid is (5,); one truth value *"),
        ((LR, HR, Prior(heatmaps=HR[0])), "the prior's heatmaps has the shape (32, 32); maps (landmarks, height, *"),
        (raising, "reading it raises KeyError ('no such face')"),
    ],
)
def test_a_wrong_item_is_named_with_its_value_and_what_was_expected(item: object, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        Pairs(Made(item)).read(1, (0, 0))
    assert fnmatchcase(str(caught.value), f"item 1 of the Dataset Made: {sentence}")


def test_what_is_no_map_style_dataset_is_refused() -> None:
    class Stream(IterableDataset):
        def __iter__(self):
            return iter([(LR, HR)])

    class Endless(Dataset):
        def __getitem__(self, place: int) -> object:
            return LR, HR

    with pytest.raises(OptionError, match="the Dataset Stream: is iterable only, .* a map-style Dataset"):
        Pairs(Stream())
    with pytest.raises(OptionError, match="the Dataset Endless: has no length; a map-style Dataset with __len__"):
        Pairs(Endless())
    with pytest.raises(OptionError, match="the Dataset Made: has 0 items; one or more"):
        Pairs(Made(None, 0))
    with pytest.raises(
        OptionError, match=r"the training data hold a tuple of \(Tensor, Tensor\); \(face set or Dataset, weight\)"
    ):
        open_training_data([(LR, HR)])
    with pytest.raises(
        OptionError, match="the training data hold a torch.utils.data.dataloader.DataLoader; .*; give the Dataset"
    ):
        open_training_data(torch.utils.data.DataLoader(Seen()))
    with pytest.raises(OptionError, match="the Dataset seen faces: the weight is 0; a number above 0"):
        open_training_data([(Seen(), 0)])
    seen = Seen()
    with pytest.raises(OptionError, match="the Dataset seen faces: is given twice"):
        open_training_data([seen, seen])


def test_names_and_facts() -> None:
    tensors = TensorDataset(LR[None], HR[None])
    assert [Pairs(data).name for data in (Seen(), tensors, Subset(Seen(), [1]))] == [
        *("seen faces", "TensorDataset", "Subset of seen faces")
    ]
    known = TrainingPairs.of(Pairs(Seen()), 2)
    assert (known.count, known.lr, known.hr) == (5, (8, 8), (32, 32))
    assert known.priors == ("parsing", "landmarks", "heatmaps")
    assert str(known) == "seen faces, 5 pairs x 2 (unhashed, as declared)"
    assert known.fingerprint == TrainingPairs.of(Pairs(Seen())).fingerprint
    assert TrainingPairs.of(Pairs(Made((LR, HR), 5))).fingerprint not in (None, known.fingerprint)
    noise = Made(lambda: (LR, torch.from_numpy(np.random.default_rng().random((3, 32, 32)))))
    assert TrainingPairs.of(Pairs(noise)).fingerprint is None  # it draws from a generator of its own


def test_an_item_is_a_function_of_its_key_and_leaves_the_generators_alone() -> None:
    pairs = Pairs(Seen(noisy=True))
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = (pairs.read(2, key).hr[:, 0, 0] for key in ((0, 7), (0, 7), (0, 8)))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one, same)
    assert (one != other).all()


def test_pairs_are_mirrored_and_turned_with_their_priors() -> None:
    pairs = Pairs(Seen())
    plain = PairLoader(pairs, batch_size=5, scale=4).take(range(5), range(5)).batch()
    faces = PairLoader(pairs, batch_size=5, scale=4).take(range(5), range(5))
    where = np.array([True, False, True, False, False])
    faces.flip(where)
    moved = faces.batch()
    assert torch.equal(moved.lr[0], plain.lr[0].flip(-1))
    assert torch.equal(moved.hr[2], plain.hr[2].flip(-1))
    mirrored = flip_prior(plain.prior, 32)
    for now, before, expected in zip(moved.prior, plain.prior, mirrored, strict=True):
        assert torch.equal(now[[1, 3, 4]], before[[1, 3, 4]])
        assert torch.equal(now[[0, 2]], expected[[0, 2]])
    faces.turn(~where, 1)
    assert torch.equal(faces.batch().hr[1], plain.hr[1].rot90(1, (-2, -1)))
    assert torch.equal(faces.batch().prior.landmarks[1], rotate_prior(plain.prior, 1, 32).landmarks[1])


@pytest.mark.parametrize(
    ("augmentation", "sentence"),
    [
        (Augmentation(zoom=1.25), "the Dataset seen faces: zoom is 1.25, .* zoom=1 was expected"),
        (
            Augmentation(quarter_turns=True),
            "the Dataset Made: hr is 32 x 16; square images were expected for quarter_turns",
        ),
        (Augmentation(flip=True), r"its landmarks \(helen-194\) cannot be mirrored, .*; flip=False was expected"),
    ],
)
def test_what_pairs_cannot_be_changed_to_is_refused(augmentation: Augmentation, sentence: str) -> None:
    class Helen(Made):
        def __getitem__(self, place: int) -> object:
            return LR, HR, Prior(landmarks=torch.ones(194, 2))

    class Tall(Made):
        def __getitem__(self, place: int) -> object:
            return LR[:, :, :4], HR[:, :, :16]

    Tall.__name__ = "Made"
    data = Seen() if augmentation.zoom > 1 else Tall(None) if augmentation.quarter_turns else Helen(None)
    with pytest.raises(OptionError, match=sentence):
        PairLoader(Pairs(data), batch_size=2, scale=4).check_augmentation(augmentation)


def test_the_scale_must_be_the_recipes() -> None:
    with pytest.raises(
        DataError, match="item 0 of the Dataset seen faces: lr is 8 x 8 and hr is 32 x 32; .* 64 x 64, was"
    ):
        PairLoader(Pairs(Seen()), batch_size=2, scale=8)


def test_a_batch_mixes_face_sets_and_pairs(tiny_faces: Path) -> None:
    faces = FaceSet.open(tiny_faces)  # 7 faces of 64 px in train

    class Large(Seen):
        def __getitem__(self, place: int) -> tuple[Tensor, Tensor, Prior]:
            lr, hr, prior = super().__getitem__(place)
            parsing, landmarks = (part.repeat_interleave(2, -1) for part in (prior.parsing, prior.landmarks[:, :1]))
            return (
                lr,
                hr.repeat_interleave(2, 1).repeat_interleave(2, 2),
                Prior(parsing.repeat_interleave(2, 1), landmarks),
            )

    options = {"batch_size": 12, "reduction": Reduction(scale=8), "flip": True}
    loader = MixedLoader([(faces, 1.0), (Pairs(Large()), 1.0)], "train", **options)
    assert loader.priors == ("parsing", "landmarks")
    batch = loader.batch(0)
    assert sorted(batch.ids) == sorted([*faces.ids("train"), *"01234"])
    assert batch.prior.parsing.shape == (12, 19, 64, 64)
    assert batch.prior.valid.shape == (12, 68)
    alone = MixedLoader([(faces, 1.0)], "train", **options)
    plain = {
        face: hr for step in range(2) for face, hr in zip(alone.batch(step).ids, alone.batch(step).hr, strict=True)
    }
    for face, lr, hr in zip(batch.ids, batch.lr, batch.hr, strict=True):
        if len(face) == 1:
            wanted = Seen().lr[int(face)]
            assert torch.equal(lr, wanted) or torch.equal(lr, wanted.flip(-1))
            assert torch.equal(hr[:, ::8, ::8], lr)
        else:
            assert torch.equal(hr, plain[face]) or torch.equal(hr, plain[face].flip(-1))
    small = Pairs(Seen())
    with pytest.raises(DataError, match="the Dataset seen faces: its images are 32 x 32, and those of .* are 64 x 64"):
        MixedLoader(
            [(faces, 1.0), (small, 1.0)], "train", batch_size=2, reduction=Reduction(scale=4), priors=("parsing",)
        )


def test_processes_make_the_same_batches_and_hand_over_mistakes() -> None:
    loader = MixedLoader(
        [(Pairs(Seen(noisy=True)), 1.0)], "train", batch_size=2, reduction=Reduction(scale=4), flip=True, seed=4
    )
    ahead = AheadLoader(loader, 2)
    assert ahead.steps_per_epoch == 3
    for step in (0, 0, 1, 2, 7, 8):
        ours, theirs = ahead.batch(step), loader.batch(step)
        assert ours.ids == theirs.ids
        assert torch.equal(ours.hr, theirs.hr)
        assert torch.equal(ours.prior.landmarks, theirs.prior.landmarks)
    wrong = MixedLoader([(Pairs(Made(raising)), 1.0)], "train", batch_size=3, reduction=Reduction(scale=4))
    with pytest.raises(DataError, match=r"^item 1 of the Dataset Made: reading it raises KeyError \('no such face'\)$"):
        AheadLoader(wrong, 1).batch(0)
