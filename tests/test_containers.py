"""What flows between components passes through torch.compile, export and collation."""

from __future__ import annotations

import io

import torch
from torch import Tensor, nn

from priorsr.containers import Prior, SROutput


class Net(nn.Module):
    def forward(self, lr: Tensor, prior: Prior) -> SROutput:
        return SROutput(lr * prior.parsing.mean(), stages=(lr,))


def example() -> tuple[Tensor, Prior]:
    return torch.rand(2, 3, 4, 4), Prior(parsing=torch.rand(2, 19, 4, 4))


def test_torch_compile_takes_and_gives_them() -> None:
    lr, prior = example()
    answer = torch.compile(Net(), fullgraph=True, backend="eager")(lr, prior)
    assert isinstance(answer, SROutput)
    assert torch.equal(answer.sr, Net()(lr, prior).sr)


def test_export_saves_and_loads_them() -> None:
    lr, prior = example()
    file = io.BytesIO()
    torch.export.save(torch.export.export(Net(), (lr, prior)), file)
    file.seek(0)
    answer = torch.export.load(file).module()(lr, prior)
    assert isinstance(answer, SROutput)
    assert torch.equal(answer.sr, Net()(lr, prior).sr)


def test_collation_keeps_them() -> None:
    batch = torch.utils.data.default_collate([Prior(*torch.rand(4, 2)) for _ in range(3)])
    assert isinstance(batch, Prior)
    assert batch.heatmaps.shape == (3, 2)


def test_accelerate_moves_them() -> None:
    from accelerate.utils import send_to_device

    moved = send_to_device(Prior(parsing=torch.rand(1, 2)), "meta")
    assert isinstance(moved, Prior)
    assert moved.parsing.is_meta
    assert moved.landmarks is None
