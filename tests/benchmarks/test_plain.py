"""The plain networks answer as the released ones do, and as ours; the plain operations as their definitions."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import priorsr
from benchmarks import plain
from benchmarks.plain import operations
from benchmarks.plain.dic import COMPONENTS
from priorsr import kernels
from priorsr.containers import Prior
from priorsr.models import convert_released
from priorsr.registry import find
from priorsr.testing import golden_state

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5  # of an output's largest value


def opened(plugin: str, name: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A golden file's weights and outputs."""
    stored = np.load(ROOT / "plugins" / f"priorsr-{plugin}" / "tests" / "golden" / f"{name}.npz")
    outputs = {key: torch.from_numpy(stored[key]) for key in stored.files if key not in ("spec", "meta")}
    return golden_state(json.loads(str(stored["spec"]))), outputs


def random(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape).astype(np.float32))


def error(found: Tensor, wanted: Tensor) -> float:
    assert found.shape == wanted.shape
    return ((found - wanted).abs().max() / wanted.abs().max()).item()


def loaded(network: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    network.load_state_dict(state)
    return network.eval()


def kdfsrnet_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """In the layout `net`, without the two mean shifts that nothing uses."""
    kept = {key: value for key, value in state.items() if not key.startswith(("sub_mean.", "add_mean."))}
    return {re.sub(r"^(down\d)\.conv", r"\1.1", re.sub(r"^(up\d)\.conv", r"\1.0", key)): kept[key] for key in kept}


def disturb(network: nn.Module) -> None:
    """Random numbers where a layer starts with zeros or ones, so that it matters in a comparison."""
    with torch.no_grad():
        for tensor in (*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())):
            if tensor.min() == tensor.max():
                tensor.add_(0.1 * torch.rand_like(tensor))


# As released


@pytest.mark.parametrize("name", ["student_net", "student_net1", "teacher_net", "teacher_net1"])
@torch.no_grad()
def test_kdfsrnet_answers_as_released(name: str) -> None:
    state, golden = opened("kdfsrnet", f"kdfsrnet_{name}")
    image, network = random(1, 1, 3, 128, 128), plain.KDFSRNet()
    if name.startswith("teacher"):
        image, network = torch.cat([image, random(2, 1, 3, 128, 128)], 1), plain.KDFSRNetTeacher()
    sr, features = loaded(network, kdfsrnet_state(state)).restore(image)
    assert error(sr, golden["sr"]) < TOLERANCE
    for number, feature in enumerate(features):
        assert error(feature.abs().mean((2, 3)), golden[f"feature{number}_meanabs"]) < TOLERANCE


@pytest.mark.parametrize("name", ["small", "full"])
@torch.no_grad()
def test_dic_answers_as_released(name: str) -> None:
    state, golden = opened("dic", f"dic_{name}")
    small = {"channels": 16, "groups": 3, "steps": 3, "fusion_blocks": 2, "hourglass_width": 32}
    network = loaded(plain.DIC(**(small if name == "small" else {})), state)
    images, heatmaps = network.look(random_less_mean(5, 1, 3, 16, 16))
    for key, wanted in golden.items():
        found = images[int(key[2:])] if key.startswith("sr") else heatmaps[int(key[7:])]
        assert error(found, wanted) < TOLERANCE, key


def random_less_mean(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy((np.random.default_rng(seed).random(shape) - 0.437).astype(np.float32))


@torch.no_grad()
def test_pfsr_answers_as_released() -> None:
    state, golden = opened("pfsr", "pfsr_generator")
    network = loaded(plain.PFSR(), state)
    for key, wanted in golden.items():
        step, alpha = re.fullmatch(r"step(\d)_alpha(.*)", key).groups()
        found = network.generate(2 * random(3, 2, 3, 16, 16) - 1, int(step), 1.0 if alpha == "full" else float(alpha))
        assert error(found, wanted) < TOLERANCE, key


@torch.no_grad()
def test_a_weight_that_is_off_shows() -> None:
    state, golden = opened("dic", "dic_small")
    state["block.compress_out.0.bias"] += 0.01
    network = plain.DIC(channels=16, groups=3, steps=3, fusion_blocks=2, hourglass_width=32)
    images, _ = loaded(network, state).look(random_less_mean(5, 1, 3, 16, 16))
    assert error(images[-1], golden["sr2"]) > TOLERANCE


# As ours


@pytest.mark.parametrize(
    "network",
    [plain.KDFSRNet(), plain.DIC(16, 2, 3, 7, 16), plain.PFSR()],
    ids=["kdfsrnet", "dic", "pfsr"],
)
@torch.no_grad()
def test_the_network_answers_as_ours(network: nn.Module, tmp_path: Path) -> None:
    disturb(network)
    torch.save(network.eval().state_dict(), tmp_path / "plain.pth")
    ours, _ = convert_released(tmp_path / "plain.pth")
    if isinstance(network, plain.DIC):
        network.steps = ours.config.steps  # no checkpoint says how many
    lr = random(0, 2, 3, 8, 8)
    assert error(network(lr), ours(lr).sr) < TOLERANCE


@torch.no_grad()
def test_kdfsrnets_teacher_answers_as_ours(tmp_path: Path) -> None:
    network = plain.KDFSRNetTeacher().eval()
    torch.save(network.state_dict(), tmp_path / "plain.pth")
    ours, _ = convert_released(tmp_path / "plain.pth")
    lr, picture = random(0, 2, 3, 8, 8), random(1, 2, 3, 64, 64)
    assert error(network(lr, picture), ours(lr, Prior(parsing=picture)).sr) < TOLERANCE


@pytest.mark.parametrize("name", ["pkdn", "pkdn-teacher"])
@torch.no_grad()
def test_pkdn_answers_as_ours(name: str) -> None:
    """Its stages are named as KDFSRNet's, whose converter therefore knows them; the rest is named as ours."""
    network = plain.PKDN() if name == "pkdn" else plain.PKDNTeacher()
    disturb(network)
    state = network.state_dict()
    rest = {key: state.pop(key) for key in list(state) if key.startswith(("retention.", "fusion."))}
    _, stages = find("model", "kdfsrnet").released[0].convert(state)
    ours = priorsr.create("model", name, preset="paper")
    ours.load_state_dict(stages | rest)
    lr, parsing = random(0, 1, 3, 16, 16), random(1, 1, 19, 128, 128).softmax(1)
    if name == "pkdn":
        assert error(network.eval()(lr), ours.eval()(lr).sr) < TOLERANCE
    else:
        assert error(network.eval()(lr, parsing), ours.eval()(lr, Prior(parsing=parsing)).sr) < TOLERANCE


# The operations


def test_channel_gate_is_ours() -> None:
    x, residual = (random(seed, 2, 8, 5, 7).double() for seed in (1, 2))
    squeeze, excite = (
        (random(n, a, b).double() - 0.5, random(n + 1, a).double()) for n, a, b in ((3, 3, 8), (5, 8, 3))
    )
    wanted = kernels.channel_gate(x, residual, squeeze, excite)
    assert error(operations.channel_gate(x, residual, squeeze, excite), wanted) < 1e-12


def test_landmark_fusion_is_ours() -> None:
    features, heatmaps = random(1, 2, 15, 6, 7).double(), random(2, 2, 68, 6, 7).double() - 0.5
    groups = tuple(kernels.LANDMARK_GROUPS[68].values())
    assert tuple(tuple(group) for group in COMPONENTS) == groups
    wanted = kernels.landmark_fusion(features, heatmaps, groups)
    assert error(operations.landmark_fusion(features, heatmaps, COMPONENTS), wanted) < 1e-12


def test_landmark_heatmap_is_ours() -> None:
    landmarks = 128 * random(1, 2, 68, 2)
    wanted = kernels.landmark_heatmap(landmarks, None, (32, 40), scale=4)
    assert error(operations.landmark_heatmap(landmarks, (32, 40), 4), wanted) < 1e-6


def test_parsing_attention_is_ours() -> None:
    q, k, v = (random(seed, 2, 4, 20, 6).double() for seed in (1, 2, 3))
    classes, scales = random(4, 2, 19, 20).double().softmax(1), random(5, 4).double()
    wanted = kernels.parsing_attention(q, k, v, classes, scales)
    assert error(operations.parsing_attention(q, k, v, classes, scales), wanted) < 1e-12


def test_nothing_of_priorsr_is_imported() -> None:
    for file in (ROOT / "benchmarks" / "plain").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(str(module).startswith("priorsr") for module in modules), file
