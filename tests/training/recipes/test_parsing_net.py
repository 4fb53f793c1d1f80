from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import priorsr
from priorsr.containers import Prior
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import OptionError
from priorsr.training import Progress, fraction, train
from priorsr.training.recipes.parsing_net import cross_entropy, dice

STILL = {"rotation": 0.0, "scaling": 0.0, "shift": 0.0, "brightness": 0.0}


def recipe(**options: object):
    torch.manual_seed(0)
    found = priorsr.create("recipe", "parsing_net", widths=(8, 16), size=64, **options)
    (stage,) = found.stages()
    return found, stage


@pytest.fixture
def batch(tiny_faces: Path):
    return FaceLoader(FaceSet.open(tiny_faces), "train", batch_size=4).batch(0)


def maps(*labels: list[int]) -> torch.Tensor:
    return F.one_hot(torch.tensor(labels), 3).float().permute(0, 2, 1)[..., None]  # (B,3,pixels,1)


def test_the_terms_counted_by_hand() -> None:
    wanted = maps([0, 0, 0, 1])
    assert dice(wanted, wanted) == 1
    assert dice(maps([0, 0, 1, 1]), wanted).item() == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)  # class 2 is not there
    sure = 0.8 * wanted + 0.1
    assert cross_entropy(sure, wanted, 0.5).item() == pytest.approx(-torch.tensor(0.9).log().item())
    wrong_once = torch.where(torch.arange(4)[:, None] == 3, 1 / 3, sure)
    heavy = (0.25 / 0.75) ** -0.5  # a class with a third of the other's pixels weighs this much more in each
    assert cross_entropy(wrong_once, wanted).item() == pytest.approx(
        (3 * -torch.tensor(0.9).log() + torch.tensor(3.0).log()).item() / 4
    )
    expected = (3 * -torch.tensor(0.9).log() + heavy * torch.tensor(3.0).log()) / (3 + heavy)
    assert cross_entropy(wrong_once, wanted, 0.5).item() == pytest.approx(expected.item(), rel=1e-3)


@pytest.mark.parametrize(("from_lr", "part"), [(0.0, "hr"), (1.0, "lr")])
def test_the_network_sees_hr_and_enlarged_lr(batch, from_lr: float, part: str) -> None:
    found, _ = recipe(from_lr=from_lr, **STILL)
    seen = found._seen(batch)
    expected = batch.hr if part == "hr" else priorsr.create("model", "bicubic")(batch.lr).sr.clamp(0, 1)
    torch.testing.assert_close(seen, expected)
    images, parsing = found._varied(seen, batch.prior.parsing)
    torch.testing.assert_close(images, seen, atol=1e-4, rtol=0)
    torch.testing.assert_close(parsing, batch.prior.parsing, atol=1e-4, rtol=0)


def test_images_and_maps_move_alike(batch) -> None:
    """A picture of the map, varied as an image, is the picture of the varied map."""
    from priorsr.priors import parsing_picture

    found, _ = recipe(rotation=30.0, scaling=0.3, shift=0.2, brightness=0.0)
    images, parsing = found._varied(parsing_picture(batch.prior.parsing), batch.prior.parsing)
    torch.testing.assert_close(images, parsing_picture(parsing), atol=1e-4, rtol=0)
    assert (parsing - batch.prior.parsing).abs().max() > 0.5


def test_a_step_learns_and_logs_its_terms(batch) -> None:
    _, stage = recipe(dice_weight=2.0)
    result = stage.step(stage.modules, batch, Progress(0, 100, 10))
    terms = result.logs
    assert result.losses["estimator"].item() == pytest.approx((terms["cross_entropy"] + 2 * terms["dice_loss"]).item())
    result.losses["estimator"].backward()
    assert all(parameter.grad is not None for parameter in stage.modules["estimator"].parameters())
    with pytest.raises(OptionError, match="learns from parsing maps, and the training faces have none"):
        stage.step(stage.modules, batch._replace(prior=Prior()), Progress(0, 100, 10))


def test_small_classes_weigh_more_until_the_balance_has_faded() -> None:
    found, _ = recipe(balanced_until=fraction(0.5))
    assert [found._balance(Progress(step, 100, 10)) for step in (0, 25, 50, 99)] == pytest.approx([0.5, 0.25, 0, 0])


def test_impossible_configs_are_refused() -> None:
    with pytest.raises(OptionError, match=r"from_lr is 1\.5"):
        recipe(from_lr=1.5)
    with pytest.raises(OptionError, match=r"shift is -1\.0"):
        recipe(shift=-1.0)


def test_a_run_leaves_an_estimator(tiny_faces: Path, tmp_path: Path) -> None:
    result = train(
        "parsing_net", tiny_faces, tmp_path / "run", overrides={"widths": (8, 16), "size": 64, "batch_size": 4}, steps=4
    )
    net = priorsr.load(result.products["estimator"])
    assert net.options["widths"] == [8, 16]
    assert net(torch.rand(1, 3, 64, 64))[0].parsing.shape == (1, 19, 64, 64)
