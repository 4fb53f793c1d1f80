from __future__ import annotations

import torch
from torch import Tensor, nn

from priorsr.bench.running.profile import measure_cost
from priorsr.containers import Prior, SROutput


class TwoConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 3, 1)
        self.batches: list[int] = []

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        self.batches.append(len(lr))
        if prior is not None:
            assert len(prior.parsing) == len(lr)
        return SROutput(self.second(self.first(lr)))


def test_cost_is_counted_exactly() -> None:
    cost = measure_cost(TwoConvolutions().eval(), torch.rand(4, 3, 16, 16), None)
    assert cost.parameters == 3 * 8 * 9 + 8 + 8 * 3 + 3
    assert cost.macs == 16 * 16 * (3 * 8 * 9 + 8 * 3)
    # Both results live at once; neither the input nor the weights count.
    assert cost.peak_memory_bytes == 16 * 16 * (8 + 3) * 4
    assert [latency.batch for latency in cost.latency] == [1, 4]
    assert all(latency.milliseconds > 0 and latency.runs >= 3 for latency in cost.latency)


def test_one_image_has_one_latency() -> None:
    assert [
        latency.batch for latency in measure_cost(TwoConvolutions().eval(), torch.rand(1, 3, 8, 8), None).latency
    ] == [1]


def test_the_prior_is_cut_to_the_batch() -> None:
    model = TwoConvolutions().eval()
    measure_cost(model, torch.rand(2, 3, 8, 8), Prior(parsing=torch.rand(2, 19, 8, 8)))
    assert set(model.batches) == {1, 2}


def test_views_take_no_memory() -> None:
    class Views(nn.Module):
        def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
            return SROutput(lr.flatten(1).view_as(lr)[:, :, 1:])

    assert measure_cost(Views(), torch.rand(1, 3, 8, 8), None).peak_memory_bytes == 0


def test_a_compiled_program_is_counted_by_the_form_that_it_was_made_of() -> None:
    class Compiled(nn.Module):
        accelerated = True

        def __init__(self) -> None:
            super().__init__()
            self.form = TwoConvolutions()

        def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
            return SROutput(lr)  # nothing to be seen

    lr = torch.rand(1, 3, 8, 8)
    found, expected = (measure_cost(model.eval(), lr, None) for model in (Compiled(), TwoConvolutions()))
    assert (found.macs, found.peak_memory_bytes) == (expected.macs, expected.peak_memory_bytes)
