"""FID: the package's network and distance, but streamed, and never downloaded unasked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_fid import fid_score, inception
from scipy.linalg import sqrtm

import priorsr
from priorsr.errors import MissingWeightsError, PriorsrError, ShapeError
from priorsr.metrics.fid import FID, Moments, frechet_distance


@pytest.fixture(scope="module")
def score() -> FID:
    torch.manual_seed(0)
    return FID(weights="untrained")


def test_the_network_is_the_packages(score: FID, monkeypatch: pytest.MonkeyPatch) -> None:
    fc = torch.nn.Linear(2048, 1008).state_dict()
    weights = score.network.state_dict() | {f"fc.{name}": value for name, value in fc.items()}
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: weights)
    images = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = inception.InceptionV3().eval()(images)[0].flatten(1)
    torch.testing.assert_close(score.features(images), expected)
    assert score.features(images).std() > 0


def test_moments_come_in_batches() -> None:
    vectors = torch.randn(50, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 3
    moments = Moments(7)
    for part in vectors.split(13):
        moments.add(part)
    mean, covariance = moments.mean_and_covariance()
    np.testing.assert_allclose(mean, vectors.mean(0), atol=1e-13)
    np.testing.assert_allclose(covariance, np.cov(vectors.numpy(), rowvar=False), atol=1e-13)


@pytest.mark.parametrize("count", [200, 5])  # fewer vectors than dimensions: singular covariances
def test_the_distance_is_the_packages(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fid_score.linalg, "sqrtm", lambda matrix, disp: (sqrtm(matrix), 0.0))  # SciPy 1.18 has no disp
    generator = torch.Generator().manual_seed(count)
    sets = torch.randn(2, count, 12, dtype=torch.float64, generator=generator)
    sets[1] = 1.5 * sets[1] + 0.2
    (a, b), (c, d) = [(s.mean(0), torch.cov(s.T)) for s in sets]
    expected = fid_score.calculate_frechet_distance(a.numpy(), b.numpy(), c.numpy(), d.numpy())
    assert frechet_distance(a, b, c, d) == pytest.approx(expected, abs=1e-5 if count < 12 else 1e-9)
    assert frechet_distance(a, b, a, b) == pytest.approx(0, abs=1e-7)
    assert frechet_distance(a, b, c, b) == pytest.approx(float((a - c).square().sum()), abs=1e-6)


def test_a_set_in_batches(score: FID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features are replaced by something quick: means of 2,048 places."""
    monkeypatch.setattr("priorsr.metrics.fid.FEATURES", 12)
    monkeypatch.setattr(score, "features", lambda images: images.flatten(1)[:, :12])
    sr, hr = torch.rand(2, 20, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    whole, parts = score.start(), score.start()
    whole.add(sr, hr)
    for part in zip(sr.flip(0).split(7), hr.flip(0).split(7), strict=True):
        parts.add(*part)
    assert parts.value() == pytest.approx(whole.value(), abs=1e-12)
    assert whole.value() > 0.01
    assert whole.warning() is None
    few = score.start()
    with pytest.raises(PriorsrError, match="0 image"):
        few.value()
    few.add(hr[:2], hr[:2])
    assert few.value() == pytest.approx(0, abs=1e-9)
    assert "FID of 2 images: below 12" in str(few.warning())
    with pytest.raises(ShapeError, match="sr and hr"):
        few.add(sr[:1], hr)


def test_without_weights_it_says_which_file_goes_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(MissingWeightsError, match=r"put pt_inception-2015-12-05-6726825d\.pth into"):
        priorsr.create("score", "fid")
