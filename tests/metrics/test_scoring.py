"""Scoring halves: each protocol against its script's own answers, and against the script's arithmetic in numpy."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from priorsr.errors import PriorsrError, ShapeError
from priorsr.metrics import Scores, load_protocol, protocol_names, score_many, to_8bit

every_protocol = pytest.mark.parametrize(
    "protocol", [load_protocol(name) for name in protocol_names()], ids=lambda p: p.id
)


def luma(rgb: np.ndarray) -> np.ndarray:
    """(B,H,W,3) on 0..255 -> (B,H,W). Not by `np.dot`: there the machine decides how a tie between two bytes rounds."""
    return (65.481 * rgb[..., 0] + 128.553 * rgb[..., 1] + 24.966 * rgb[..., 2]) / 255 + 16


@pytest.mark.parametrize(
    ("protocol", "score", "tolerance"),
    [
        ("dic@1", "psnr", 1e-6),
        ("dic@1", "ssim", 1e-6),
        ("kdfsrnet@1", "psnr", 1e-6),
        ("kdfsrnet@1", "ssim", 1e-5),
        ("pfsr@1", "psnr", 1e-6),
        ("pfsr@1", "ssim", 1e-6),
        ("pfsr@1", "msssim", 1e-6),
    ],
)
def test_golden(golden, protocol, score, tolerance):
    arrays = golden("metrics")
    column = json.loads(str(arrays["columns"])).index(f"{protocol.partition('@')[0]}_{score}")
    sr, hr = (torch.from_numpy(arrays[name]).permute(0, 3, 1, 2).float() / 255 for name in ("sr", "hr"))
    result = load_protocol(protocol).score(sr, hr).per_image[score]
    np.testing.assert_allclose(result, arrays["scores"][:, column], rtol=0, atol=tolerance)


def psnr(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """PSNR on 0..255 of each of (B,...)."""
    return 20 * np.log10(255 / np.sqrt(((sr - hr) ** 2).reshape(len(sr), -1).mean(axis=1)))


def ssim(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """SSIM on 0..255 of each of (B,H,W), by two-dimensional windows cut out of the images."""
    taps = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    window = np.outer(taps, taps) / taps.sum() ** 2

    def mean(x: np.ndarray) -> np.ndarray:
        return np.einsum("bhwij,ij->bhw", np.lib.stride_tricks.sliding_window_view(x, (11, 11), axis=(1, 2)), window)

    mean_sr, mean_hr = mean(sr), mean(hr)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_sr * mean_hr + c1) * (2 * (mean(sr * hr) - mean_sr * mean_hr) + c2)
    variances = mean(sr**2) - mean_sr**2 + mean(hr**2) - mean_hr**2
    return (top / ((mean_sr**2 + mean_hr**2 + c1) * (variances + c2))).mean(axis=(1, 2))


def channels_last(images: Tensor) -> np.ndarray:
    """(B,3,H,W) in [0, 1] -> (B,H,W,3) on 0..255."""
    return images.double().permute(0, 2, 3, 1).numpy() * 255


def to_bytes(images: Tensor) -> np.ndarray:
    """(B,3,H,W) in [0, 1] -> (B,H,W,3) uint8."""
    return (images.permute(0, 2, 3, 1).numpy() * np.float32(255)).clip(0, 255).round().astype(np.uint8)


def test_dic_is_its_scripts_arithmetic(rough_pair):
    y8 = [np.round(luma(to_bytes(x))).astype(np.uint8)[:, 8:-8, 8:-8] for x in rough_pair]
    expected = {
        "psnr": psnr(*(y.astype(float) for y in y8)),
        "ssim": ssim(*((y * np.uint8(255)).astype(float) for y in y8)),
    }
    assert_scores("dic@1", rough_pair, expected)
    assert abs(expected["ssim"] - ssim(*(y.astype(float) for y in y8))).min() > 1e-4  # the fault shows


def test_kdfsrnet_is_its_scripts_arithmetic(rough_pair):
    y = [luma(channels_last(x))[:, 8:-8, 8:-8] for x in rough_pair]
    assert_scores("kdfsrnet@1", rough_pair, {"psnr": psnr(*y), "ssim": ssim(*y)})


def test_pfsr_is_its_scripts_arithmetic(rough_pair):
    rgb = [channels_last(x) for x in rough_pair]
    similarity = np.mean([ssim(*(x[..., channel] for x in rgb)) for channel in range(3)], axis=0)
    assert_scores("pfsr@1", rough_pair, {"psnr": psnr(*rgb), "ssim": similarity})


def test_priorsr_is_its_definition(rough_pair):
    rgb = [to_bytes(x).astype(float)[:, 8:-8, 8:-8] for x in rough_pair]
    y = [luma(x) for x in rgb]
    expected = {
        "psnr_y": psnr(*y),
        "psnr_rgb": psnr(*rgb),
        "ssim_y": ssim(*y),
        "ssim_rgb": np.mean([ssim(*(x[..., channel] for x in rgb)) for channel in range(3)], axis=0),
    }
    assert_scores("priorsr@1", rough_pair, expected)


def test_sfmnet_is_scikit_image_as_it_comes(rough_pair):
    y8 = [np.round(luma(to_bytes(x))).astype(np.uint8)[:, 8:-8, 8:-8] for x in rough_pair]
    expected = {
        "psnr": [peak_signal_noise_ratio(hr, sr) for sr, hr in zip(*y8, strict=True)],
        "ssim": [structural_similarity(sr, hr) for sr, hr in zip(*y8, strict=True)],
    }
    assert_scores("sfmnet@1", rough_pair, expected)


def test_ctcnet_is_scikit_image_on_truncated_y(rough_pair):
    """Y as the script computes it, but for colours whose Y is whole, of which these pictures have none."""
    y8 = [luma(to_bytes(x)).astype(np.uint8) for x in rough_pair]
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = {
        "psnr": [peak_signal_noise_ratio(hr, sr) for sr, hr in zip(*y8, strict=True)],
        "ssim": [structural_similarity(sr, hr, **gaussian) for sr, hr in zip(*y8, strict=True)],
    }
    assert_scores("ctcnet@1", rough_pair, expected)
    rounded = [np.round(luma(to_bytes(x))).astype(np.uint8) for x in rough_pair]
    assert abs(expected["psnr"] - psnr(*(y.astype(float) for y in rounded))).max() > 1e-4  # the fault shows


def test_mmagic_is_scikit_image_on_rgb(rough_pair):
    rgb = [to_bytes(x)[:, 8:-8, 8:-8] for x in rough_pair]
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    expected = {
        "psnr": [peak_signal_noise_ratio(hr, sr) for sr, hr in zip(*rgb, strict=True)],
        "ssim": [structural_similarity(sr, hr, **gaussian) for sr, hr in zip(*rgb, strict=True)],
    }
    assert_scores("mmagic@1", rough_pair, expected)


def assert_scores(protocol: str, pair: tuple[Tensor, Tensor], expected: dict[str, np.ndarray]) -> None:
    scores = load_protocol(protocol).score(*pair)
    for name, values in expected.items():
        np.testing.assert_allclose(scores.per_image[name], values, rtol=0, atol=1e-9)


@every_protocol
def test_equal_images_are_perfect(protocol, pair):
    for name, values in protocol.score(pair[1], pair[1]).per_image.items():
        assert values.tolist() == pytest.approx([torch.inf if "psnr" in name else 1] * 5, abs=1e-12)


@every_protocol
def test_shuffled_pairs_drop_and_grey_loses(protocol, pair):
    sr, hr = pair
    scores = protocol.aggregate(protocol.score(sr, hr))
    grey = hr.mean(dim=(1, 2, 3), keepdim=True).expand_as(hr)
    for worse in (sr.roll(1, 0), grey):
        for name, value in protocol.aggregate(protocol.score(worse, hr)).items():
            assert value < scores[name], name


@every_protocol
def test_batches_do_not_matter_to_an_image(protocol, rough_pair):
    sr, hr = rough_pair
    whole = protocol.score(sr, hr)
    order = [3, 1, 4, 0, 2]
    parts = Scores.join([protocol.score(sr[order[:2]], hr[order[:2]]), protocol.score(sr[order[2:]], hr[order[2:]])])
    for name, values in whole.per_image.items():
        assert values.dtype == torch.float64
        assert torch.allclose(parts.per_image[name], values[order], rtol=0, atol=1e-12)
        assert torch.allclose(parts.terms[name], whole.terms[name][order], rtol=0, atol=1e-12)


def test_together_every_protocol_scores_as_alone_and_no_bit_depends_on_batch_or_threads(rough_pair):
    protocols = [load_protocol(name) for name in protocol_names()]
    sr, hr = rough_pair
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        together = score_many([protocol.scoring for protocol in protocols], sr, hr)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        for protocol, found in zip(protocols, together, strict=True):
            alone = Scores.join([protocol.score(sr[:2], hr[:2]), protocol.score(sr[2:], hr[2:])])
            for name, values in alone.terms.items():
                assert torch.equal(values, found.terms[name]), f"{protocol.id} {name}"
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", [name for name in protocol_names() if name != "pfsr@1"])
def test_aggregate_is_the_mean_of_the_images(name, rough_pair):
    protocol = load_protocol(name)
    scores = protocol.score(*rough_pair)
    expected = {column: float(values.mean()) for column, values in scores.per_image.items()}
    assert protocol.aggregate(scores) == pytest.approx(expected, abs=1e-12)


def test_pfsr_aggregates_batches_of_16_in_order():
    """20 images, a batch of 16 and one of 4: PSNR is of each batch's mean MSE, then averaged.

    SSIM and MS-SSIM are of each batch's mean over its images' own values, which is our reading.
    """
    generator = torch.Generator().manual_seed(0)
    hr = torch.randint(0, 256, (20, 3, 128, 128), generator=generator).float() / 255
    sr = hr + torch.linspace(0.01, 0.4, 20).view(-1, 1, 1, 1) * torch.randn(hr.shape, generator=generator)
    protocol = load_protocol("pfsr@1")
    scores = protocol.score(sr, hr)
    result = protocol.aggregate(scores)
    mse = (sr.double() - hr.double()).square().mean(dim=(1, 2, 3))
    batches = (slice(0, 16), slice(16, 20))
    assert result["psnr"] == pytest.approx(
        np.mean([-10 * np.log10(float(mse[batch].mean())) for batch in batches]), abs=1e-9
    )
    assert result["ssim"] == pytest.approx(np.mean([scores.per_image["ssim"][batch].mean() for batch in batches]))
    means = [scores.per_image["msssim"][batch].mean() for batch in batches]
    assert result["msssim"] == pytest.approx(np.mean(means), abs=1e-9)
    order = torch.arange(20).flip(0)
    reversed_scores = protocol.score(sr[order], hr[order])
    assert abs(protocol.aggregate(reversed_scores)["psnr"] - result["psnr"]) > 0.1
    assert abs(float(scores.per_image["psnr"].mean()) - result["psnr"]) > 0.1


def test_quantising_matters_to_rough_outputs(rough_pair):
    """Overshoot and fractions are scored by the raw protocols, not by the others."""
    sr, hr = rough_pair
    rounded = to_8bit(sr).float() / 255
    for name, column, is_same in (
        ("priorsr@1", "psnr_rgb", True),
        ("dic@1", "psnr", True),
        ("sfmnet@1", "psnr", True),
        ("ctcnet@1", "psnr", True),
        ("mmagic@1", "psnr", True),
        ("kdfsrnet@1", "psnr", False),
        ("pfsr@1", "psnr", False),
    ):
        protocol = load_protocol(name)
        difference = protocol.score(rounded, hr).per_image[column] - protocol.score(sr, hr).per_image[column]
        assert (difference.abs() == 0).all() if is_same else (difference.abs() > 1e-6).all()


def test_half_precision_outputs_are_scored_in_double(pair):
    sr, hr = pair
    low = sr.bfloat16()
    protocol = load_protocol("kdfsrnet@1")
    assert torch.equal(protocol.score(low, hr).per_image["psnr"], protocol.score(low.double(), hr).per_image["psnr"])


@every_protocol
def test_mistakes(protocol, pair):
    sr, hr = pair
    broken = sr.clone()
    broken[3, 0, 60, 60] = torch.nan
    with pytest.raises(PriorsrError, match="SR image 3 of the batch of 5 holds NaN"):
        protocol.score(broken, hr)
    off = hr.clone()
    off[2] += 0.3 / 255
    with pytest.raises(PriorsrError, match="HR image 2 of the batch of 5 is not 8-bit"):
        protocol.score(sr, off)
    with pytest.raises(PriorsrError, match="HR image 0 of the batch of 5 has values from 0 to 255"):
        protocol.score(sr, hr * 255)
    with pytest.raises(ShapeError, match="SR and HR have shapes"):
        protocol.score(sr[:4], hr)
    with pytest.raises(ShapeError, match="64 x 64 pixels; the protocol is for 128 x 128"):
        protocol.score(sr[..., :64, :64], hr[..., :64, :64])
