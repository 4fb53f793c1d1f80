"""The skeleton: its parts, its shapes, its errors."""

from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr.blocks import ChannelAttention, ConcatFusion
from priorsr.containers import Prior
from priorsr.errors import OptionError, PriorsrError, ShapeError
from tests.models.small_encoder_decoder import SMALL


def test_features_come_on_request_in_the_order_of_the_stages() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL)
    lr = torch.rand(1, 3, 4, 6)
    assert model(lr).features == ()
    sizes = [tuple(f.shape[2:]) for f in model(lr, with_features=True).features]
    assert sizes == [(8, 12), (4, 6), (4, 6), (8, 12), (16, 24)]


def test_depth_is_one_number_or_one_a_stage() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL | {"depth": (0, 1, 2, 1, 0)})
    assert [len(stage) for stage in model.stages] == [0, 1, 2, 1, 0]
    with pytest.raises(OptionError, match=r"depth is \(1, 2\); one number, or 5 for 2 levels"):
        priorsr.create("model", "encoder_decoder", **SMALL | {"depth": (1, 2)})


@pytest.mark.parametrize("attention", ["channel", priorsr.Part("channel", reduction=2), ChannelAttention])
def test_a_part_is_a_name_a_part_or_a_class(attention: object) -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL, attention=attention)
    blocks = [block.attention for stage in model.stages for block in stage]
    assert len({id(block) for block in blocks}) == 5
    assert all(isinstance(block, ChannelAttention) for block in blocks)


def test_an_instance_as_part_is_refused() -> None:
    with pytest.raises(OptionError, match="attention"):
        priorsr.create("model", "encoder_decoder", **SMALL, attention=ChannelAttention(8))


def test_an_unknown_part_suggests_the_closest() -> None:
    with pytest.raises(PriorsrError, match="there is no fusion 'conkat'; did you mean 'concat'"):
        priorsr.create("model", "encoder_decoder", **SMALL, fusion="conkat")


@pytest.mark.parametrize(("place", "count"), [("input", 1), ("encoder", 2)])
def test_the_prior_steers_where_it_is_fused(place: str, count: int) -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL, fusion="concat", fusion_at=place)
    assert model.prior == "required"
    assert len(model.fusion) == count
    lr = torch.rand(1, 3, 4, 4)
    first, second = (Prior(parsing=torch.rand(1, 19, 16, 16)) for _ in range(2))
    assert not torch.allclose(model(lr, first).sr, model(lr, second).sr)
    with pytest.raises(PriorsrError, match="the prior has nothing"):
        model(lr)
    with pytest.raises(ShapeError, match=r"\(1, 11, 16, 16\); \(B, 19, H, W\)"):
        model(lr, Prior(parsing=torch.rand(1, 11, 16, 16)))
    with pytest.raises(ShapeError, match="image and prior map have batches of 2 and 1"):
        model(lr.expand(2, -1, -1, -1), first)


def test_landmarks_become_the_heatmaps_that_a_fusion_asks_for() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL, fusion="concat", prior_channels=68)
    prior = Prior(landmarks=torch.rand(2, 68, 2) * 16, valid=torch.ones(2, 68, dtype=torch.bool))
    assert model(torch.rand(2, 3, 4, 4), prior).sr.shape == (2, 3, 16, 16)


class HeatmapFusion(ConcatFusion):
    prior = "heatmaps"


def test_a_heatmap_fusion_sees_the_heatmaps_alone() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL, fusion=HeatmapFusion)
    lr, landmarks = torch.rand(1, 3, 4, 4), torch.rand(1, 68, 2) * 16
    prior = Prior(torch.rand(1, 19, 16, 16), landmarks, torch.ones(1, 68, dtype=torch.bool))
    answer = model(lr, prior).sr
    assert torch.equal(model(lr, prior._replace(parsing=torch.rand(1, 19, 16, 16))).sr, answer)
    assert not torch.equal(model(lr, prior._replace(landmarks=landmarks / 2)).sr, answer)


class Keeper(torch.nn.Module):
    """A retention that remembers what it was given."""

    kind = "retention"

    def __init__(self, channels, target_channels) -> None:
        super().__init__()

    def forward(self, x, retained):
        self.given = list(retained)
        return x


def test_every_decoder_stage_gets_the_encoders_features_back() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL, retention=Keeper)
    features = model(torch.rand(1, 3, 4, 4), with_features=True).features
    for retention in model.retention:
        assert len(retention.given) == 2
        assert all(torch.equal(a, b) for a, b in zip(retention.given, features[:2], strict=True))


@pytest.mark.parametrize(("levels", "scale", "multiple"), [(2, 4, 1), (4, 8, 2), (3, 2, 4), (2, 3, 4), (2, 6, 2)])
def test_the_size_multiple_is_what_the_scale_leaves_of_the_halvings(levels: int, scale: int, multiple: int) -> None:
    model = priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=levels, scale=scale)
    assert model.size_multiple == multiple
    assert model(torch.rand(1, 3, multiple, 3 * multiple)).sr.shape[2:] == (multiple * scale, 3 * multiple * scale)


def test_sides_that_do_not_halve_often_enough_are_told() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL | {"scale": 2})
    assert model.size_multiple == 2
    with pytest.raises(ShapeError, match="5 x 4; sides that are multiples of 2"):
        model(torch.rand(1, 3, 5, 4))


def test_with_the_global_residual_it_starts_as_the_enlarged_image() -> None:
    torch.manual_seed(0)
    model = priorsr.create("model", "encoder_decoder", **{**SMALL, "width": 64, "depth": 0}, global_residual=True)
    lr = torch.rand(1, 3, 4, 4)
    answer = model(lr, with_features=True)
    assert torch.equal(answer.sr, priorsr.create("model", "bicubic", scale=4)(lr).sr)
    first, last = answer.features[0].std(), answer.features[-1].std()
    assert 0.5 < last / first < 2  # with PyTorch's own first weights, 0.22
    torch.nn.init.ones_(model.tail.bias)
    assert torch.allclose(model(lr).sr, answer.sr + 1, atol=1e-5)


def test_a_patch_keeps_the_network_off_the_full_size() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL, patch=2)
    assert model.size_multiple == 2
    found = model(torch.rand(1, 3, 4, 6), with_features=True)
    assert [tuple(f.shape[2:]) for f in found.features] == [(4, 6), (2, 3), (2, 3), (4, 6), (8, 12)]
    assert found.sr.shape == (1, 3, 16, 24)


def test_a_patch_gives_each_pixel_back_to_its_place() -> None:
    model = priorsr.create("model", "encoder_decoder", **SMALL | {"width": 12, "levels": 1, "depth": 0}, patch=2)
    image = torch.rand(1, 3, 8, 8)
    for convolution in (model.head, model.tail):
        torch.nn.init.dirac_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    model.down[0], model.up[0] = torch.nn.Identity(), torch.nn.Identity()
    assert torch.equal(model.restore(image, None)[0], image)
