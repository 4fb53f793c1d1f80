"""The kernels of `landmark_heatmap`, in the interpreter, against the references in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from priorsr.errors import BackendError
from priorsr.kernels import landmark_heatmap, landmark_heatmap_max, landmark_heatmap_mse
from priorsr.kernels.landmark_heatmap import drawn_heatmaps, heatmap_errors

LAYOUTS = (torch.contiguous_format, torch.channels_last)
OPTIONS = {"scale": 1.7, "sigma": 1.3}


def drawn(batch: int, count: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Predictions, landmarks (some outside), and which are valid."""
    generator = torch.Generator().manual_seed(count + size[0])
    reach = OPTIONS["scale"] * torch.tensor(size[::-1])
    landmarks = (torch.rand(batch, count, 2, generator=generator) * 1.2 - 0.1) * reach
    valid = torch.rand(batch, count, generator=generator) > 0.3
    return torch.randn(batch, count, *size, generator=generator), landmarks, valid


def forms(predictions: Tensor, valid: Tensor | None) -> dict[str, Callable[..., Tensor]]:
    """The three operations as functions of (predictions, landmarks)."""
    size = predictions.shape[2:]
    return {
        "drawn": lambda _, marks, **how: landmark_heatmap(marks, valid, size, **OPTIONS, **how),
        "max": lambda _, marks, **how: landmark_heatmap_max(marks, valid, size, **OPTIONS, **how),
        "mse": lambda maps, marks, **how: landmark_heatmap_mse(maps, marks, valid, **OPTIONS, **how),
        "weighted mse": lambda maps, marks, **how: landmark_heatmap_mse(
            maps, marks, valid, **OPTIONS, peak_weight=3.5, **how
        ),
    }


def check(
    predictions: Tensor,
    landmarks: Tensor,
    valid: Tensor | None,
    agree: Callable[..., None],
    layout: torch.memory_format = LAYOUTS[0],
) -> None:
    """Results and gradients of the kernels are those of the references, and lie in memory as their inputs do."""
    predictions = predictions.to(memory_format=layout)
    for name, form in forms(predictions, valid).items():
        leaves = [tensor.detach().requires_grad_() for tensor in (predictions, landmarks)]
        exact_leaves = [tensor.detach().double().requires_grad_() for tensor in (predictions, landmarks)]
        found, exact = form(*leaves, backend="triton"), form(*exact_leaves, backend="reference")
        agree(found.detach(), exact.detach())
        outer = torch.randn(exact.shape, generator=torch.Generator().manual_seed(0))
        if exact.shape == predictions.shape:
            outer = outer.to(memory_format=torch.channels_last)
        which = slice(0 if "mse" in name else 1, 2)
        gradients = torch.autograd.grad(found, leaves[which], outer)
        exact_gradients = torch.autograd.grad(exact, exact_leaves[which], outer.double())
        for one, other in zip(gradients, exact_gradients, strict=True):
            agree(one, other)
        if "mse" in name:
            assert gradients[0].is_contiguous(memory_format=layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(1, 1), (7, 11), (16, 17), (3, 129)])
def test_ugly_sizes(agree, size: tuple[int, int], layout: torch.memory_format) -> None:
    predictions, landmarks, valid = drawn(2, 5, size)
    check(predictions, landmarks, valid, agree, layout)
    if size == (7, 11):
        check(predictions, landmarks, None, agree, layout)


def test_an_attention_map_of_several_tiles_each_way(agree) -> None:
    _, landmarks, valid = drawn(2, 5, (65, 130))
    landmarks[:, 4], valid[:, ::2] = landmarks[:, 2], True  # the first of the two is pulled
    leaf, exact = landmarks.requires_grad_(), landmarks.detach().double().requires_grad_()
    outer = torch.randn(2, 1, 65, 130, generator=torch.Generator().manual_seed(0))
    gradients = [
        torch.autograd.grad(landmark_heatmap_max(marks, valid, (65, 130), **OPTIONS, backend=backend), marks, out)[0]
        for marks, out, backend in ((leaf, outer, "triton"), (exact, outer.double(), "reference"))
    ]
    agree(*gradients)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 18), st.integers(1, 7), st.integers(1, 7)),
    all_valid=st.booleans(),
)
def test_any_shape(agree, shape: tuple[int, int, int, int], all_valid: bool) -> None:
    predictions, landmarks, valid = drawn(shape[0], shape[1], shape[2:])
    check(predictions, landmarks, None if all_valid else valid, agree)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(agree, dtype: torch.dtype) -> None:
    predictions, landmarks, valid = drawn(1, 3, (5, 7))
    predictions = predictions.to(dtype).requires_grad_()
    found = landmark_heatmap_mse(predictions, landmarks, valid, **OPTIONS, backend="triton")
    exact_predictions = predictions.detach().double().requires_grad_()
    exact = landmark_heatmap_mse(exact_predictions, landmarks.double(), valid, **OPTIONS)
    assert found.dtype == torch.float32
    agree(found.detach(), exact.detach())
    agree(*(torch.autograd.grad(e.sum(), p)[0] for e, p in ((found, predictions), (exact, exact_predictions))))


def test_predictions_that_are_parts_of_others(agree) -> None:
    predictions, landmarks, valid = drawn(2, 6, (7, 10))
    leaf, exact = predictions.requires_grad_(), predictions.detach().double().requires_grad_()
    for part in (lambda p: p[:, ::2, 1:, 2:9], lambda p: p[:, 1:4].mT, lambda p: p[:, :3, :1].expand(-1, -1, 7, -1)):
        one = landmark_heatmap_mse(part(leaf), landmarks[:, :3], valid[:, :3], **OPTIONS, backend="triton")
        other = landmark_heatmap_mse(part(exact), landmarks[:, :3].double(), valid[:, :3], **OPTIONS)
        agree(one.detach(), other.detach())
        agree(torch.autograd.grad(one.sum(), leaf)[0], torch.autograd.grad(other.sum(), exact)[0])


def test_nothing_is_drawn_of_what_is_not_valid() -> None:
    landmarks = torch.tensor([[[4.0, 4.0], [torch.nan, torch.inf]]], requires_grad=True)
    valid = torch.tensor([[True, False]])
    for form in forms(torch.zeros(1, 2, 6, 6), valid).values():
        answer = form(torch.zeros(1, 2, 6, 6), landmarks, backend="triton")
        assert answer.isfinite().all()
        (gradient,) = torch.autograd.grad(answer.square().sum(), landmarks)
        assert gradient[0, 0].abs().min() > 0
        assert gradient[0, 1].abs().max() == 0
    nothing = landmark_heatmap_max(landmarks, ~valid & valid, (6, 6), scale=1, backend="triton")
    assert nothing.abs().max() == 0


@pytest.mark.parametrize(("batch", "count"), [(0, 3), (2, 0)])
def test_no_images_and_no_landmarks(batch: int, count: int) -> None:
    predictions, landmarks = torch.zeros(batch, count, 4, 5), torch.zeros(batch, count, 2)
    for backend in ("triton", "reference"):
        for form in forms(predictions, None).values():
            leaves = predictions.clone().requires_grad_(), landmarks.clone().requires_grad_()
            answer = form(*leaves, backend=backend)
            assert answer.shape[0] == batch
            assert answer.abs().sum() == 0
            gradients = torch.autograd.grad(answer.sum(), leaves, allow_unused=True)
            assert [gradient.shape for gradient in gradients if gradient is not None][-1] == landmarks.shape


def test_landmarks_are_widened_outside(agree) -> None:
    _, landmarks, valid = drawn(1, 3, (5, 7))
    leaf = landmarks.half().requires_grad_()
    maps = landmark_heatmap(leaf, valid, (5, 7), **OPTIONS, backend="triton")
    agree(maps.detach(), landmark_heatmap(leaf.detach().double(), valid, (5, 7), **OPTIONS))
    assert torch.autograd.grad(maps.sum(), leaf)[0].dtype == torch.float16


def test_a_wrong_kernel_is_seen(agree, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = drawn(1, 3, (5, 7))
    for module in (drawn_heatmaps, heatmap_errors):
        monkeypatch.setattr(module, "falloff_of", lambda sigma: 1.001 / (2 * sigma**2))
    with pytest.raises(AssertionError):
        check(*inputs, agree)


@pytest.mark.parametrize("with_valid", [True, False])
def test_the_operators_keep_torchs_rules(with_valid: bool) -> None:
    predictions, landmarks, valid = drawn(2, 3, (4, 5))
    valid = valid if with_valid else None
    for needs in (True, False):
        inputs = predictions.requires_grad_(), landmarks.clone().requires_grad_(needs)
        torch.library.opcheck(drawn_heatmaps._draw_op, (inputs[1], valid, 4, 5, 1.7, 1.3))
        torch.library.opcheck(drawn_heatmaps._max_op, (inputs[1], valid, 4, 5, 1.7, 1.3))
        torch.library.opcheck(heatmap_errors._mse_op, (*inputs, valid, 1.7, 1.3, 2.0))


def test_their_gradients_cannot_be_differentiated() -> None:
    predictions, landmarks, valid = drawn(1, 3, (4, 5))
    landmarks.requires_grad_()
    for form in forms(predictions, valid).values():
        answer = form(predictions, landmarks, backend="triton")
        (gradient,) = torch.autograd.grad(answer.square().sum(), landmarks, create_graph=True)
        with pytest.raises(BackendError, match="cannot be differentiated again"):
            gradient.sum().backward()


def test_an_attention_map_takes_the_same_memory_whatever_the_number_of_landmarks(held: Callable[..., int]) -> None:
    def both_ways(count: int) -> tuple[Tensor, ...]:
        landmarks, outer = torch.empty(64, count, 2), torch.empty(64, 1, 128, 128)
        answer = drawn_heatmaps._max(landmarks, None, 128, 128, 1.0, 2.0)
        return answer, drawn_heatmaps._max_backward(outer, landmarks, None, 1.0, 2.0)

    few, many = (held(drawn_heatmaps, partial(both_ways, count)) - 4 * 64 * (128**2 + 2 * count) for count in (68, 194))
    assert 0 < few < many < 1.05 * few  # beside the inputs


def test_they_compile_as_one_graph_with_their_gradients(agree) -> None:
    predictions, landmarks, valid = drawn(1, 3, (4, 5))
    for name, form in forms(predictions, valid).items():
        leaf, exact = landmarks.clone().requires_grad_(), landmarks.double().requires_grad_()
        compiled = torch.compile(partial(form, backend="triton"), fullgraph=True, backend="aot_eager")
        found = torch.autograd.grad(compiled(predictions, leaf).sum(), leaf)[0]
        wanted = form(predictions.double(), exact, backend="reference")
        agree(found, torch.autograd.grad(wanted.sum(), exact)[0]), name
