"""The kernels of `channel_gate`, in the interpreter, against the reference in float64."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor

from priorsr.errors import BackendError
from priorsr.kernels import channel_gate
from priorsr.kernels.channel_gate import triton_impl
from priorsr.kernels.dispatch import Backend

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def drawn(batch: int, channels: int, height: int, width: int, hidden: int) -> list[Tensor]:
    """x, residual, W1, b1, W2, b2."""
    generator = torch.Generator().manual_seed(channels)
    image = (batch, channels, height, width)
    shapes = (image, image, (hidden, channels), (hidden,), (channels, hidden), (channels,))
    return [torch.randn(shape, generator=generator) + 0.3 for shape in shapes]


def gate_of(tensors: list[Tensor], backend: Backend = "triton") -> Tensor:
    """Of drawn tensors, with or without a residual."""
    x, *others = tensors
    w1, b1, w2, b2 = others[-4:]
    return channel_gate(x, others[0] if len(others) == 5 else None, (w1, b1), (w2, b2), backend=backend)


def check(inputs: list[Tensor], agree, layout: torch.memory_format = torch.contiguous_format) -> None:
    """The gated map and every gradient of the kernels are those of the reference."""
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    exact_leaves = [tensor.detach().double().requires_grad_() for tensor in inputs]
    found, exact = gate_of(leaves), gate_of(exact_leaves, "reference")
    assert found.dtype == inputs[0].dtype
    agree(found.detach(), exact.detach())
    outer = torch.rand(exact.shape, generator=torch.Generator().manual_seed(0)).to(found.dtype, memory_format=layout)
    gradients = torch.autograd.grad(found, leaves, outer)
    exact_gradients = torch.autograd.grad(exact, exact_leaves, outer.double())
    for one, other in zip(gradients, exact_gradients, strict=True):
        agree(one, other)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(1, 1, 1, 1, 1), (2, 5, 3, 7, 2), (2, 9, 7, 5, 3)])
def test_ugly_sizes(agree, size: tuple[int, ...], layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch) -> None:
    x, residual, *weights = drawn(*size)
    x, residual = x.to(memory_format=layout), residual.to(memory_format=layout)
    check([x, residual, *weights], agree, layout)
    check([x, *weights], agree, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_blocks(agree, layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch) -> None:
    x, residual, *weights = drawn(1, 9, 7, 5, 3)
    x = x.to(memory_format=layout)
    monkeypatch.setattr(triton_impl, "TILE", 16)
    monkeypatch.setattr(triton_impl, "PROGRAMS", 13)
    sums = triton_impl._sum_pixels(x, None)
    assert 1 < sums.shape[1] < 3 if layout == LAYOUTS[0] else sums.shape[1] == 18  # of 35 pixels: parts, and steps
    torch.testing.assert_close(sums.sum(1), x.sum((2, 3)))
    check([x, residual, *weights], agree, layout)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(size=st.tuples(*(st.integers(1, most) for most in (3, 40, 9, 9, 20))), last=st.booleans())
def test_any_shape(agree, size: tuple[int, int, int, int, int], last: bool) -> None:
    x, residual, *weights = drawn(*size)
    weights = [weight.abs() / weight.numel() for weight in weights]  # nothing cancels out, and no gate is near 1
    check([x.abs().to(memory_format=LAYOUTS[last]), residual, *weights], agree)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_has_float32_statistics(agree, dtype: torch.dtype) -> None:
    x, residual, *weights = drawn(2, 9, 5, 7, 2)
    check([x.to(dtype), residual.to(dtype), *weights], agree)
    check([tensor.to(dtype) for tensor in (x, residual, *weights)], agree)
    check([x.to(dtype), residual, *weights], agree)
    for backend in ("triton", "reference"):
        assert gate_of([x.to(dtype), residual, *weights], backend).dtype == dtype
    assert [kept.dtype for kept in triton_impl._forward(x.to(dtype), None, *weights)[1:]] == [torch.float32] * 3


def test_maps_that_are_parts_of_others(agree) -> None:
    whole, _, *weights = drawn(2, 12, 8, 10, 2)
    weights[0], weights[2] = weights[0][:, ::2], weights[2][::2]
    weights[3] = weights[3][::2]
    for x, residual in (
        (whole[:, ::2], whole[:, :6]),
        (whole[:, 3:9, 1:, 2:9], whole[:, :6].mT[:, :, 1:8, :7].mT),
        (whole.to(memory_format=torch.channels_last)[:, 3:9], whole[:, :6]),
        (whole[:, :6, :1].expand(-1, -1, 3, -1), whole[:, 6:, :3]),
    ):
        check([x, residual, *weights], agree)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_map_is_copied(layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch) -> None:
    x, residual, *weights = (tensor.requires_grad_() for tensor in drawn(2, 5, 3, 7, 2))
    x, residual = (tensor.detach().to(memory_format=layout).requires_grad_() for tensor in (x, residual))
    monkeypatch.setattr(Tensor, "contiguous", lambda tensor, **_: tensor if tensor.ndim == 1 else pytest.fail("a copy"))
    gated = gate_of([x, residual, *weights])
    (dx,) = torch.autograd.grad(gated, x, torch.randn_like(gated))
    assert gated.stride() == dx.stride() == x.stride()


@pytest.mark.parametrize("backend", ["triton", "reference"])
def test_no_images(backend: Backend) -> None:
    leaves = [tensor.requires_grad_() for tensor in drawn(0, 5, 3, 7, 2)]
    gated = gate_of(leaves, backend)
    assert gated.shape == (0, 5, 3, 7)
    gradients = torch.autograd.grad(gated.sum(), leaves)
    assert [gradient.shape for gradient in gradients] == [leaf.shape for leaf in leaves]
    assert all(gradient.abs().max() == 0 for gradient in gradients[2:])


def test_a_spoilt_image_stays_spoilt_and_alone() -> None:
    x, _, *weights = drawn(2, 5, 3, 7, 2)
    x[0, 2, 1, 1] = torch.nan
    gated = gate_of([x, *weights])
    assert gated[0].isnan().all()
    assert gated[1].isfinite().all()


def test_a_wrong_kernel_is_seen(agree, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = drawn(2, 5, 3, 7, 2)
    rightly = triton_impl._sum_pixels
    monkeypatch.setattr(triton_impl, "_sum_pixels", lambda x, y: rightly(x, y) * (1.001 if y is None else 1))
    with pytest.raises(AssertionError):
        check(inputs, agree)
    monkeypatch.setattr(triton_impl, "_sum_pixels", lambda x, y: rightly(x, y) * (1 if y is None else 1.001))
    with pytest.raises(AssertionError):
        check(inputs, agree)


def test_the_operator_keeps_torchs_rules() -> None:
    for needs in (True, False):
        x, residual, *weights = (tensor.requires_grad_(needs) for tensor in drawn(2, 3, 2, 3, 2))
        torch.library.opcheck(triton_impl._op, (x, residual, *weights))
    torch.library.opcheck(triton_impl._op, (x.to(memory_format=torch.channels_last), None, *weights))


def test_its_gradient_cannot_be_differentiated() -> None:
    inputs = [tensor.requires_grad_() for tensor in drawn(1, 3, 2, 2, 1)]
    (gradient,) = torch.autograd.grad(gate_of(inputs).square().sum(), inputs[0], create_graph=True)
    with pytest.raises(BackendError, match="cannot be differentiated again"):
        gradient.sum().backward()


def test_it_compiles_as_one_graph_with_its_gradient(agree) -> None:
    x, residual, w1, b1, w2, b2 = inputs = [tensor.requires_grad_() for tensor in drawn(2, 5, 3, 4, 2)]
    exact = [tensor.detach().double().requires_grad_() for tensor in inputs]
    compiled = torch.compile(channel_gate, fullgraph=True, backend="aot_eager")
    found = torch.autograd.grad(compiled(x, residual, (w1, b1), (w2, b2), backend="triton").square().sum(), inputs)
    wanted = torch.autograd.grad(gate_of(exact, "reference").square().sum(), exact)
    for one, other in zip(found, wanted, strict=True):
        agree(one, other)
