from __future__ import annotations

import math
from itertools import chain

import numpy as np
import pytest
import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels import LANDMARK_GROUPS, group_heatmaps, landmark_fusion

GROUPS = ((0, 2), (1,))


def spelt_out(features: np.ndarray, heatmaps: np.ndarray, floor: float) -> np.ndarray:
    """The fusion of one image by the README's formulas, pixel by pixel."""
    divisors = [max(float(m.max()), floor) for m in heatmaps]
    channels = len(features) // len(GROUPS)
    fused = np.zeros((channels, *features.shape[1:]))
    for i, j in np.ndindex(features.shape[1:]):
        merged = [sum(heatmaps[n, i, j] / divisors[n] for n in group) for group in GROUPS]
        total = sum(math.exp(k) for k in merged)
        for c in range(channels):
            fused[c, i, j] = sum(math.exp(k) / total * features[g * channels + c, i, j] for g, k in enumerate(merged))
    return fused


@pytest.mark.parametrize("floor", [0.05, 0.9])
def test_it_is_the_formula_of_its_readme(floor: float) -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 6, 3, 5, generator=generator, dtype=torch.float64)
    heatmaps = torch.rand(2, 3, 3, 5, generator=generator, dtype=torch.float64) - 0.3
    fused = landmark_fusion(features, heatmaps, GROUPS, floor=floor)
    assert fused.shape == (2, 3, 3, 5)
    for k in range(2):
        wanted = spelt_out(features[k].numpy(), heatmaps[k].numpy(), floor)
        np.testing.assert_allclose(fused[k].numpy(), wanted, rtol=1e-12)


def test_component_maps_are_taken_as_they_are() -> None:
    features, heatmaps = torch.randn(1, 8, 4, 4), torch.randn(1, 68, 4, 4)
    groups = ((1, 2), (5,))
    assert torch.equal(
        landmark_fusion(features, group_heatmaps(heatmaps, groups)), landmark_fusion(features, heatmaps, groups)
    )


def test_groups_may_be_of_any_landmarks() -> None:
    heatmaps = torch.rand(2, 7, 3, 4, dtype=torch.float64)
    groups = ((3, 1, 2, 6), (0, 0), (4, 5, 6, 0, 1), (5,))
    normalised = heatmaps / heatmaps.amax((2, 3), keepdim=True)
    wanted = torch.stack([normalised[:, list(group)].sum(1) for group in groups], 1)
    torch.testing.assert_close(group_heatmaps(heatmaps, groups), wanted)


def test_a_faint_map_is_not_raised_to_a_peak() -> None:
    faint, clear = torch.zeros(2, 1, 4, 4).unbind()
    faint[0, 1, 1], clear[0, 1, 1] = 0.01, 0.5
    maps = group_heatmaps(torch.stack([faint, clear], 1), ((0,), (1,)))
    torch.testing.assert_close(maps[0, :, 1, 1], torch.tensor([0.2, 1.0]))


def test_a_uniform_map_weighs_components_evenly() -> None:
    features = torch.randn(1, 10, 4, 4)
    torch.testing.assert_close(landmark_fusion(features, torch.ones(1, 5, 4, 4)), features.unflatten(1, (5, 2)).mean(1))


@pytest.mark.parametrize("which", ["features", "heatmaps"])
def test_gradients_are_those_of_the_formula(which: str) -> None:
    generator = torch.Generator().manual_seed(1)
    tensors = {
        "features": torch.randn(2, 4, 3, 4, generator=generator, dtype=torch.float64),
        "heatmaps": torch.rand(2, 3, 3, 4, generator=generator, dtype=torch.float64) - 0.3,
    }
    tensors["heatmaps"][:, 2] *= 0.05  # below the floor
    varied = tensors[which].requires_grad_()

    def fused(_: Tensor) -> Tensor:
        return landmark_fusion(tensors["features"], tensors["heatmaps"], GROUPS)

    assert torch.autograd.gradcheck(fused, varied)
    assert torch.autograd.gradgradcheck(fused, varied)


def test_half_precision_features_stay_so_while_weights_are_wide() -> None:
    features, heatmaps = torch.randn(1, 6, 4, 4), torch.rand(1, 3, 4, 4)
    exact = landmark_fusion(features.bfloat16().float(), heatmaps, GROUPS)
    half = landmark_fusion(features.bfloat16(), heatmaps, GROUPS)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), exact, rtol=2e-2, atol=2e-2)
    assert group_heatmaps(heatmaps.bfloat16(), GROUPS).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert group_heatmaps(heatmaps, GROUPS).dtype == torch.float32


def test_torch_exports_it() -> None:
    class Fused(torch.nn.Module):
        def forward(self, features: Tensor, heatmaps: Tensor) -> Tensor:
            return landmark_fusion(features, heatmaps, GROUPS)

    inputs = torch.randn(1, 4, 6, 6), torch.rand(1, 3, 6, 6)
    exported = torch.export.export(Fused(), inputs).module()
    torch.testing.assert_close(exported(*inputs), landmark_fusion(*inputs, GROUPS))


@pytest.mark.parametrize("count", [68, 194])
def test_merging_as_released(golden, count: int) -> None:
    wanted = golden("dic_merge_heatmaps")
    inputs = {68: (6, (2, 68, 32, 32)), 194: (7, (2, 194, 16, 16))}
    seed, shape = inputs[count]
    heatmaps = np.random.default_rng(seed).random(shape) - 0.3
    if count == 68:
        heatmaps[:, ::3] *= 0.05
    leaf = torch.from_numpy(heatmaps.astype(np.float32)).requires_grad_()
    merged = group_heatmaps(leaf, tuple(LANDMARK_GROUPS[count].values()))
    merged.square().sum().backward()
    assert leaf.grad is not None
    for found, name in ((merged.detach(), "merged"), (leaf.grad, "grad")):
        theirs = torch.from_numpy(wanted[f"{name}{count}"])
        assert (found - theirs).abs().max() < 1e-5 * theirs.abs().max()


def test_no_landmark_is_in_two_groups() -> None:
    for count, groups in LANDMARK_GROUPS.items():
        points = list(chain(*groups.values()))
        assert len(points) == len(set(points))
        assert max(points) < count


def test_misfits_are_told() -> None:
    features, heatmaps = torch.randn(1, 4, 6, 6), torch.rand(1, 3, 6, 6)
    with pytest.raises(OptionError, match=r"\(0, 3\); numbers from 0 to 2"):
        landmark_fusion(features, heatmaps, ((0, 3), (1,)))
    with pytest.raises(OptionError, match=r"group of landmarks is \(\)"):
        landmark_fusion(features, heatmaps, ((), (1,)))
    with pytest.raises(OptionError, match="no group of landmarks was given"):
        landmark_fusion(features, heatmaps, ())
    with pytest.raises(OptionError, match="floor=0"):
        landmark_fusion(features, heatmaps, GROUPS, floor=0)
    with pytest.raises(ShapeError, match="a multiple of 2 channels, and the same size"):
        landmark_fusion(features[..., :5], heatmaps, GROUPS)
    with pytest.raises(ShapeError, match="a multiple of 3 channels"):
        landmark_fusion(features, heatmaps)
    with pytest.raises(ShapeError, match="batches of 1 and 2"):
        landmark_fusion(features, heatmaps.expand(2, -1, -1, -1), GROUPS)
    with pytest.raises(OptionError, match=r"landmark fusion: a tensor has dtype torch.int64; floating-point"):
        landmark_fusion(features.long(), heatmaps, GROUPS)
    with pytest.raises(OptionError, match=r"grouping of heatmaps: a tensor has dtype torch.uint8"):
        group_heatmaps(heatmaps.byte(), GROUPS)
    with pytest.raises(ShapeError, match=r"\(B, C, H, W\) was expected"):
        group_heatmaps(heatmaps[0], GROUPS)
