from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.blocks import LandmarkAttentiveFusion
from priorsr.errors import OptionError
from priorsr.kernels import LANDMARK_GROUPS
from priorsr.testing import golden_state


def random(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape).astype(np.float32))


def test_it_answers_as_released(golden) -> None:
    wanted = golden("dic_attentive_fusion")
    fusion = LandmarkAttentiveFusion(12, 5, depth=2)
    released = golden_state(json.loads(str(wanted["spec"])))
    fusion.load_state_dict({ours(name): value for name, value in released.items()})
    features, heatmaps = (random(8, (2, 12, 32, 32)).requires_grad_(), random(9, (2, 5, 32, 32)).requires_grad_())
    out = fusion(features, heatmaps)
    (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
    found = {"out": out.detach(), "grad_features": features.grad, "grad_heatmaps": heatmaps.grad}
    for name, tensor in found.items():
        theirs = torch.from_numpy(wanted[name])
        assert (tensor - theirs).abs().max() < 1e-5 * theirs.abs().max(), name


def ours(released: str) -> str:
    name = re.sub(r"resnet\.(\d+)\.res\.0", r"blocks.\1.conv1", released.replace("conv_in.0", "conv_in"))
    return re.sub(r"resnet\.(\d+)\.res\.2", r"blocks.\1.conv2", name)


def test_components_are_computed_apart_and_summed_by_their_maps() -> None:
    torch.manual_seed(0)
    fusion = LandmarkAttentiveFusion(3, 68, depth=1)
    features, heatmaps = torch.randn(1, 3, 6, 6), torch.rand(1, 68, 6, 6) - 0.2
    spread = F.leaky_relu(fusion.conv_in(features), 0.2)
    peaks = heatmaps.amax((2, 3), keepdim=True).clamp(min=0.05)
    weights = torch.stack([(heatmaps / peaks)[:, points].sum(1) for points in LANDMARK_GROUPS[68].values()], 1).softmax(
        1
    )
    wanted = 0
    for component in range(5):
        own = slice(3 * component, 3 * component + 3)
        conv1, conv2 = (
            lambda x, conv=conv, own=own: F.conv2d(x, conv.weight[own], conv.bias[own], padding=1)
            for conv in (fusion.blocks[0].conv1, fusion.blocks[0].conv2)
        )
        x = spread[:, own]
        wanted = wanted + weights[:, component, None] * (x + conv2(F.leaky_relu(conv1(x), 0.2)))
    torch.testing.assert_close(fusion(features, heatmaps), wanted)


def test_a_component_is_seen_where_its_landmarks_are() -> None:
    fusion = LandmarkAttentiveFusion(1, 68, depth=0)
    with torch.no_grad():
        fusion.conv_in.weight.zero_()
        fusion.conv_in.bias.copy_(torch.arange(5.0))  # each component's feature is its number
    heatmaps = torch.zeros(1, 68, 16, 16)
    heatmaps[:, 48:68, 12, 8] = 1  # all of the mouth at one place
    fused = fusion(torch.zeros(1, 1, 16, 16), heatmaps)[0, 0]
    assert fused[12, 8].item() == pytest.approx(3, abs=1e-4)
    assert fused[0, 0].item() == pytest.approx(2, abs=1e-4)  # nothing there: the mean


def test_it_takes_heatmaps_of_another_size_and_of_helen() -> None:
    fusion = priorsr.create("fusion", "landmark_attentive", channels=2, prior_channels=194, depth=1)
    assert fusion(torch.rand(1, 2, 12, 12), torch.rand(1, 194, 16, 16)).shape == (1, 2, 12, 12)


def test_impossible_options_are_told() -> None:
    with pytest.raises(OptionError, match=r"prior_channels is 19; one of \(68, 194, 5\) was expected"):
        LandmarkAttentiveFusion(4, 19)
    with pytest.raises(OptionError, match="depth is -1"):
        LandmarkAttentiveFusion(4, 68, depth=-1)
