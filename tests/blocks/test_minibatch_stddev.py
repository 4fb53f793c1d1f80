"""Minibatch standard deviation against its formula."""

from __future__ import annotations

import pytest
import torch

from priorsr.blocks import MinibatchStdDev
from priorsr.errors import ShapeError


def test_adds_one_channel_with_one_number() -> None:
    torch.manual_seed(0)
    x, images = torch.randn(3, 4, 2, 2), torch.rand(3, 3, 8, 8)
    for given, of in ((images, images), (None, x)):
        found = MinibatchStdDev()(x, given)
        centred = of - of.mean(0)
        wanted = (centred.square().sum(0) / 2).sqrt().mean()
        assert torch.equal(found[:, :4], x)
        assert torch.allclose(found[:, 4], wanted.expand(3, 2, 2))


def test_pixels_that_are_all_alike_leave_gradients_finite() -> None:
    x = torch.rand(2, 1, 2, 2)
    images = torch.rand(2, 3, 4, 4)
    images[:, :, 0] = 0.5
    images.requires_grad_()
    weight = torch.ones((), requires_grad=True)
    (gradient,) = torch.autograd.grad((weight * MinibatchStdDev()(x, images)).sum(), images, create_graph=True)
    assert gradient.isfinite().all()
    gradient.square().sum().backward(inputs=[weight])  # as a gradient penalty does
    assert weight.grad.isfinite()
    assert weight.grad


def test_one_image_is_refused() -> None:
    with pytest.raises(ShapeError, match="the batch has 1 image; 2 or more were expected"):
        MinibatchStdDev()(torch.rand(1, 4, 2, 2))
    with pytest.raises(ShapeError, match="batches of 2 and 3"):
        MinibatchStdDev()(torch.rand(2, 4, 2, 2), torch.rand(3, 3, 2, 2))
