from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.blocks import ParsingAttentionFusion
from priorsr.errors import OptionError


def fusion(**options: int) -> ParsingAttentionFusion:
    """A fusion of 4 channels and 3 classes that does not start as the identity."""
    torch.manual_seed(0)
    made = priorsr.create("fusion", "parsing_attention", channels=4, prior_channels=3, **options)
    torch.nn.init.normal_(made.out.weight)
    torch.nn.init.normal_(made.of_map.weight)
    return made


def test_it_starts_as_the_identity() -> None:
    features = torch.randn(2, 4, 8, 8)
    made = priorsr.create("fusion", "parsing_attention", channels=4, prior_channels=3)
    assert torch.equal(made(features, torch.rand(2, 3, 16, 16).softmax(1)), features)


def test_it_is_its_formula_head_by_head() -> None:
    made = fusion(heads=2)
    features, parsing = torch.randn(1, 4, 3, 5), torch.randn(1, 3, 3, 5).mul(3).softmax(1)
    x, p = features[0].flatten(1).T, parsing[0].flatten(1)  # (15,4), (3,15)
    tokens = F.layer_norm(x, (4,)) + p.T @ made.embed.weight.T
    q, k, v = (tokens @ made.qkv.weight.T).chunk(3, 1)
    bias = math.log(2) * torch.log(0.99 * p.T @ p + 0.01)  # softplus(0) = log 2
    heads = [(q[:, c] @ k[:, c].T / math.sqrt(2) + bias).softmax(1) @ v[:, c] for c in (slice(0, 2), slice(2, 4))]
    attended = (torch.cat(heads, 1) @ made.out.weight.T).T.view(1, 4, 3, 5)
    wanted = features + attended + F.conv2d(parsing, made.of_map.weight, padding=1)
    torch.testing.assert_close(made(features, parsing), wanted)


@pytest.mark.parametrize(
    ("size", "max_side", "tokens"), [((64, 64), 16, (16, 16)), ((16, 16), 16, (16, 16)), ((9, 30), 8, (3, 8))]
)
def test_tokens_are_bounded(
    size: tuple[int, int], max_side: int, tokens: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def spy(q, k, v, probabilities, scales):
        seen.append(probabilities.shape[2])
        assert torch.allclose(probabilities.sum(1), torch.ones(()), atol=1e-5)
        return v

    monkeypatch.setattr("priorsr.blocks.parsing_attention.parsing_attention", spy)
    features = torch.randn(1, 4, *size)
    assert fusion(max_side=max_side)(features, torch.randn(1, 3, 128, 128).softmax(1)).shape == features.shape
    assert seen == [tokens[0] * tokens[1]]


def test_it_runs_under_autocast() -> None:
    made, features, parsing = fusion(), torch.randn(1, 4, 8, 8), torch.randn(1, 3, 8, 8).softmax(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = made(features, parsing)
    assert (found.float() - made(features, parsing)).abs().max() < 0.05


def test_wrong_options_are_refused() -> None:
    for heads in (0, 3):
        with pytest.raises(OptionError, match=f"heads is {heads}; a divisor of 4"):
            fusion(heads=heads)
    with pytest.raises(OptionError, match="max_side is 0"):
        fusion(max_side=0)
