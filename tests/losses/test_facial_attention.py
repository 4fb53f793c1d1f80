"""PFSR's losses on heatmaps against their formulas."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.losses import facial_attention_loss, heatmap_loss, normalised_heatmaps


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def by_hand(heatmaps: Tensor) -> Tensor:
    return torch.stack([(maps - maps.min()) / (maps.max() - maps.min()) for maps in heatmaps])


def test_an_images_heatmaps_are_normalised_together() -> None:
    heatmaps = torch.randn(3, 4, 5, 6)
    found = normalised_heatmaps(heatmaps)
    assert torch.allclose(found, by_hand(heatmaps))
    assert found.amax((1, 2, 3)).tolist() == [1, 1, 1]
    assert (found.amax((2, 3)) < 1).any()  # not each landmark by itself


def test_attention_weighs_the_difference_by_the_largest_heatmap() -> None:
    sr, hr, heatmaps = torch.rand(2, 3, 4, 6), torch.rand(2, 3, 4, 6), torch.randn(2, 5, 4, 6)
    attention = by_hand(heatmaps).max(1, keepdim=True).values
    assert facial_attention_loss(sr, hr, heatmaps).item() == pytest.approx(
        (attention * (sr - hr).abs()).mean().item(), rel=1e-6
    )


def test_heatmaps_of_another_size_are_resized() -> None:
    sr, hr, heatmaps = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8), torch.rand(1, 2, 4, 4)
    heatmaps[0, 0], heatmaps[0, 1] = 1.0, 0.0
    assert facial_attention_loss(sr, hr, heatmaps).item() == pytest.approx((sr - hr).abs().mean().item(), rel=1e-6)


def test_each_side_is_normalised_by_its_own_range() -> None:
    sr, hr = torch.randn(2, 3, 4, 4) * 3 + 5, torch.randn(2, 3, 4, 4)
    assert heatmap_loss(sr, hr).item() == pytest.approx((by_hand(sr) - by_hand(hr)).square().mean().item(), rel=1e-5)
    assert heatmap_loss(2 * hr + 1, hr).item() == pytest.approx(0, abs=1e-12)


def test_flat_heatmaps_give_no_attention_and_no_nan() -> None:
    sr = torch.rand(1, 3, 4, 4).requires_grad_()
    assert facial_attention_loss(sr, torch.rand(1, 3, 4, 4), torch.ones(1, 2, 4, 4)).item() == 0
    flat = torch.ones(1, 2, 4, 4, requires_grad=True)
    heatmap_loss(flat, torch.rand(1, 2, 4, 4)).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_the_gradient_flows_to_srs_side_alone() -> None:
    sr, hr, maps, wanted = (x.requires_grad_() for x in torch.rand(4, 1, 3, 4, 4).unbind())
    leaves = [x.detach().requires_grad_() for x in (sr, hr, maps, wanted)]
    (facial_attention_loss(leaves[0], leaves[1], leaves[3]) + heatmap_loss(leaves[2], leaves[3])).backward()
    assert [leaf.grad is not None and bool(leaf.grad.any()) for leaf in leaves] == [True, True, True, False]


def test_half_precision_is_answered_in_float32() -> None:
    sr, hr, maps = torch.rand(3, 1, 3, 4, 4).bfloat16().unbind()
    assert facial_attention_loss(sr, hr, maps).dtype == heatmap_loss(maps, hr).dtype == torch.float32


def test_misfits_are_told() -> None:
    with pytest.raises(ShapeError, match="sr and hr have shapes"):
        facial_attention_loss(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 8, 8), torch.rand(1, 2, 4, 4))
    with pytest.raises(ShapeError, match="batches of 2 and 1"):
        facial_attention_loss(torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4), torch.rand(1, 2, 4, 4))
    with pytest.raises(ShapeError, match="sr_heatmaps and hr_heatmaps"):
        heatmap_loss(torch.rand(1, 2, 4, 4), torch.rand(1, 3, 4, 4))
    with pytest.raises(ShapeError, match=r"the heatmaps has shape \(2, 4, 4\)"):
        normalised_heatmaps(torch.rand(2, 4, 4))
