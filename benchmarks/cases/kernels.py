"""The fused operations at the shapes of the four systems: what they are given, ours, the plain form, and the floor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.cases import floors
from benchmarks.cases.floors import Floors
from benchmarks.plain import operations
from priorsr import kernels
from priorsr.kernels.dispatch import Backend

HR = 128
HEADS, DIM, CLASSES = 4, 16, 19
GROUPS = tuple(kernels.LANDMARK_GROUPS[68].values())

Make = Callable[..., Tensor]


@dataclass(frozen=True)
class KernelCase:
    """One operation at one shape.

    op: its name in `priorsr.kernels`. where: which network has this shape. batch, side: of the square map, in pixels.
    make: draws the inputs, in order, given `random(*shape)` in [0, 1). plain, fused: the operation on the inputs; the
    latter with the keyword `backend`. floors: in bytes and operations. tolerance: of the relative error against
    float64, in float32. compile_goal: at least so many times as fast as torch.compile; 1.3 where that must go through
    memory between a reduction over the image and what needs its result.
    """

    op: str
    where: str
    batch: int
    side: int
    make: Callable[[Make], tuple[Tensor, ...]]
    plain: Callable[..., Tensor]
    fused: Callable[..., Tensor]
    floors: Floors
    compile_goal: float
    memory_bound: bool = True
    tolerance: float = 1e-5

    @property
    def name(self) -> str:
        """Return the name for tables and for pytest."""
        return f"{self.op}, {self.where}, {self.side} px, batch {self.batch}"

    def inputs(self, device: torch.device, dtype: torch.dtype = torch.float32, seed: int = 0) -> tuple[Tensor, ...]:
        """Return new inputs that require gradients."""
        generator = torch.Generator(device).manual_seed(seed)

        def random(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=device)

        return tuple(tensor.to(dtype).requires_grad_() for tensor in self.make(random))


def channel_gate(batch: int, side: int) -> KernelCase:
    """Return the case of every residual block of KDFSRNet and PKDN: 64 channels, 4 hidden."""
    channels, hidden = 64, 4

    def plain(x: Tensor, residual: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
        return operations.channel_gate(x, residual, (w1, b1), (w2, b2))

    def fused(
        x: Tensor, residual: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, *, backend: Backend
    ) -> Tensor:
        return kernels.channel_gate(x, residual, (w1, b1), (w2, b2), backend=backend)

    def make(random: Make) -> tuple[Tensor, ...]:
        image = (batch, channels, side, side)
        weights = (random(hidden, channels) - 0.5, random(hidden), random(channels, hidden) - 0.5, random(channels))
        return (random(*image) - 0.5, random(*image) - 0.5, *weights)

    floor = floors.channel_gate(batch, channels, side**2, item=4)
    return KernelCase("channel_gate", "KDFSRNet and PKDN", batch, side, make, plain, fused, floor, compile_goal=1.3)


def landmark_fusion(batch: int, side: int) -> KernelCase:
    """Return the case of DIC: 48 channels for each of 5 components, 68 landmarks; there at 32 px."""
    channels = 48

    def plain(features: Tensor, heatmaps: Tensor) -> Tensor:
        return operations.landmark_fusion(features, heatmaps, GROUPS)

    def fused(features: Tensor, heatmaps: Tensor, *, backend: Backend) -> Tensor:
        return kernels.landmark_fusion(features, heatmaps, GROUPS, backend=backend)

    def make(random: Make) -> tuple[Tensor, ...]:
        return random(batch, 5 * channels, side, side) - 0.5, random(batch, 68, side, side)

    floor = floors.landmark_fusion(batch, 5, channels, 68, side**2, item=4)
    return KernelCase("landmark_fusion", "DIC", batch, side, make, plain, fused, floor, compile_goal=1.3)


def landmark_heatmap_max(batch: int, side: int, landmarks: int = 68) -> KernelCase:
    """Return the case of the attention map of PFSR's loss, drawn from landmarks."""

    def plain(points: Tensor) -> Tensor:
        return operations.landmark_heatmap_max(points, (side, side), HR / side)

    def fused(points: Tensor, *, backend: Backend) -> Tensor:
        return kernels.landmark_heatmap_max(points, None, (side, side), scale=HR / side, backend=backend)

    def make(random: Make) -> tuple[Tensor, ...]:
        return (HR * random(batch, landmarks, 2),)

    floor = floors.landmark_heatmap_max(batch, side**2, item=4)
    where = f"PFSR with {landmarks} landmarks"
    return KernelCase(
        "landmark_heatmap_max", where, batch, side, make, plain, fused, floor, compile_goal=1.0, memory_bound=False
    )


def landmark_heatmap_mse(batch: int, side: int) -> KernelCase:
    """Return the case of DIC's heatmap loss: 68 predicted heatmaps against their targets; there at 32 px."""

    def plain(predictions: Tensor, points: Tensor) -> Tensor:
        return operations.landmark_heatmap_mse(predictions, points, HR / side)

    def fused(predictions: Tensor, points: Tensor, *, backend: Backend) -> Tensor:
        return kernels.landmark_heatmap_mse(predictions, points, None, scale=HR / side, backend=backend)

    def make(random: Make) -> tuple[Tensor, ...]:
        return random(batch, 68, side, side), HR * random(batch, 68, 2)

    floor = floors.landmark_heatmap_mse(batch, 68, side**2, item=4)
    return KernelCase("landmark_heatmap_mse", "DIC", batch, side, make, plain, fused, floor, compile_goal=1.0)


def parsing_attention(batch: int, side: int) -> KernelCase:
    """Return the case of PKDN's teacher, with up to 32 x 32 tokens: 4 heads of 16 channels, 19 classes."""

    def fused(q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, *, backend: Backend) -> Tensor:
        return kernels.parsing_attention(q, k, v, p, scales, backend=backend)

    def make(random: Make) -> tuple[Tensor, ...]:
        tokens = (batch, HEADS, side**2, DIM)
        q, k, v = (4 * random(*tokens) - 2 for _ in range(3))
        return q, k, v, (5 * random(batch, CLASSES, side**2)).softmax(1), 2 * random(HEADS) - 1

    floor = floors.parsing_attention(batch, HEADS, side**2, DIM, CLASSES, item=4)
    return KernelCase(
        "parsing_attention",
        "PKDN's teacher",
        batch,
        side,
        make,
        operations.parsing_attention,
        fused,
        floor,
        compile_goal=1.0,
        memory_bound=False,
        tolerance=1e-4,
    )


def kernel_cases(*, small: bool = False) -> Iterator[KernelCase]:
    """Return every operation at batch 1 and 64 and at 32 to 128 px; or, small, once each.

    Attention has at most 64 x 64 tokens: at 128 x 128 no plain form fits.
    """
    for build in (channel_gate, landmark_fusion, landmark_heatmap_max, landmark_heatmap_mse, parsing_attention):
        if small:
            yield build(2, 8)
            continue
        for batch in (1, 64):
            for side in (32, 64, 128):
                if build is not parsing_attention or side <= 64:
                    yield build(batch, side)
