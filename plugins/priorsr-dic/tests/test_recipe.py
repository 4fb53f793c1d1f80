"""The three stages, the weights of their terms, and when the hourglass learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.containers import Batch, Prior
from priorsr.errors import DataError, MissingWeightsError, OptionError, PriorsrError
from priorsr.priors import draw_heatmaps
from priorsr.training import Optimiser, Progress, steps
from priorsr_dic.config import NANO, DICConfig
from priorsr_dic.discriminator import Discriminator, LightCNNLoss
from priorsr_dic.losses import heatmap_mse

SMALL = DICConfig(**{**NANO, "width": 4, "hourglass_width": 4, "groups": 1, "zero_tail": False})
GAN = {"preset": "nano", "model": SMALL, "gan": True}


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    valid = torch.rand(2, 68) < 0.8
    prior = Prior(landmarks=torch.rand(2, 68, 2) * 128, valid=valid)
    return Batch(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 128, 128), prior, ("a", "b"))


@pytest.fixture(scope="module")
def lightcnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("lightcnn") / "lightcnn.pth"
    torch.save({"state_dict": {f"module.{k}": v for k, v in Discriminator().state_dict().items()}}, path)
    return path


def stages_of(**options: object) -> dict:
    torch.manual_seed(1)
    return {stage.name: stage for stage in priorsr.create("recipe", "dic", **options).stages()}


def losses(stage, batch: Batch, step: int = 0) -> dict[str, torch.Tensor]:
    answer = stage.step(stage.modules, batch, Progress(step, 100, 10))
    found = getattr(answer, "losses", answer)
    return {name: loss() if callable(loss) else loss for name, loss in found.items()}


def squared_heatmaps(answer, batch: Batch) -> float:
    """The sum over the steps of nano's mean square, in which peaks weigh more, over valid landmarks, spelt out."""
    targets = draw_heatmaps(batch.prior.landmarks, batch.prior.valid, (32, 32), scale=4)[batch.prior.valid]
    squares = [(maps[batch.prior.valid] - targets).square() for maps in answer.heatmaps]
    return sum((square * (1 + 100 * targets)).mean().item() for square in squares)


def test_the_papers_stages(lightcnn: Path) -> None:
    stages = stages_of(lightcnn=str(lightcnn))
    assert list(stages) == ["hourglass", "dic", "dicgan"]
    assert [stage.product for stage in stages.values()] == ["hourglass", "dic", "dic"]
    assert stages["dic"].modules["dic"].hourglass is stages["hourglass"].modules["hourglass"]
    assert stages["dicgan"].starts_from == {"dic": "dic"}
    assert stages["dicgan"].frozen == {"lightcnn"}
    for stage in stages.values():
        for optimiser in stage.optimisers.values():
            assert (optimiser.kind, optimiser.lr, optimiser.betas, optimiser.clip) == ("adam", 1e-4, (0.9, 0.999), None)
        assert (stage.batch_size, stage.flip, stage.quarter_turns, stage.ema) == (8, False, False, None)
    assert [stages[name].length for name in ("dic", "dicgan")] == [steps(150_000), steps(80_000)]
    rate = stages["dic"].optimisers["dic"].schedule
    assert [rate(Progress(step, 150_000, 100)) for step in (9_999, 10_000, 20_000, 40_000, 80_000)] == [
        1.0, 0.5, 0.25, 0.125, 0.0625,
    ]  # fmt: skip


@pytest.mark.parametrize("pixel_images", ["own", "last"])
def test_dic_sums_its_terms_over_the_steps(batch: Batch, pixel_images: str) -> None:
    stage = stages_of(preset="nano", model=SMALL, pixel_images=pixel_images)["dic"]
    answer = stage.modules["dic"](batch.lr)
    images = answer.stages if pixel_images == "own" else (answer.sr,) * 3
    wanted = sum(F.l1_loss(image, batch.hr).item() for image in images) + 0.1 * squared_heatmaps(answer, batch)
    assert losses(stage, batch)["dic"].item() == pytest.approx(wanted, rel=1e-5)


def test_the_hourglass_learns_after_its_release_only(batch: Batch) -> None:
    stage = stages_of(preset="nano", model=SMALL, release=steps(7))["dic"]
    dic = stage.modules["dic"]
    theirs, rest = list(dic.hourglass.parameters()), list(dic.first_block.parameters())
    for step, learns in ((0, False), (6, False), (7, True), (8, True)):
        dic.zero_grad()
        losses(stage, batch, step)["dic"].backward(inputs=list(dic.parameters()))
        assert all((p.grad is not None) == learns for p in theirs)
        assert all(p.grad is not None and p.grad.any() for p in rest)
        assert all(p.requires_grad for p in dic.parameters())


def test_before_its_release_not_even_the_optimiser_moves_it(batch: Batch) -> None:
    stage = stages_of(preset="nano", model=SMALL, release=steps(2))["dic"]
    dic = stage.modules["dic"]
    optimiser: Optimiser = stage.optimisers["dic"]
    adam = optimiser.build(list(dic.parameters()))
    before = [p.clone() for p in dic.hourglass.parameters()]
    moved = []
    for step in range(3):
        losses(stage, batch, step)["dic"].backward()
        adam.step()
        adam.zero_grad(set_to_none=True)
        moved.append(not all(torch.equal(p, old) for p, old in zip(dic.hourglass.parameters(), before, strict=True)))
    assert moved == [False, False, True]


def test_while_it_waits_the_hourglass_still_steers_with_a_gradient(batch: Batch) -> None:
    """What comes before the hourglass learns from its heatmaps, released or not."""
    stage = stages_of(preset="nano", model=SMALL, heatmap_weight=1.0, release=steps(7))["dic"]
    gradients = []
    for step in (0, 7):
        stage.modules["dic"].zero_grad()
        losses(stage, batch, step)["dic"].backward()
        gradients.append(stage.modules["dic"].conv_in[0][0].weight.grad.clone())
    torch.testing.assert_close(*gradients)


def test_the_hourglass_is_pretrained_on_valid_landmarks(batch: Batch) -> None:
    stage = stages_of(preset="nano", model=SMALL)["hourglass"]
    torch.manual_seed(5)
    loss = losses(stage, batch)["hourglass"]
    changed = batch.prior.landmarks.clone()
    changed[~batch.prior.valid] = 5.0
    torch.manual_seed(5)
    assert losses(stage, batch._replace(prior=batch.prior._replace(landmarks=changed)))["hourglass"] == loss
    loss.backward()
    assert all(p.grad is not None for p in stage.modules["hourglass"].parameters())
    with pytest.raises(PriorsrError, match="the training faces have none"):
        losses(stage, batch._replace(prior=Prior()))


def test_heatmaps_without_a_valid_landmark_cost_nothing() -> None:
    maps, landmarks = torch.rand(1, 68, 4, 4), torch.full((1, 68, 2), 1e3)  # too far away to be seen on the maps
    assert heatmap_mse(maps, Prior(landmarks=landmarks, valid=torch.zeros(1, 68, dtype=torch.bool))) == 0
    found = heatmap_mse(maps, Prior(landmarks=landmarks))
    assert found == pytest.approx(maps.square().mean().item(), rel=1e-5)


def test_an_error_at_a_landmark_weighs_more_where_that_is_wanted() -> None:
    middle = torch.full((1, 1, 2), 4.0)  # of the second of 3 x 3 heatmap pixels of 4 image pixels
    nothing = torch.zeros(1, 1, 3, 3)
    targets = torch.exp(-torch.tensor([2.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 2.0]) / 2)
    for weight in (0.0, 20.0):
        expected = (targets.square() * (1 + weight * targets)).mean().item()
        assert heatmap_mse(nothing, Prior(landmarks=middle), peak_weight=weight).item() == pytest.approx(expected)


def test_dicgan_weighs_its_terms(batch: Batch, lightcnn: Path) -> None:
    stage = stages_of(**GAN, perceptual_weight=0.1, lightcnn=lightcnn, pixel_weight=2.0)["dicgan"]
    dic, judge = stage.modules["dic"], stage.modules["discriminator"]
    with torch.no_grad():
        answer = dic(batch.lr)
        features = [judge_features(stage, image) for image in (answer.sr, batch.hr)]
        real, fake = judge(batch.hr), judge(answer.sr)
    pixel = sum(F.l1_loss(image, batch.hr).item() for image in answer.stages)
    wanted = 2 * pixel + 0.1 * squared_heatmaps(answer, batch) + 0.1 * F.l1_loss(*features).item()
    wanted += 0.005 * F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake)).item()
    found = losses(stage, batch)
    assert found["dic"].item() == pytest.approx(wanted, rel=1e-5)
    critic = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    critic += F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    assert found["discriminator"].item() == pytest.approx(critic.item(), rel=1e-5)


def judge_features(stage, image: torch.Tensor) -> torch.Tensor:
    lightcnn: LightCNNLoss = stage.modules["lightcnn"]
    return lightcnn.features(lightcnn.shift(image))


def test_dicgan_judges_the_last_step_only(batch: Batch) -> None:
    stage = stages_of(**GAN, pixel_weight=0.0, heatmap_weight=0.0)["dicgan"]
    dic = stage.modules["dic"]
    found = losses(stage, batch)
    answers = []
    handle = stage.modules["discriminator"].register_forward_pre_hook(lambda _, inputs: answers.append(inputs[0]))
    losses(stage, batch)
    handle.remove()
    assert len(answers) == 3  # the generator's, then the discriminator's real and made
    last = dic(batch.lr).sr
    assert torch.equal(answers[0], last)
    assert torch.equal(answers[1], batch.hr)
    assert torch.equal(answers[2], last)
    assert not answers[2].requires_grad
    found["discriminator"].backward()
    assert all(p.grad is None for p in dic.parameters())
    assert all(p.grad is not None for p in stage.modules["discriminator"].parameters())


def test_lightcnn_sees_the_difference_and_stays(batch: Batch, lightcnn: Path) -> None:
    loss = LightCNNLoss(lightcnn)
    assert loss(batch.hr, batch.hr) == 0
    sr = batch.hr.flip(3).requires_grad_()
    loss(sr, batch.hr).backward()
    assert sr.grad is not None
    assert sr.grad.any()
    assert not any(p.requires_grad for p in loss.parameters())


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"LightCNN-9 checkpoint \(\.pth\) of yours: set lightcnn"):
        stages_of()
    with pytest.raises(MissingWeightsError, match=r"nowhere\.pth: there is no such file; the LightCNN-9"):
        stages_of(lightcnn=str(tmp_path / "nowhere.pth"))
    torch.save({"conv.weight": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(DataError, match=r"other\.pth: has no tensor named 'features"):
        LightCNNLoss(tmp_path / "other.pth")


def test_without_lightcnn_nano_leaves_its_term_out() -> None:
    assert set(stages_of(**GAN)["dicgan"].modules) == {"dic", "discriminator"}
    assert list(stages_of(preset="nano")) == ["hourglass", "dic"]
    assert list(stages_of(gan=False)) == ["hourglass", "dic"]


def test_impossible_configs_are_refused() -> None:
    with pytest.raises(OptionError, match="heatmap_weight is -1"):
        stages_of(heatmap_weight=-1.0)
    with pytest.raises(OptionError, match=r"hourglass_share is 0\.8 and gan_share 0\.3"):
        stages_of(hourglass_share=0.8)
    assert len(stages_of(hourglass_share=0.8, gan=False)) == 2
    with pytest.raises(OptionError, match="pixel_images is 'first'"):
        stages_of(pixel_images="first")
