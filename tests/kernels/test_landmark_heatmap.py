from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from priorsr.bench.running.profile import LiveMemory
from priorsr.errors import OptionError, ShapeError
from priorsr.kernels import landmark_heatmap, landmark_heatmap_max, landmark_heatmap_mse
from priorsr.kernels.landmark_heatmap import reference

ALL = torch.ones(1, 1, dtype=torch.bool)


def test_it_is_the_gaussian_of_its_readme() -> None:
    landmarks = torch.tensor([[[37.3, 90.8], [-5.0, 200.0], [12.0, 16.0]]])
    valid = torch.tensor([[True, True, True]])
    maps = landmark_heatmap(landmarks, valid, (19, 31), scale=4, sigma=1.7)
    assert maps.shape == (1, 3, 19, 31)
    for k, (x, y) in enumerate(landmarks[0].tolist()):
        for i, j in ((0, 0), (18, 30), (7, 9), (4, 3)):
            d2 = (i - y / 4) ** 2 + (j - x / 4) ** 2
            assert maps[0, k, i, j].item() == pytest.approx(math.exp(-d2 / (2 * 1.7**2)), rel=1e-5, abs=1e-37)


def test_the_peak_is_one_on_a_pixel_and_not_rounded_between_pixels() -> None:
    on = landmark_heatmap(torch.tensor([[[20.0, 8.0]]]), ALL, (8, 8), scale=4)
    assert on.max() == 1
    assert on[0, 0, 2, 5] == 1
    between = landmark_heatmap(torch.tensor([[[22.0, 8.0]]]), ALL, (8, 8), scale=4)
    assert between[0, 0, 2, 5].item() == between[0, 0, 2, 6].item() == pytest.approx(math.exp(-0.125))


def test_tails_are_not_cut() -> None:
    maps = landmark_heatmap(torch.tensor([[[0.0, 0.0]]]), ALL, (1, 13), scale=1)
    assert maps[0, 0, 0, 12].item() == pytest.approx(math.exp(-72), rel=1e-4)


def test_invalid_landmarks_are_zero_and_spoil_no_gradient() -> None:
    landmarks = torch.tensor([[[4.0, 4.0], [math.nan, math.inf]]], requires_grad=True)
    maps = landmark_heatmap(landmarks, torch.tensor([[True, False]]), (6, 6), scale=1)
    assert maps[0, 1].abs().max() == 0
    maps[..., 1, 2].sum().backward()
    assert landmarks.grad is not None
    assert landmarks.grad.isfinite().all()
    assert landmarks.grad[0, 0].abs().min() > 0
    assert landmarks.grad[0, 1].abs().max() == 0


def test_gradient_is_that_of_the_formula() -> None:
    landmarks = torch.tensor([[[9.3, 6.1]]], requires_grad=True)
    maps = landmark_heatmap(landmarks, ALL, (5, 7), scale=2, sigma=1.5)
    maps[0, 0, 2, 3].backward()
    expected = maps[0, 0, 2, 3].item() * torch.tensor([3 - 9.3 / 2, 2 - 6.1 / 2]) / (1.5**2 * 2)
    assert landmarks.grad is not None
    torch.testing.assert_close(landmarks.grad[0, 0], expected)


def test_it_stays_float32_under_autocast() -> None:
    landmarks = torch.tensor([[[100.3, 100.3]]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maps = landmark_heatmap(landmarks, None, (32, 32), scale=4)
    assert maps.dtype == torch.float32
    assert torch.equal(maps, landmark_heatmap(landmarks, None, (32, 32), scale=4))


def full(valid: torch.Tensor | None = None) -> dict[str, object]:
    return {"valid": valid, "scale": 1.7, "sigma": 1.3}


def spread(count: int = 4, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    landmarks = torch.rand(2, count, 2, generator=generator, dtype=dtype) * 12
    return landmarks, torch.tensor([[True, False, True, True], [True, True, True, False]])[:, :count]


def test_the_maximum_is_that_of_the_maps() -> None:
    landmarks, valid = spread()
    for known in (None, valid):
        maps = landmark_heatmap(landmarks, size=(6, 9), **full(known))
        found = landmark_heatmap_max(landmarks, size=(6, 9), **full(known))
        torch.testing.assert_close(found, maps.amax(1, keepdim=True))
    assert landmark_heatmap_max(landmarks, size=(6, 9), **full(valid & ~valid)).abs().max() == 0


@pytest.mark.parametrize("room", [1, 3 * 6 * 9, 2 * 16 * 6 * 9, 10**6])
def test_a_maximum_without_gradient_is_the_same(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(reference, "ROOM", room)  # of an image one landmark, three; of two images 16; all
    generator = torch.Generator().manual_seed(4)
    landmarks = torch.rand(3, 20, 2, generator=generator, dtype=torch.float64) * 12
    valid = torch.rand(3, 20, generator=generator) > 0.4
    for known in (None, valid, valid & ~valid):
        wanted = landmark_heatmap_max(landmarks.clone().requires_grad_(), size=(6, 9), **full(known))
        assert torch.equal(landmark_heatmap_max(landmarks, size=(6, 9), **full(known)), wanted)


def test_the_maximum_pulls_at_the_nearest_landmark() -> None:
    landmarks, valid = spread()
    leaf = landmarks.requires_grad_()
    (found,) = torch.autograd.grad(landmark_heatmap_max(leaf, size=(6, 9), **full(valid)).sum(), leaf)
    (wanted,) = torch.autograd.grad(landmark_heatmap(leaf, size=(6, 9), **full(valid)).amax(1).sum(), leaf)
    torch.testing.assert_close(found, wanted)
    both = torch.tensor([[[3.0, 2.0], [3.0, 2.0]]], requires_grad=True)  # the first of several that are as near
    landmark_heatmap_max(both, None, (4, 4), scale=1)[0, 0, 0, 0].backward()
    assert both.grad is not None
    assert both.grad[0, 0].abs().min() > 0
    assert both.grad[0, 1].abs().max() == 0


@pytest.mark.parametrize("weight", [0.0, 7.0])
def test_the_mse_is_that_to_the_maps(weight: float) -> None:
    landmarks, valid = spread()
    predictions = torch.randn(2, 4, 6, 9, dtype=torch.float64)
    for known in (None, valid):
        target = landmark_heatmap(landmarks, size=(6, 9), **full(known))
        found = landmark_heatmap_mse(predictions, landmarks, **full(known), peak_weight=weight)
        torch.testing.assert_close(found, ((1 + weight * target) * (predictions - target).square()).mean((2, 3)))


def test_a_small_mse_is_not_lost_in_cancellation() -> None:
    landmarks, _ = spread(dtype=torch.float32)
    exact = landmark_heatmap(landmarks.double(), size=(32, 32), **full())
    predictions = (exact + 1e-4).float()
    found = landmark_heatmap_mse(predictions, landmarks, **full())
    torch.testing.assert_close(found, torch.full_like(found, 1e-8), rtol=1e-2, atol=0)


@pytest.mark.parametrize("weight", [0.0, 7.0])
def test_every_gradient_is_right_twice(weight: float) -> None:
    landmarks, valid = spread()
    predictions = torch.randn(2, 4, 3, 5, dtype=torch.float64)

    def forms(maps: torch.Tensor, points: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (
            landmark_heatmap(points, size=(3, 5), **full(valid)),
            landmark_heatmap_max(points, size=(3, 5), **full(valid)),
            landmark_heatmap_mse(maps, points, **full(valid), peak_weight=weight),
        )

    leaves = predictions.requires_grad_(), landmarks.requires_grad_()
    assert torch.autograd.gradcheck(forms, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(forms, leaves, fast_mode=True)


def kept_and_held(form: Callable[[Tensor, Tensor], Tensor], count: int) -> tuple[float, float]:
    """What is kept for the gradient, and held at most, in (2,count,64,64) float32; nothing is computed."""
    with FakeTensorMode():
        predictions, landmarks = torch.empty(2, count, 64, 64), torch.empty(2, count, 2)
        with LiveMemory() as live:
            answer = form(predictions.requires_grad_(), landmarks.requires_grad_())
            kept = live.live
            answer.sum().backward()
    one = 4 * predictions.numel()
    return kept / one, live.peak / one


def test_heatmaps_are_not_stored() -> None:
    def mse(weight: float) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda maps, points: landmark_heatmap_mse(maps, points, None, scale=2, peak_weight=weight)

    def stored(maps: Tensor, points: Tensor) -> Tensor:
        target = landmark_heatmap(points, None, (64, 64), scale=2)
        return ((1 + 7 * target) * (maps - target).square()).mean((2, 3))

    assert kept_and_held(mse(0.0), 68)[0] < 1.1  # the difference
    assert kept_and_held(mse(7.0), 68)[0] < 2.1  # and its square
    assert kept_and_held(stored, 68)[0] > 2.9


def test_an_attention_map_takes_the_same_memory_whatever_the_number_of_landmarks() -> None:
    def attention(_: Tensor, points: Tensor) -> Tensor:
        return landmark_heatmap_max(points, None, (64, 64), scale=2)

    def stored(_: Tensor, points: Tensor) -> Tensor:
        return landmark_heatmap(points, None, (64, 64), scale=2).amax(1, keepdim=True)

    few, many = (count * kept_and_held(attention, count)[1] for count in (68, 194))
    assert many < 1.3 * few < 14  # maps of the size of the answer
    assert kept_and_held(stored, 68)[1] > 2


def test_half_precision_predictions_are_compared_in_float32() -> None:
    landmarks, valid = spread(dtype=torch.float32)
    predictions = torch.randn(2, 4, 6, 9).bfloat16()
    wanted = landmark_heatmap_mse(predictions.float(), landmarks, **full(valid))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(landmark_heatmap_mse(predictions, landmarks, **full(valid)), wanted)


def test_torch_exports_them() -> None:
    class All(torch.nn.Module):
        def forward(self, maps: torch.Tensor, points: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (
                landmark_heatmap(points, size=(3, 5), **full()),
                landmark_heatmap_max(points, size=(3, 5), **full()),
                landmark_heatmap_mse(maps, points, **full()),
            )

    inputs = torch.randn(2, 4, 3, 5), spread(dtype=torch.float32)[0]
    for found, wanted in zip(torch.export.export(All(), inputs).module()(*inputs), All()(*inputs), strict=True):
        torch.testing.assert_close(found, wanted)


def test_misfits_are_told() -> None:
    with pytest.raises(ShapeError, match=r"\(B, L, 2\) was expected"):
        landmark_heatmap(torch.zeros(3, 2), None, (4, 4), scale=1)
    with pytest.raises(ShapeError, match="valid"):
        landmark_heatmap(torch.zeros(1, 3, 2), torch.ones(1, 2, dtype=torch.bool), (4, 4), scale=1)
    with pytest.raises(OptionError, match=r"`valid` has dtype torch.uint8; torch.bool was expected"):
        landmark_heatmap(torch.zeros(1, 3, 2), torch.ones(1, 3, dtype=torch.uint8), (4, 4), scale=1)
    with pytest.raises(ShapeError, match=r"predictions have shape \(1, 2, 4, 4\); \(1, 3\) and at least a pixel"):
        landmark_heatmap_mse(torch.zeros(1, 2, 4, 4), torch.zeros(1, 3, 2), None, scale=1)
    with pytest.raises(OptionError, match="peak_weight is -1"):
        landmark_heatmap_mse(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 2), None, scale=1, peak_weight=-1)
    with pytest.raises(OptionError, match="heatmaps of 4 x 0 were asked for"):
        landmark_heatmap_max(torch.zeros(1, 3, 2), None, (4, 0), scale=1)
    with pytest.raises(OptionError, match="sigma=0"):
        landmark_heatmap(torch.zeros(1, 3, 2), None, (4, 4), scale=1, sigma=0)
