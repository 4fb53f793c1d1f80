"""DIC: steps that feed each other, nothing kept between calls, and heatmaps from elsewhere."""

from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr import Part, Prior
from priorsr.errors import OptionError, ShapeError
from priorsr.priors import draw_heatmaps
from priorsr_dic.model import DIC


@pytest.fixture
def dic() -> DIC:
    torch.manual_seed(0)
    return priorsr.create("model", "dic", preset="nano", width=8, hourglass_width=8, zero_tail=False).eval()


@pytest.fixture
def lr() -> torch.Tensor:
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_the_paper_has_its_size() -> None:
    with torch.device("meta"):
        dic = priorsr.create("model", "dic")
    count = sum(parameter.numel() for parameter in dic.parameters())
    assert count == pytest.approx(21.8e6, rel=1e-3)
    assert sum(p.numel() for p in dic.hourglass.parameters()) == pytest.approx(12.0e6, rel=1e-3)


@torch.no_grad()
def test_every_step_has_an_image_and_heatmaps(dic: DIC, lr: torch.Tensor) -> None:
    answer = dic(lr)
    assert [tuple(image.shape) for image in answer.stages] == [(2, 3, 64, 64)] * 3
    assert [tuple(maps.shape) for maps in answer.heatmaps] == [(2, 68, 16, 16)] * 3
    assert answer.sr is answer.stages[-1]
    first, state = dic.hourglass(answer.stages[0])
    second, _ = dic.hourglass(answer.stages[1], state)
    assert torch.equal(first.heatmaps, answer.heatmaps[0])
    assert torch.equal(second.heatmaps, answer.heatmaps[1])


@torch.no_grad()
def test_nothing_is_kept_between_calls(dic: DIC, lr: torch.Tensor) -> None:
    first = dic(lr)
    dic(torch.rand(3, 3, 16, 8))
    again = dic(lr)
    assert torch.equal(first.sr, again.sr)
    for image, (one, other) in enumerate(zip(dic(lr[:1]).stages, dic(lr[1:]).stages, strict=True)):
        torch.testing.assert_close(torch.cat([one, other]), first.stages[image])


def test_a_second_backward_gives_the_same_gradients(dic: DIC, lr: torch.Tensor) -> None:
    gradients = []
    for _ in range(2):
        dic.zero_grad()
        dic(lr).sr.square().sum().backward()
        gradients.append([p.grad.clone() for p in dic.parameters() if p.grad is not None])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@torch.no_grad()
def test_with_a_tail_of_zeros_it_starts_as_the_bilinear_enlargement(lr: torch.Tensor) -> None:
    answer = priorsr.create("model", "dic", preset="nano")(lr)
    wanted = torch.nn.functional.interpolate(lr, scale_factor=8, mode="bilinear")
    assert all(torch.equal(image, wanted) for image in answer.stages)


@torch.no_grad()
def test_given_heatmaps_steer_from_the_second_step_on(dic: DIC, lr: torch.Tensor) -> None:
    own = dic(lr)
    landmarks = torch.rand(2, 68, 2) * 64
    steered = dic(lr, Prior(landmarks=landmarks))
    drawn = dic(lr, Prior(heatmaps=draw_heatmaps(landmarks, None, (16, 16), scale=4)))
    assert torch.equal(steered.stages[0], own.stages[0])
    assert torch.equal(steered.heatmaps[0], own.heatmaps[0])
    assert not torch.allclose(steered.stages[1], own.stages[1], atol=1e-5)
    assert torch.equal(steered.sr, drawn.sr)
    assert torch.equal(dic(lr, Prior(parsing=torch.rand(2, 19, 64, 64))).sr, own.sr)
    echoed = dic(lr, Prior(heatmaps=own.heatmaps[0]))  # its own first estimate again, from outside
    assert torch.equal(echoed.stages[1], own.stages[1])
    with pytest.raises(ShapeError, match="batches of 2 and 1"):
        dic(lr, Prior(landmarks=landmarks[:1]))


@torch.no_grad()
def test_the_fusion_is_a_part(lr: torch.Tensor) -> None:
    options = {"preset": "nano", "width": 8, "hourglass_width": 8}
    dic = priorsr.create("model", "dic", fusion=Part("concat", kernel_size=1), **options)
    assert dic(lr).sr.shape == (2, 3, 64, 64)
    with pytest.raises(OptionError, match="fusion is for the prior 'parsing', and DIC estimates heatmaps"):
        priorsr.create("model", "dic", fusion="parsing_picture", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 1}, "steps is 1; a number from 2 to 64"),
        ({"scale": 3}, "scale is 3; an even number"),
        ({"groups": 0}, "groups is 0; a number from 1 to"),
        ({"hourglass_width": 30}, "width is 30; a multiple of 4"),
        ({"landmarks": 98}, "prior_channels is 98"),
    ],
)
def test_impossible_configs_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        priorsr.create("model", "dic", preset="nano", **options)
