"""The kernels of `landmark_fusion`, in the interpreter, against the reference in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from priorsr.errors import BackendError, ShapeError
from priorsr.kernels import landmark_fusion
from priorsr.kernels.landmark_fusion import component_maps, reference, triton_impl

Groups = tuple[tuple[int, ...], ...]

GROUPS: Groups = ((0, 2), (1,), (4, 2, 2))  # of 6 landmarks: 2 in two groups and twice in one, 3 and 5 in none
LAYOUTS = (torch.contiguous_format, torch.channels_last)


def drawn(
    batch: int, channels: int, landmarks: int, size: tuple[int, int], groups: Groups | None = GROUPS
) -> tuple[Tensor, Tensor]:
    """Features, and heatmaps of which the second has ties at its maximum and the third lies below the floor."""
    generator = torch.Generator().manual_seed(landmarks + size[0])
    components = landmarks if groups is None else len(groups)
    features = torch.randn(batch, components * channels, *size, generator=generator)
    heatmaps = torch.rand(batch, landmarks, *size, generator=generator) - 0.3
    heatmaps[:, 1:2] = heatmaps[:, 1:2].mul(3).round()
    heatmaps[:, 2:3] *= 0.05
    return features, heatmaps


def check(features: Tensor, heatmaps: Tensor, groups: Groups | None, agree: Callable[..., None]) -> tuple[Tensor, ...]:
    """Result and gradients of the kernels are those of the reference, and lie in memory as their inputs do."""
    leaves = [tensor.detach().requires_grad_() for tensor in (features, heatmaps)]
    exact_leaves = [tensor.detach().double().requires_grad_() for tensor in (features, heatmaps)]
    found = landmark_fusion(*leaves, groups, backend="triton")
    exact = reference.landmark_fusion(*exact_leaves, groups)
    outer = torch.randn(exact.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gradients = torch.autograd.grad(found, leaves, outer.to(found.dtype))
    exact_gradients = torch.autograd.grad(exact, exact_leaves, outer.to(found.dtype).double())
    assert found.dtype == features.dtype
    for one, other in zip((found, *gradients), (exact, *exact_gradients), strict=True):
        agree(one.detach(), other.detach())
    return found, *gradients


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("groups", [GROUPS, None])
@pytest.mark.parametrize(("channels", "size"), [(1, (1, 1)), (5, (7, 11)), (17, (16, 17)), (3, (1, 257))])
def test_ugly_sizes(agree, channels: int, size: tuple[int, int], groups: Groups | None, layout) -> None:
    inputs = [tensor.to(memory_format=layout) for tensor in drawn(2, channels, 6, size, groups)]
    found, d_features, d_maps = check(*inputs, groups, agree)
    assert found.is_contiguous(memory_format=layout)
    assert d_features.is_contiguous(memory_format=layout)
    assert d_maps.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(agree, dtype: torch.dtype) -> None:
    features, heatmaps = drawn(1, 5, 6, (7, 11))
    check(features.to(dtype), heatmaps, GROUPS, agree)
    check(features.to(dtype), heatmaps.to(dtype), GROUPS, agree)
    check(features.to(dtype), heatmaps[:, :3].to(dtype), None, agree)


def test_tensors_that_are_parts_of_others(agree) -> None:
    features, heatmaps = drawn(2, 4, 6, (7, 10))
    check(torch.cat([features, features], 1)[:, ::2], torch.cat([heatmaps, heatmaps], 1)[:, 3:9], GROUPS, agree)
    check(features[..., 1:8], heatmaps[..., 1:8], GROUPS, agree)
    check(features.mT, heatmaps.mT, GROUPS, agree)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_map_is_copied(layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch) -> None:
    features, heatmaps = (t.to(memory_format=layout).requires_grad_() for t in drawn(2, 4, 6, (5, 7)))
    monkeypatch.setattr(Tensor, "contiguous", lambda *_, **__: pytest.fail("a copy"))
    fused = landmark_fusion(features, heatmaps, GROUPS, backend="triton")
    d_features, d_maps = torch.autograd.grad(fused, (features, heatmaps), torch.randn_like(fused))
    assert (d_features.stride(), d_maps.stride()) == (features.stride(), heatmaps.stride())


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_shape(agree, data: st.DataObject) -> None:
    small = st.integers(1, 7)
    batch, channels, landmarks, height, width = (data.draw(small) for _ in range(5))
    one_group = st.lists(st.integers(0, landmarks - 1), min_size=1, max_size=6).map(tuple)
    groups = data.draw(st.none() | st.lists(one_group, min_size=1, max_size=4).map(tuple))
    check(*drawn(batch, channels, landmarks, (height, width), groups), groups, agree)


def test_equal_groups_have_no_gradient_but_rounding(agree) -> None:
    groups = ((0,), (0,))
    check(*drawn(1, 1, 1, (1, 2), groups), groups, agree)


def test_many_landmarks(agree) -> None:
    groups = (tuple(range(40)), tuple(range(39, 68)), (67, 0))
    for layout in LAYOUTS:
        check(*(tensor.to(memory_format=layout) for tensor in drawn(1, 2, 68, (5, 3), groups)), groups, agree)


def test_empty_batches() -> None:
    features, heatmaps = (tensor[:0].requires_grad_() for tensor in drawn(1, 4, 6, (3, 5)))
    fused = landmark_fusion(features, heatmaps, GROUPS, backend="triton")
    assert fused.shape == (0, 4, 3, 5)
    gradients = torch.autograd.grad(fused.sum(), (features, heatmaps))
    assert [gradient.shape for gradient in gradients] == [features.shape, heatmaps.shape]
    with pytest.raises(ShapeError, match=r"heatmaps \(1, 6, 0, 5\) are empty"):
        landmark_fusion(torch.zeros(1, 6, 0, 5), torch.zeros(1, 6, 0, 5), GROUPS, backend="triton")


def test_only_the_features_may_need_a_gradient(agree) -> None:
    features, heatmaps = drawn(1, 3, 6, (4, 5))
    leaf, exact = features.requires_grad_(), features.detach().double().requires_grad_()
    landmark_fusion(leaf, heatmaps, GROUPS, backend="triton").square().sum().backward()
    reference.landmark_fusion(exact, heatmaps.double(), GROUPS).square().sum().backward()
    agree(leaf.grad, exact.grad)


def test_a_nan_is_not_lost() -> None:
    features, heatmaps = drawn(1, 3, 6, (4, 5))
    heatmaps[0, 0, 0, 0] = torch.nan
    assert landmark_fusion(features, heatmaps, GROUPS, backend="triton").isnan().all()
    assert reference.landmark_fusion(features, heatmaps, GROUPS).isnan().all()


def test_a_component_may_be_ruled_out(agree) -> None:
    features, maps = drawn(1, 3, 4, (4, 5), None)
    maps[:, 0] = -torch.inf
    agree(
        landmark_fusion(features, maps, backend="triton"), reference.landmark_fusion(features.double(), maps.double())
    )


def test_a_wrong_kernel_is_seen(agree, monkeypatch: pytest.MonkeyPatch) -> None:
    right = component_maps._tables
    inputs = drawn(1, 3, 6, (4, 5))
    check(*inputs, GROUPS, agree)
    monkeypatch.setattr(component_maps, "_tables", lambda members, *others: right(members[::-1], *others))
    with pytest.raises(AssertionError):
        check(*inputs, GROUPS, agree)


@pytest.mark.parametrize("lists", [([0, 1, 2], [0, 2, 3]), ([], [])])
def test_the_operator_keeps_torchs_rules(lists: tuple[list[int], list[int]]) -> None:
    features, heatmaps = torch.randn(2, 6, 3, 5), torch.rand(2, 3 if lists[0] else 2, 3, 5)
    for needs in (True, False):
        inputs = features.requires_grad_(), heatmaps.clone().requires_grad_(needs)
        torch.library.opcheck(triton_impl._op, (*inputs, *lists, 0.05))


def test_its_gradient_cannot_be_differentiated() -> None:
    features, heatmaps = (tensor.requires_grad_() for tensor in drawn(1, 3, 6, (4, 5)))
    fused = landmark_fusion(features, heatmaps, GROUPS, backend="triton")
    (gradient,) = torch.autograd.grad(fused.square().sum(), features, create_graph=True)
    with pytest.raises(BackendError, match='differentiated again; compute with backend="reference"'):
        gradient.sum().backward()


def test_it_compiles_as_one_graph_with_its_gradient(agree) -> None:
    leaves = [tensor.requires_grad_() for tensor in drawn(2, 3, 6, (5, 7))]

    @torch.compile(fullgraph=True, backend="aot_eager")
    def loss(features: Tensor, heatmaps: Tensor) -> Tensor:
        return landmark_fusion(features, heatmaps, GROUPS, backend="triton").square().sum()

    exact = [leaf.detach().double().requires_grad_() for leaf in leaves]
    wanted = torch.autograd.grad(reference.landmark_fusion(*exact, GROUPS).square().sum(), exact)
    for one, other in zip(torch.autograd.grad(loss(*leaves), leaves), wanted, strict=True):
        agree(one, other)
