"""The kernels of `parsing_attention`, in the interpreter, against the reference in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor

from priorsr.errors import BackendError
from priorsr.kernels import parsing_attention
from priorsr.kernels.dispatch import Backend
from priorsr.kernels.parsing_attention import triton_impl
from priorsr.kernels.parsing_attention.attention_tiles import launch_settings


def drawn(
    batch: int, heads: int, tokens: int, width: int, v_width: int, classes: int, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, ...]:
    """q, k, v, probabilities and scales; q and k are parts of one tensor, v lies as a map (B,C,H,W) does."""
    generator = torch.Generator().manual_seed(tokens)
    both = torch.randn(batch, tokens, 2, heads, width, generator=generator).to(dtype)
    q, k = both.permute(2, 0, 3, 1, 4).unbind(0)
    v = torch.randn(batch, heads, v_width, tokens, generator=generator).to(dtype).mT
    probabilities = torch.randn(batch, classes, tokens, generator=generator).mul(3).softmax(1)
    return q, k, v, probabilities, torch.randn(heads, generator=generator)


def check(inputs: tuple[Tensor, ...], agree) -> None:
    """The attention and every gradient of the kernels are those of the reference."""
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    exact_leaves = [tensor.detach().double().requires_grad_() for tensor in inputs]
    found = parsing_attention(*leaves, eps=0.03, backend="triton")
    exact = parsing_attention(*exact_leaves, eps=0.03, backend="reference")
    assert found.dtype == inputs[2].dtype
    agree(found.detach(), exact.detach())
    outer = torch.randn(exact.mT.shape, generator=torch.Generator().manual_seed(0)).mT.to(found.dtype)
    gradients = torch.autograd.grad(found, leaves, outer)
    exact_gradients = torch.autograd.grad(exact, exact_leaves, outer.double())
    for leaf, one, other in zip(leaves, gradients, exact_gradients, strict=True):
        assert one.dtype == leaf.dtype
        agree(one.to(found.dtype), other)  # all of them are as exact as the attention that is kept for them


@pytest.mark.parametrize(
    ("batch", "heads", "tokens", "width", "v_width", "classes"),
    [
        (2, 3, 37, 5, 7, 11),  # a step that is not full
        (1, 2, 67, 16, 16, 19),  # two blocks of rows, of which one is hardly begun
        (1, 1, 1, 1, 1, 1),
        (1, 2, 17, 33, 20, 3),  # one head at a time
    ],
)
def test_ugly_sizes(agree, batch: int, heads: int, tokens: int, width: int, v_width: int, classes: int) -> None:
    check(drawn(batch, heads, tokens, width, v_width, classes), agree)


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(shape=st.tuples(*(st.integers(*reach) for reach in ((1, 2), (1, 3), (2, 20), (1, 18), (1, 18), (2, 20)))))
def test_any_shape(agree, shape: tuple[int, int, int, int, int, int]) -> None:
    check(drawn(*shape), agree)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_has_float32_statistics(agree, dtype: torch.dtype) -> None:
    """The interpreter feeds products with float32, where a GPU takes the tensors' own type: its rounding is unseen."""
    inputs = drawn(1, 2, 19, 8, 8, 5, dtype)
    check(inputs, agree)
    assert triton_impl._forward(*inputs, 0.01)[1].dtype == torch.float32


def test_a_scale_far_below_zero_and_logits_far_from_it(agree) -> None:
    q, k, v, probabilities, scales = drawn(1, 2, 9, 4, 4, 3)
    scales = torch.tensor([-20.0, 20.0])
    check((q * 10, k, v, probabilities, scales), agree)


@pytest.mark.parametrize("backend", ["triton", "reference"])
def test_no_images(backend: Backend) -> None:
    leaves = [tensor.requires_grad_() for tensor in drawn(0, 2, 5, 4, 4, 3)]
    attended = parsing_attention(*leaves, backend=backend)
    assert attended.shape == (0, 2, 5, 4)
    gradients = torch.autograd.grad(attended.sum(), leaves)
    assert [gradient.shape for gradient in gradients] == [leaf.shape for leaf in leaves]
    assert gradients[4].abs().max() == 0


def test_a_wrong_kernel_is_seen(agree, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = drawn(1, 2, 9, 4, 4, 3)
    rightly = triton_impl.launch_arguments

    def with_another_eps(*tensors: Tensor, **how: bool) -> tuple[object, ...]:
        grid, sizes, launch = rightly(*tensors, **how)
        return grid, (*sizes[:-1], sizes[-1] * 1.01), launch

    monkeypatch.setattr(triton_impl, "launch_arguments", with_another_eps)
    with pytest.raises(AssertionError):
        check(inputs, agree)


def test_what_kernels_cannot_take_is_told() -> None:
    with pytest.raises(BackendError, match="there are 65 channels of q in float32, and kernels take 1 to 64"):
        parsing_attention(*drawn(1, 1, 2, 65, 4, 3), backend="triton")
    halves = [tensor.bfloat16() for tensor in drawn(1, 1, 2, 128, 129, 3)]
    with pytest.raises(BackendError, match="there are 129 channels of v in half precision, and kernels take 1 to 128"):
        parsing_attention(*halves, backend="triton")
    halves[0] = halves[0].float()  # so that all products are of float32
    with pytest.raises(BackendError, match="there are 128 channels of q in float32"):
        parsing_attention(*halves, backend="triton")
    with pytest.raises(BackendError, match="there are 300 classes"):
        parsing_attention(*drawn(1, 1, 2, 4, 4, 300), backend="triton")
    far = torch.empty(1, 1, 2**16, 2**15 + 1, device="meta")[..., :4]
    with pytest.raises(BackendError, match="reach over more than the 2147483647"):
        parsing_attention(far, far, far, far.mT[:, 0, :3], far[0, 0, 0, :1], backend="triton")


def test_heads_are_taken_together_while_they_fit() -> None:
    def heads_at_once(heads: int, width: int, dtype: torch.dtype = torch.bfloat16, *, backward: bool = False) -> int:
        launch = launch_settings(heads, width, dtype, backward=backward)
        assert heads % launch.heads == 0
        return launch.heads

    assert heads_at_once(4, 32) == 4
    assert heads_at_once(4, 32, backward=True) == 2
    assert heads_at_once(7, 32) == 1
    assert heads_at_once(6, 32) == 3
    assert heads_at_once(8, 512) == 1
    assert heads_at_once(4, 32, torch.float32) == 2


def test_a_head_that_is_too_wide_has_twice_the_warps() -> None:
    assert launch_settings(4, 32, torch.float32, backward=True).warps == 4
    assert launch_settings(4, 64, torch.float32, backward=True).warps == 8
    assert launch_settings(4, 64, torch.float32, backward=False).warps == 4


def test_memory_grows_with_the_number_of_tokens(held: Callable[..., int]) -> None:
    def both_ways(tokens: int) -> None:
        q, k, v, outer = (torch.empty(1, 4, tokens, 16) for _ in range(4))
        p, scales = torch.empty(1, 19, tokens), torch.empty(4)
        triton_impl._backward(outer, q, k, v, p, scales, *triton_impl._forward(q, k, v, p, scales, 0.01), 0.01)

    few, many = (held(triton_impl, partial(both_ways, tokens)) for tokens in (1024, 16384))
    assert 15.9 * few < many < 16.1 * few


def test_the_operator_keeps_torchs_rules() -> None:
    inputs = drawn(1, 2, 5, 3, 4, 3)
    torch.library.opcheck(triton_impl._op, (*(tensor.requires_grad_() for tensor in inputs), 0.01))


def test_its_gradient_cannot_be_differentiated() -> None:
    inputs = [tensor.requires_grad_() for tensor in drawn(1, 1, 3, 2, 2, 2)]
    (gradient,) = torch.autograd.grad(parsing_attention(*inputs, backend="triton").sum(), inputs[0], create_graph=True)
    with pytest.raises(BackendError, match="cannot be differentiated again"):
        gradient.sum().backward()


def test_it_compiles_as_one_graph_with_its_gradient(agree) -> None:
    inputs = [tensor.requires_grad_() for tensor in drawn(1, 2, 5, 3, 4, 3)]
    exact = [tensor.detach().double().requires_grad_() for tensor in inputs]
    compiled = torch.compile(partial(parsing_attention, backend="triton"), fullgraph=True, backend="aot_eager")
    found = torch.autograd.grad(compiled(*inputs).square().sum(), inputs)
    wanted = torch.autograd.grad(parsing_attention(*exact).square().sum(), exact)
    for one, other in zip(found, wanted, strict=True):
        agree(one, other)
