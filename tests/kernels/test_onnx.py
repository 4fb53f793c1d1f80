"""ONNX sees through every operation: what is exported holds operators of ONNX's own, and computes the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from priorsr.kernels import (
    channel_gate,
    landmark_fusion,
    landmark_heatmap,
    landmark_heatmap_max,
    landmark_heatmap_mse,
    parsing_attention,
)


class Every(torch.nn.Module):
    """All operations of a feature (B,12,H,W), heatmaps (B,3,H,W) and landmarks (B,3,2)."""

    def __init__(self) -> None:
        super().__init__()
        for name, shape in (("w1", (2, 12)), ("b1", (2,)), ("w2", (12, 2)), ("b2", (12,)), ("scales", (2,))):
            self.register_buffer(name, torch.rand(shape, generator=torch.Generator().manual_seed(0)))

    def forward(self, x: Tensor, maps: Tensor, landmarks: Tensor) -> tuple[Tensor, ...]:
        tokens = x.flatten(2).unflatten(1, (2, 6)).mT  # (B,2,H*W,6)
        valid = landmarks[..., 0] > 0
        return (
            channel_gate(x, x.flip(1), (self.w1, self.b1), (self.w2, self.b2)),
            landmark_fusion(x, maps, ((0, 2), (1,))),
            parsing_attention(tokens, tokens, tokens, maps.softmax(1).flatten(2), self.scales),
            landmark_heatmap(landmarks, valid, (5, 4), scale=2),
            landmark_heatmap_max(landmarks, valid, (5, 4), scale=2),
            landmark_heatmap_mse(maps, landmarks, valid, scale=2, peak_weight=3),
        )


def test_onnx_sees_through_every_operation(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="onnxscript is not installed, without which torch exports no ONNX")
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx.reference import ReferenceEvaluator

    generator = torch.Generator().manual_seed(1)
    x, maps = torch.randn(2, 12, 5, 4, generator=generator), torch.rand(2, 3, 5, 4, generator=generator)
    landmarks = torch.tensor([[[1.0, 2.0], [-1.0, 3.0], [6.0, 7.0]], [[2.0, 9.0], [4.0, 4.0], [0.5, 0.5]]])
    path, network = tmp_path / "every.onnx", Every().eval()
    torch.onnx.export(network, (x, maps, landmarks), path, dynamo=True)
    model = onnx.load(path)
    assert {node.domain for node in model.graph.node} == {""}
    inputs = {given.name: tensor.numpy() for given, tensor in zip(model.graph.input, (x, maps, landmarks), strict=True)}
    found = ReferenceEvaluator(model).run(None, inputs)
    for one, wanted in zip(found, network(x, maps, landmarks), strict=True):
        torch.testing.assert_close(torch.from_numpy(one), wanted, rtol=1e-4, atol=1e-5)
