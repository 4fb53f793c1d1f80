"""PKDN (arXiv 2409.14385) in plain torch, with the layers of priorsr-pkdn: no code of the paper is public.

The stages are KDFSRNet's. The decoder gets the encoder's features back, and the teacher attends by the parsing map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain.kdfsrnet import WIDTH, KDFSRNet, conv3x3, enlarge
from benchmarks.plain.operations import parsing_attention


class Retention(nn.Module):
    """x (B,C,H,W) and the encoder's four features -> x plus their sum, refined where it is no larger than theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(4))
        self.refine = conv3x3(WIDTH, WIDTH)

    def forward(self, x: Tensor, encoded: list[Tensor]) -> Tensor:
        scales = []
        for project, feature in zip(self.project, encoded, strict=True):
            y = project(feature)
            if y.shape[2] > x.shape[2]:
                y = F.adaptive_avg_pool2d(y, (x.shape[2], x.shape[3]))
            scales.append(y)
        kept = scales[3]
        for finer in (scales[2], scales[1], scales[0]):
            kept = finer + bilinear(kept, finer)
        return x + bilinear(kept + self.refine(kept.relu()), x)


class ParsingFusion(nn.Module):
    """Features (B,C,H,W) and class probabilities (B,19,h,w) -> features, fused by attention over up to 32 x 32."""

    def __init__(self, heads: int = 4, classes: int = 19, side: int = 32) -> None:
        super().__init__()
        self.heads, self.side = heads, side
        self.norm = nn.LayerNorm(WIDTH)
        self.embed = nn.Linear(classes, WIDTH, bias=False)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.scales = nn.Parameter(torch.zeros(heads))
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.of_map = nn.Conv2d(classes, WIDTH, 3, padding=1, bias=False)

    def forward(self, features: Tensor, parsing: Tensor) -> Tensor:
        batch, channels, height, width = features.shape
        size = (min(height, self.side), min(width, self.side))
        tokens = F.adaptive_avg_pool2d(features, size).flatten(2).transpose(1, 2)  # (B,N,C)
        classes = F.adaptive_avg_pool2d(parsing, size).flatten(2)  # (B,19,N)
        tokens = self.norm(tokens) + self.embed(classes.transpose(1, 2))
        q, k, v = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(tokens).chunk(3, 2)
        )  # (B,heads,N,D)
        attended = parsing_attention(q, k, v, classes, self.scales).transpose(1, 2).flatten(2)
        attended = self.out(attended).transpose(1, 2).reshape(batch, channels, *size)
        return features + bilinear(attended, features) + self.of_map(F.adaptive_avg_pool2d(parsing, (height, width)))


class PKDN(KDFSRNet):
    """The student: LR image (B,3,h,w) -> SR image (B,3,8h,8w)."""

    def __init__(self, blocks: int = 4) -> None:
        super().__init__(blocks)
        self.retention = nn.ModuleList(Retention() for _ in range(4))

    def restore(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = self.head(image)
        f1 = self.down_stage1(self.down1(x))
        f2 = self.down_stage2(self.down2(f1))
        f3 = self.down_stage3(self.down3(f2))
        f4 = self.down_stage4(self.down4(f3))
        return self.decode([f1, f2, f3, f4])

    def decode(self, encoded: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Decode the encoder's features: return the SR image, and the nine stages' features."""
        f5 = self.bottleneck(encoded[3])
        f6 = self.up_stage1(self.retention[0](self.up1(f5), encoded))
        f7 = self.up_stage2(self.retention[1](self.up2(f6), encoded))
        f8 = self.up_stage3(self.retention[2](self.up3(f7), encoded))
        f9 = self.up_stage4(self.retention[3](self.up4(f8), encoded))
        return self.tail(f9), [*encoded, f5, f6, f7, f8, f9]


class PKDNTeacher(PKDN):
    """The teacher: LR image, and a parsing map (B,19,8h,8w) -> SR image (B,3,8h,8w)."""

    def __init__(self) -> None:
        super().__init__()
        self.fusion = nn.ModuleList(ParsingFusion() for _ in range(4))

    def forward(self, lr: Tensor, parsing: Tensor) -> Tensor:  # type: ignore[override]  # it needs the map
        x = self.head(enlarge(lr))
        f1 = self.fusion[0](self.down_stage1(self.down1(x)), parsing)
        f2 = self.fusion[1](self.down_stage2(self.down2(f1)), parsing)
        f3 = self.fusion[2](self.down_stage3(self.down3(f2)), parsing)
        f4 = self.fusion[3](self.down_stage4(self.down4(f3)), parsing)
        return self.decode([f1, f2, f3, f4])[0]


def bilinear(x: Tensor, like: Tensor) -> Tensor:
    """x enlarged to the sides of `like`."""
    return x if x.shape[2:] == like.shape[2:] else F.interpolate(x, like.shape[2:], mode="bilinear")
