"""The bytes and operations that each fused operation must move and do at least, as the kernels' READMEs state them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """At least so many bytes through memory, and so many floating-point operations in matrix products."""

    bytes: int
    flops: int = 0

    def __add__(self, other: Floor) -> Floor:
        return Floor(self.bytes + other.bytes, self.flops + other.flops)


@dataclass(frozen=True)
class Floors:
    """The floors of the forward pass, and of the backward pass that follows it."""

    forward: Floor
    backward: Floor

    def of(self, *, backward: bool) -> Floor:
        """Return the floor of the forward pass, alone or with the backward pass."""
        return self.forward + self.backward if backward else self.forward


def channel_gate(batch: int, channels: int, pixels: int, item: int) -> Floors:
    """x twice (mean; scale), residual and y; then e and x (dg), e and dx. The residual's gradient is e itself."""
    one = batch * channels * pixels * item
    return Floors(Floor(4 * one), Floor(4 * one))


def landmark_fusion(batch: int, groups: int, channels: int, landmarks: int, pixels: int, item: int) -> Floors:
    """Heatmaps twice (maxima; weights), features and o; then features, heatmaps and do, and dF and dm."""
    one = batch * pixels * item
    features, maps = groups * channels * one, landmarks * one
    return Floors(Floor(2 * maps + features + channels * one), Floor(2 * features + 2 * maps + channels * one))


def landmark_heatmap_max(batch: int, pixels: int, item: int) -> Floors:
    """Count the map, written once, and its gradient, read once; landmarks are few numbers."""
    return Floors(Floor(batch * pixels * item), Floor(batch * pixels * item))


def landmark_heatmap_mse(batch: int, landmarks: int, pixels: int, item: int) -> Floors:
    """Count the predictions, read once forward and once backward, and their gradient, written once."""
    one = batch * landmarks * pixels * item
    return Floors(Floor(one), Floor(2 * one))


def parsing_attention(batch: int, heads: int, tokens: int, dim: int, classes: int, item: int) -> Floors:
    """Count every tensor once; products: q k and a v of a head, p p once; then five of a head, p p, two for dp."""
    tensor, maps = batch * heads * tokens * dim * item, batch * classes * tokens * item
    pairs = batch * tokens**2
    return Floors(
        Floor(4 * tensor + maps, pairs * (4 * heads * dim + 2 * classes)),
        Floor(8 * tensor + 2 * maps, pairs * (10 * heads * dim + 6 * classes)),
    )
