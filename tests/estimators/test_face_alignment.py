"""FAN's plumbing, on a network of a few lines in FAN's place; its weights are not on disk."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import DataError, MissingExtraError, MissingWeightsError, OptionError
from priorsr.estimators.face_alignment import FaceAlignment, _peaks
from priorsr.pretrained import UNTRAINED
from priorsr.priors import landmark_scheme
from priorsr.testing import failures

package = pytest.importorskip("face_alignment")

FLIP = landmark_scheme("ibug-68").flip


class Brightest(nn.Module):
    """Finds the brightest spot of the red channel by its even landmarks, of the green one by its odd ones."""

    def __init__(self, modules: int = 4) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, faces: Tensor) -> list[Tensor]:
        maps = F.avg_pool2d(faces[:, :2] * self.scale, 4)
        heatmaps = maps[:, [point % 2 for point in range(68)]]
        return [torch.zeros_like(heatmaps), heatmaps]


@pytest.fixture
def small_fan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("face_alignment.models.FAN", Brightest)


def spot(image: Tensor, channel: int, x: float, y: float) -> None:
    """A Gaussian spot in a channel of (3,H,W), in pixels whose centres are integers."""
    rows, columns = (torch.arange(side, dtype=torch.float32) for side in image.shape[1:])
    image[channel] += torch.exp(-((rows[:, None] - y) ** 2 + (columns - x) ** 2) / 18)


@pytest.mark.parametrize(("height", "width"), [(128, 128), (90, 140)])
def test_landmarks_are_where_the_heatmaps_say_in_the_images_pixels(small_fan: None, height: int, width: int) -> None:
    images = torch.zeros(2, 3, height, width)
    places = [(60.0, 40.0), (31.0, 70.0)]
    for image, (x, y) in zip(images, places, strict=True):
        spot(image, 0, x, y)
        spot(image, 1, x + 20, y)
    prior, _ = FaceAlignment(mirrored=False, weights=UNTRAINED)(images)
    assert prior.heatmaps.shape == (2, 68, 64, 64)
    assert prior.valid.all()
    for landmarks, (x, y) in zip(prior.landmarks, places, strict=True):
        assert (landmarks[::2] - torch.tensor([x, y])).abs().max() < 2.5  # a heatmap's pixel is about 4 of the image's
        assert (landmarks[1::2] - torch.tensor([x + 20, y])).abs().max() < 2.5


def test_the_package_finds_the_same_within_its_rounding(small_fan: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("transform_np", "_get_preds_fromhm"):  # numba takes half a minute to compile them
        compiled = getattr(package.utils, name)
        monkeypatch.setattr(package.utils, name, compiled.py_func)
    image = torch.zeros(1, 3, 128, 128)
    spot(image[0], 0, 61, 47)
    spot(image[0], 1, 90, 80)
    theirs = object.__new__(package.FaceAlignment)
    theirs.__dict__ |= {
        "device": "cpu",
        "dtype": torch.float32,
        "flip_input": True,
        "landmarks_type": package.LandmarksType.TWO_D,
        "max_batch_size": 1,
        "face_alignment_net": Brightest(),
        "face_detector": SimpleNamespace(reference_scale=195),
    }
    pixels = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
    expected = theirs.get_landmarks_from_image(pixels, detected_faces=[np.array([0, 0, 128, 128])])[0]
    prior, _ = FaceAlignment(weights=UNTRAINED)(image)
    assert np.abs(prior.landmarks[0].numpy() - expected).max() < 2.1  # whole pixels, after a crop of whole pixels


def test_a_peak_is_moved_a_quarter_of_a_pixel_towards_its_larger_neighbour() -> None:
    heatmaps = torch.zeros(1, 2, 8, 9)
    heatmaps[0, 0, 4, 5], heatmaps[0, 0, 4, 6], heatmaps[0, 0, 3, 5] = 1.0, 0.5, 0.2
    heatmaps[0, 1, 0, 2], heatmaps[0, 1, 0, 3] = 1.0, 0.5  # at the border: not moved
    assert _peaks(heatmaps).tolist() == [[[5.75, 4.25], [2.5, 0.5]]]


def test_the_box_says_where_the_face_is(small_fan: None) -> None:
    image = torch.zeros(1, 3, 128, 128)
    spot(image[0], 0, 30, 28)  # one in the box's window, and a larger one far outside
    spot(image[0], 0, 120, 120)
    spot(image[0], 0, 120, 120)
    prior, _ = FaceAlignment(box=(0.1, 0.1, 0.4, 0.4), mirrored=False, weights=UNTRAINED)(image)
    assert (prior.landmarks[0, 0] - torch.tensor([30.0, 28.0])).abs().max() < 1


def test_mirrored_heatmaps_are_averaged_with_their_points_changed(small_fan: None) -> None:
    torch.manual_seed(0)
    images = torch.rand(1, 3, 128, 128)
    (plain, _), (both, _) = (FaceAlignment(mirrored=m, weights=UNTRAINED)(images) for m in (False, True))
    (mirrored, _) = FaceAlignment(mirrored=False, weights=UNTRAINED)(images.flip(3))
    expected = (plain.heatmaps + mirrored.heatmaps.flip(3)[:, list(FLIP)]) / 2
    torch.testing.assert_close(both.heatmaps, expected)


def test_it_holds_the_contract(small_fan: None) -> None:
    class Untrained(FaceAlignment):
        __doc__ = FaceAlignment.__doc__

        def __init__(self) -> None:
            super().__init__(weights=UNTRAINED)

    assert failures("estimator", "face_alignment", Untrained) == {}


def test_the_real_network_fits(tmp_path: Path) -> None:
    """The package's own network, with random weights, saved and read as its file is."""
    from face_alignment.models import FAN

    torch.save(FAN(4).state_dict(), tmp_path / "fan.pth")
    module = FaceAlignment(mirrored=False, weights=tmp_path / "fan.pth")
    with torch.no_grad():
        prior, _ = module(torch.rand(1, 3, 128, 128))
    assert prior.landmarks.shape == (1, 68, 2)
    assert prior.heatmaps.shape == (1, 68, 64, 64)
    assert module.card == {"weights": "fan.pth"}


def test_what_is_missing_is_told(small_fan: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(MissingWeightsError, match=r"put 2DFAN4-\w+\.pth\.tar into .*checkpoints, or pass fetch=True"):
        FaceAlignment()
    (tmp_path / "broken.pth").write_text("nothing")
    with pytest.raises(DataError, match=r"broken\.pth: does not hold the weights of 2DFAN-4"):
        FaceAlignment(weights=tmp_path / "broken.pth")
    with pytest.raises(DataError, match=r"none\.pth: there is no such file; the weights of 2DFAN-4 were expected"):
        FaceAlignment(weights=tmp_path / "none.pth")
    for box in ((1, 0, 0, 1), (0, 0, 1), (0, float("nan"), 1, 1)):
        with pytest.raises(OptionError, match=re.escape(f"the box is {box}; (left, top, right, bottom)")):
            FaceAlignment(box=box, weights=UNTRAINED)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"priorsr\[landmarks\]"):
        FaceAlignment()
