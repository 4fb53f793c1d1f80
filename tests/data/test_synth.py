from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.data.synth import SyntheticFaces, draw_faces
from priorsr.data.synth.canvas import Canvas
from priorsr.data.synth.casting import cast
from priorsr.data.synth.dice import Dice, roll
from priorsr.data.synth.face_classes import FaceClass
from priorsr.data.synth.render import render
from priorsr.data.synth.scaffold import Scaffold
from priorsr.errors import PriorsrError
from priorsr.priors import label_map

EYES = {FaceClass.RIGHT_EYE: slice(36, 42), FaceClass.LEFT_EYE: slice(42, 48)}
BROWS = {FaceClass.RIGHT_BROW: slice(17, 22), FaceClass.LEFT_BROW: slice(22, 27)}


@pytest.fixture(scope="module")
def crowd() -> SyntheticFaces:
    return draw_faces(7, 0, 200, size=64)


def near(mask: torch.Tensor, points: torch.Tensor, radius: float) -> torch.Tensor:
    """Which points (L,2) have a pixel of the mask (H,W) within the radius."""
    rows, columns = mask.nonzero(as_tuple=True)
    return torch.cdist(points, torch.stack([columns, rows], 1).float()).amin(1) <= radius


def test_shapes_types_and_ranges() -> None:
    faces = draw_faces(0, 3, 2)
    assert (faces.images.shape, faces.images.dtype) == ((2, 3, 128, 128), torch.uint8)
    assert (faces.parsing.shape, faces.parsing.dtype) == ((2, 128, 128), torch.uint8)
    assert (faces.landmarks.shape, faces.landmarks.dtype) == ((2, 68, 2), torch.float32)
    assert faces.parsing.max() < 19
    assert faces.images.float().std() > 20


def test_no_faces() -> None:
    faces = draw_faces(0, 5, 0, size=32)
    assert [len(part) for part in faces] == [0, 0, 0]
    assert faces.images.shape == (0, 3, 32, 32)


@pytest.mark.parametrize("size", [33, 64])
def test_a_face_does_not_depend_on_what_else_is_drawn(size: int) -> None:
    together = draw_faces(3, 0, 7, size=size)
    for index in (0, 3, 6):
        alone = draw_faces(3, index, 1, size=size)
        assert all(torch.equal(a[0], b[index]) for a, b in zip(alone, together, strict=True))


def test_a_face_does_not_depend_on_the_number_of_threads() -> None:
    usual, drawn = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            drawn.append(draw_faces(4, 0, 5, size=33))
            assert torch.get_num_threads() == threads
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(torch.get_num_threads).result() == threads
    finally:
        torch.set_num_threads(usual)
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))


def test_faces_differ_by_seed_and_index() -> None:
    one, other = draw_faces(1, 0, 4, size=32).images.float(), draw_faces(2, 0, 4, size=32).images.float()
    assert (one - other).abs().mean((1, 2, 3)).min() > 5
    assert (one[1:] - one[:-1]).abs().mean((1, 2, 3)).min() > 5


@pytest.mark.parametrize("size", [16, 96, 101])
def test_a_size_shows_the_same_face(size: int) -> None:
    faces, large = draw_faces(0, 0, 2, size=size), draw_faces(0, 0, 2, size=256)
    torch.testing.assert_close((faces.landmarks + 0.5) / size, (large.landmarks + 0.5) / 256, atol=1e-5, rtol=0)
    reduced = torch.nn.functional.interpolate(large.images.float(), size=(size, size), mode="area")
    assert (reduced - faces.images.float()).abs().mean() < 8


def test_classes_are_those_of_the_label_map() -> None:
    assert tuple(part.name.lower().replace("_", " ") for part in FaceClass).count("eyeglasses") == 1
    assert tuple(part.name.lower().replace("_", " ") for part in FaceClass) == label_map("celebamask-19").classes


def test_every_class_occurs_and_none_is_everywhere(crowd: SyntheticFaces) -> None:
    shares = torch.bincount(crowd.parsing.flatten().long(), minlength=19) / crowd.parsing.numel()
    assert (shares > 0).all()
    assert shares.max() < 0.6
    occurs = torch.stack([(crowd.parsing == part).flatten(1).any(1).float().mean() for part in FaceClass])
    assert (occurs[[FaceClass.SKIN, FaceClass.NOSE, FaceClass.LOWER_LIP]] == 1).all()
    assert (occurs[[FaceClass.EYEGLASSES, FaceClass.HAT, FaceClass.NECKLACE]] < 0.3).all()


def test_landmarks_lie_on_their_parts(crowd: SyntheticFaces) -> None:
    """Eyes and brows may be hidden by hair, a hat or dark glasses: then only what is to be seen is asked."""
    inside = {part: [] for part in (*EYES, *BROWS)}
    for parsing, points in zip(crowd.parsing, crowd.landmarks, strict=True):
        for part, which in (EYES | BROWS).items():
            mask = parsing == part
            if mask.sum() > 3:
                inside[part].append(near(mask, points[which], 2.0).float().mean())
        assert near(parsing == FaceClass.NOSE, points[27:36], 2.0).all()
        lips = (parsing == FaceClass.UPPER_LIP) | (parsing == FaceClass.LOWER_LIP) | (parsing == FaceClass.MOUTH)
        assert near(lips, points[48:68], 3.0).all()  # the lips' corners are thinner than a pixel
    for part, shares in inside.items():
        assert len(shares) > 50, part
        assert torch.stack(shares).mean() > 0.9, part


def test_eyes_contain_the_centre_of_their_landmarks(crowd: SyntheticFaces) -> None:
    hits = []
    for part, which in EYES.items():
        x, y = crowd.landmarks[:, which].mean(1).round().long().unbind(1)
        found = crowd.parsing[torch.arange(len(x)), y, x]
        hits.append(
            found[torch.isin(found, torch.tensor([FaceClass.EYEGLASSES, FaceClass.HAIR, FaceClass.HAT]), invert=True)]
            == part
        )
    assert torch.cat(hits).float().mean() > 0.98


def test_the_jaw_is_the_outline_of_the_face(crowd: SyntheticFaces) -> None:
    """Just outside the chin there is no face, just inside there is."""
    chin = crowd.landmarks[:, 8].round().long()
    rows = torch.arange(len(chin))
    skin = [crowd.parsing[rows, (chin[:, 1] + step).clamp(max=63), chin[:, 0]] == FaceClass.SKIN for step in (-2, 2)]
    visible = chin[:, 1] < 61
    assert skin[0][visible].float().mean() > 0.95
    assert skin[1][visible].float().mean() < 0.05


def test_landmarks_stand_in_order(crowd: SyntheticFaces) -> None:
    x, y = crowd.landmarks.unbind(-1)
    assert (x[:, 0] < x[:, 8]).all()
    assert (x[:, 8] < x[:, 16]).all()
    assert (x[:, 36] < x[:, 39]).all()
    assert (x[:, 39] < x[:, 42]).all()
    assert (x[:, 42] < x[:, 45]).all()
    assert (y[:, 17:27].mean(1) < y[:, 36:48].mean(1)).all()
    assert (y[:, [37, 38, 43, 44]] < y[:, [41, 40, 47, 46]]).all()
    assert (y[:, 36:48].mean(1) < y[:, 33]).all()
    assert (y[:, 33] < y[:, 51]).all()
    assert (y[:, 51] < y[:, 57]).all()
    assert (y[:, 57] < y[:, 8]).all()


def test_faces_are_framed_like_aligned_photographs(crowd: SyntheticFaces) -> None:
    mean = crowd.landmarks.mean(0) / 64
    assert 0.44 < mean[36:48, 1].mean() < 0.51
    assert 0.7 < mean[48:60, 1].mean() < 0.78
    assert 0.47 < mean[27:36, 0].mean() < 0.53


def test_painting_stays_on_the_device_of_its_traits() -> None:
    """Whatever would be made on the default device, here one without values, cannot be mixed with the traits."""
    rolls, tables = roll(0, range(30))
    face = cast(Dice(rolls))
    with torch.device("meta"):
        parts = render(face, tables, 16)
    assert {part.device.type for part in parts} == {"cpu"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_the_same_faces() -> None:
    here, there = draw_faces(0, 0, 40, size=64), draw_faces(0, 0, 40, size=64, device="cuda")
    assert there.images.is_cuda
    assert (here.images.float() - there.images.cpu().float()).abs().mean() < 0.5
    assert (here.parsing == there.parsing.cpu()).float().mean() > 0.999
    torch.testing.assert_close(here.landmarks, there.landmarks.cpu(), atol=1e-3, rtol=0)


def test_no_layer_leaves_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    cropped = draw_faces(11, 0, 60, size=40)
    for of_picture in (Canvas, Scaffold):
        monkeypatch.setattr(of_picture, "crop", lambda self, window: self)
    for part, whole in zip(cropped, draw_faces(11, 0, 60, size=40), strict=True):
        assert torch.equal(part, whole)


def test_detail_is_lost_by_reduction_as_in_photographs() -> None:
    """Bicubic x8 has 21.8 dB on average on 300 RGB photographs of CelebAMask-HQ, from 19.5 to 24.4 on nine in ten."""
    values = []
    for image in draw_faces(0, 0, 20).images:
        hr = Image.fromarray(image.permute(1, 2, 0).numpy())
        up = hr.resize((16, 16), Image.Resampling.BICUBIC).resize(hr.size, Image.Resampling.BICUBIC)
        error = np.asarray(hr, np.float64) - np.asarray(up, np.float64)
        values.append(10 * np.log10(255**2 / np.square(error).mean()))
    assert 21 < np.mean(values) < 24


@pytest.mark.parametrize(
    "arguments", [{"seed": -1}, {"seed": 2**63}, {"first": -2}, {"count": -1}, {"size": 15}], ids=str
)
def test_impossible_requests_are_refused(arguments: dict[str, int]) -> None:
    (name, value), *_ = arguments.items()
    with pytest.raises(PriorsrError, match=f"{name} .* {value}"):
        draw_faces(**{"seed": 0, "first": 0, "count": 1} | arguments)
