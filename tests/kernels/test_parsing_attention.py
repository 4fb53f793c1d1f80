from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F

from priorsr.bench.running.profile import LiveMemory
from priorsr.errors import OptionError, ShapeError
from priorsr.kernels import parsing_attention
from priorsr.kernels.parsing_attention import reference

Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


@pytest.fixture
def inputs() -> Inputs:
    """Ugly sizes: 2 images, 3 heads, 7 tokens of 5 channels, values of 2, 11 classes; float64."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 7, width, dtype=torch.float64) for width in (5, 5, 2))
    probabilities = torch.randn(2, 11, 7, dtype=torch.float64).mul(3).softmax(1)
    return q, k, v, probabilities, torch.randn(3, dtype=torch.float64)


def test_it_is_the_formula_of_its_readme(inputs: Inputs) -> None:
    q, k, v, p, raw = inputs
    found = parsing_attention(*inputs, eps=0.03)
    for b, h, i in ((0, 0, 0), (1, 2, 6), (0, 1, 3)):
        scale = math.log1p(math.exp(raw[h]))
        agreement = [0.97 * float(p[b, :, i] @ p[b, :, j]) + 0.03 for j in range(7)]
        logits = [float(q[b, h, i] @ k[b, h, j]) / math.sqrt(5) + scale * math.log(agreement[j]) for j in range(7)]
        weights = [math.exp(logit) for logit in logits]
        wanted = sum(weights[j] * v[b, h, j] for j in range(7)) / sum(weights)
        torch.testing.assert_close(found[b, h, i], wanted)


def test_without_a_scale_it_is_plain_attention(inputs: Inputs) -> None:
    q, k, v, p, _ = inputs
    found = parsing_attention(q, k, v, p, torch.full((3,), -1e3, dtype=torch.float64))
    torch.testing.assert_close(found, F.scaled_dot_product_attention(q, k, v))


def test_like_classes_draw_to_each_other() -> None:
    q = torch.zeros(1, 1, 3, 4)
    v = torch.tensor([1.0, 1.0, 0.0]).view(1, 1, 3, 1)
    classes = F.one_hot(torch.tensor([[0, 0, 1]]), 2).float().mT  # (1,2,3)
    scale = torch.tensor([math.log(math.e - 1)])  # softplus: 1, so a token of another class counts a hundredth
    found = parsing_attention(q, q, v, classes, scale)
    torch.testing.assert_close(found.flatten(), torch.tensor([2 / 2.01, 2 / 2.01, 0.02 / 1.02]))


BLOCKS = {"all at once": (2**20, 128), "an image at a time": (3 * 7**2, 1), "three rows at a time": (1, 3)}


@pytest.fixture(params=BLOCKS.values(), ids=BLOCKS)
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `inputs` are attended in."""
    for name, value in zip(("ROOM", "LEAST_ROWS"), request.param, strict=True):
        monkeypatch.setattr(reference, name, value)


@pytest.mark.usefixtures("blocks")
def test_every_gradient_is_right(inputs: Inputs) -> None:
    leaves = tuple(tensor.requires_grad_() for tensor in inputs)
    assert torch.autograd.gradcheck(parsing_attention, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(parsing_attention, leaves, fast_mode=True)


@pytest.mark.usefixtures("blocks")
def test_blocks_are_of_the_same_attention(inputs: Inputs) -> None:
    q, k, v, p, raw = inputs
    whole = reference._attend(q, p, k, v, p, F.softplus(raw)[:, None, None], reference.EPS)
    torch.testing.assert_close(parsing_attention(*inputs), whole)
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    torch.testing.assert_close(parsing_attention(*leaves), whole)


@pytest.mark.parametrize(
    ("block", "calls"),
    [*zip(BLOCKS.values(), ([(2, 7)], [(1, 7)] * 2, [(1, 3), (1, 3), (1, 1)] * 2), strict=True)],
)
def test_as_much_is_attended_at_once_as_there_is_room_for(
    inputs: Inputs, block: tuple[int, int], calls: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    attended, attend = [], reference._attend
    monkeypatch.setattr(reference, "ROOM", block[0])
    monkeypatch.setattr(reference, "LEAST_ROWS", block[1])
    monkeypatch.setattr(reference, "_attend", lambda q, *rest: attended.append(q.shape[::2]) or attend(q, *rest))
    with torch.no_grad():
        parsing_attention(*inputs)
    assert attended == calls


@pytest.mark.usefixtures("blocks")
def test_blocks_compile_as_one_graph_with_their_gradient(inputs: Inputs) -> None:
    leaves = tuple(tensor.requires_grad_() for tensor in inputs)
    wanted = torch.autograd.grad(parsing_attention(*leaves).square().sum(), leaves)
    compiled = torch.compile(parsing_attention, fullgraph=True, backend="aot_eager")
    found = torch.autograd.grad(compiled(*leaves).square().sum(), leaves)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def memory(tokens: int) -> int:
    """The most bytes that an attention and its gradient have alive at once; nothing is computed."""
    with FakeTensorMode(), LiveMemory() as live:
        q, k, v = (torch.empty(1, 4, tokens, 16, requires_grad=True) for _ in range(3))
        p, scales = torch.empty(1, 19, tokens, requires_grad=True), torch.empty(4, requires_grad=True)
        parsing_attention(q, k, v, p, scales).sum().backward()
    return live.peak


def test_memory_grows_with_the_number_of_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    few, more, many = (memory(tokens) for tokens in (1024, 4096, 16384))
    assert many < 4.1 * more < 4.1**2 * few
    monkeypatch.setattr(reference, "ROOM", 10**12)  # all rows at once
    assert memory(4096) > 12 * memory(1024) > 36 * few


def test_the_gradient_is_that_of_its_readme(inputs: Inputs) -> None:
    q, k, v, p, raw = leaves = tuple(tensor.requires_grad_() for tensor in inputs)
    o = parsing_attention(*leaves)
    g = torch.randn_like(o)
    found = torch.autograd.grad(o, leaves, g)
    with torch.no_grad():
        s, d = F.softplus(raw)[:, None, None], math.sqrt(q.shape[-1])
        c = (0.99 * p.mT @ p + 0.01)[:, None]
        a = (q @ k.mT / d + s * c.log()).softmax(-1)
        t = a * (g @ v.mT - (g * o).sum(-1, keepdim=True))
        u = (0.99 * s * t / c).sum(1)
        scales = raw.sigmoid() * (t * c.log()).sum((0, 2, 3))
        wanted = (t @ k / d, t.mT @ q / d, a.mT @ g, p @ (u + u.mT), scales)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(inputs: Inputs, dtype: torch.dtype) -> None:
    half = [tensor.to(dtype) for tensor in inputs]
    found = parsing_attention(*half)
    assert found.dtype == dtype
    assert torch.equal(found, parsing_attention(*(tensor.float() for tensor in half)).to(dtype))


def test_autocast_does_not_reach_it(inputs: Inputs) -> None:
    single = [tensor.float() for tensor in inputs]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = parsing_attention(*single)
    assert torch.equal(found, parsing_attention(*single))


def test_it_is_traceable(inputs: Inputs) -> None:
    class Wrapped(torch.nn.Module):
        forward: Callable[..., Tensor] = staticmethod(parsing_attention)

    traced = torch.export.export(Wrapped(), inputs).module()
    torch.testing.assert_close(traced(*inputs), parsing_attention(*inputs))


@pytest.mark.parametrize(
    ("which", "shape", "message"),
    [
        (0, (2, 3, 7, 4), "q, k and v have shapes"),
        (2, (2, 3, 6, 2), "q, k and v have shapes"),
        (3, (2, 7, 11), r"\(2, P, 7\) was expected"),
        (3, (1, 11, 7), r"\(2, P, 7\) was expected"),
        (4, (1,), r"\(3,\) was expected"),
    ],
)
def test_misfits_are_told(inputs: Inputs, which: int, shape: tuple[int, ...], message: str) -> None:
    spoilt = [*inputs]
    spoilt[which] = torch.zeros(shape, dtype=torch.float64)
    with pytest.raises(ShapeError, match=message):
        parsing_attention(*spoilt)


@pytest.mark.parametrize("shape", [(2, 3, 0, 5), (2, 3, 7, 0), (2, 0, 7, 5)])
def test_nothing_to_attend_to_is_told(shape: tuple[int, ...]) -> None:
    q = torch.zeros(shape)
    with pytest.raises(ShapeError, match="are empty"):
        parsing_attention(q, q, q, torch.zeros(2, 11, shape[2]), torch.zeros(shape[1]))


def test_integers_are_refused(inputs: Inputs) -> None:
    with pytest.raises(OptionError, match=r"a tensor has dtype torch.int64; floating-point numbers were expected"):
        parsing_attention(*inputs[:2], inputs[2].long(), *inputs[3:])


@pytest.mark.parametrize("eps", [0.0, 1.0, -0.1, math.nan])
def test_an_impossible_eps_is_refused(inputs: Inputs, eps: float) -> None:
    with pytest.raises(OptionError, match="eps is"):
        parsing_attention(*inputs, eps=eps)
