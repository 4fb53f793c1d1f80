"""The stages, what each loss is made of, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import priorsr
import priorsr_pfsr.recipe
from priorsr.containers import Batch, Prior
from priorsr.errors import MissingWeightsError, OptionError, PriorsrError
from priorsr.models import save
from priorsr.training import Progress, Stage
from priorsr_pfsr.config import DiscriminatorConfig, PFSRConfig

SMALL = {
    "generator": PFSRConfig(widths=(8, 8, 4, 4)),
    "discriminator": DiscriminatorConfig(widths=(8, 8, 4, 4), hidden=8),
    "fan_widths": (4, 4),
    "teacher": None,
}


class Brightness(nn.Module):
    """Stands for the perceptual loss, whose weights may be absent."""

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        return (sr.mean() - hr.mean()).square()


class Corner(nn.Module):
    """A teacher that sees every landmark at (x, y) = (40, 10)."""

    kind = "estimator"

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
        return Prior(landmarks=torch.tensor([40.0, 10.0]).expand(len(images), 68, 2)), None


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    prior = Prior(landmarks=torch.rand(3, 68, 2) * 64, valid=torch.rand(3, 68) > 0.3)
    return Batch(torch.rand(3, 3, 8, 8), torch.rand(3, 3, 64, 64), prior, ("a", "b", "c"))


@pytest.fixture
def _with_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priorsr_pfsr.recipe, "PerceptualLoss", Brightness)


def stages(**options: object) -> dict[str, Stage]:
    torch.manual_seed(1)
    return {stage.name: stage for stage in priorsr.create("recipe", "pfsr", **options).stages()}


def halved(images: Tensor, times: int) -> Tensor:
    for _ in range(times):
        images = F.interpolate(images, scale_factor=0.5, mode="bilinear", antialias=True)
    return images


def normalised(heatmaps: Tensor) -> Tensor:
    return torch.stack([(maps - maps.min()) / (maps.max() - maps.min()) for maps in heatmaps])


@pytest.mark.usefixtures("_with_vgg")
@pytest.mark.parametrize(
    ("name", "step", "adversarial", "perceptual", "attention", "heatmap"),
    [("x2", 1, 1.0, 0.01, 0, 0), ("x4", 2, 1.0, 0.01, 500, 50), ("x8", 3, 0.1, 0.001, 50, 50)],
)
def test_the_paper_weighs_its_terms_by_step(
    batch: Batch, name: str, step: int, adversarial: float, perceptual: float, attention: float, heatmap: float
) -> None:
    stage = stages(**SMALL)[name]
    assert ("fan" in stage.modules) == (step > 1)
    for module in stage.modules.values():
        module.eval()
    found = stage.step(stage.modules, batch, Progress(30, 100, 10))
    fade = 0.6 if step > 1 else 1.0  # of the first half of the stage
    with torch.no_grad():
        hr = halved(batch.hr, 3 - step)
        sr = stage.modules["generator"](batch.lr, step=step, fade=fade).sr
        critic = stage.modules["discriminator"](sr, step=step, fade=fade)
        wanted = -adversarial * critic.mean() + 10 * F.l1_loss(sr, hr) + perceptual * Brightness()(sr, hr)
        if step > 1:
            maps_sr, maps_hr = (normalised(stage.modules["fan"](images)[0].heatmaps) for images in (sr, hr))
            wanted += attention * (maps_hr.amax(1, keepdim=True) * (sr - hr).abs()).mean()
            wanted += heatmap * F.mse_loss(maps_sr, maps_hr)
    assert found.losses["generator"].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert found.logs["pixel"].item() == pytest.approx(F.l1_loss(sr, hr).item(), rel=1e-5)


@pytest.mark.usefixtures("_with_vgg")
def test_the_critic_sees_fresh_fakes_and_pays_for_its_gradient(batch: Batch) -> None:
    stage = stages(**SMALL, penalty_weight=7.0, drift=0.5)["x4"]
    generator, discriminator = (stage.modules[name].eval() for name in ("generator", "discriminator"))
    call = {"step": 2, "fade": 0.6}
    critic_loss = stage.step(stage.modules, batch, Progress(30, 100, 10)).losses["discriminator"]
    with torch.no_grad():
        for parameter in generator.parameters():  # as the generator's optimiser does in between
            parameter.add_(0.05 * torch.randn_like(parameter))
    torch.manual_seed(5)
    found = critic_loss()

    torch.manual_seed(5)
    with torch.no_grad():
        hr, fake = halved(batch.hr, 1), generator(batch.lr, **call).sr
    share = torch.rand(3, 1, 1, 1)
    between = (2 * (share * hr + (1 - share) * fake) - 1).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator((between + 1) / 2, **call).sum(), between)
    penalty = (gradient.flatten(1).square().sum(1).sqrt() - 1).square().mean()
    real, fake = discriminator(hr, **call), discriminator(fake, **call)
    wanted = fake.mean() - real.mean() + 0.5 * real.square().mean() + 7 * penalty
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    found.backward(inputs=list(discriminator.parameters()))
    assert all(parameter.grad is None for parameter in generator.parameters())
    assert discriminator.conv.weight.grad.isfinite().all()


@pytest.mark.usefixtures("_with_vgg")
def test_a_new_step_fades_in_over_half_of_its_stage(batch: Batch) -> None:
    found: dict[str, list[float]] = {}
    for name, stage in (stages(**SMALL) | stages(**SMALL, pixel_stages=True)).items():
        if "generator" not in stage.modules:
            continue
        seen = found.setdefault(name, [])
        hook = stage.modules["generator"].register_forward_pre_hook(
            lambda _, args, kwargs, seen=seen: seen.append(kwargs["fade"]), with_kwargs=True
        )
        for step in (0, 25, 50, 99):
            stage.step(stage.modules, batch, Progress(step, 100, 10))
        hook.remove()  # the stages share one generator
    grows, there = [0, 0.5, 1, 1], [1, 1, 1, 1]
    assert found == {"x2": there, "x4": grows, "pixel-x2": there, "pixel-x4": grows, "pixel": grows, "x8": there}


@pytest.mark.usefixtures("_with_vgg")
def test_the_papers_last_step_fades_in_too(batch: Batch) -> None:
    stage = stages(**SMALL)["x8"]
    generator = stage.modules["generator"]
    sr = [generator(batch.lr, fade=fade).sr for fade in (0.0, 1.0)]
    losses = [stage.step(stage.modules, batch, Progress(step, 100, 10)).logs["pixel"].item() for step in (0, 50)]
    assert losses == pytest.approx([F.l1_loss(image, batch.hr).item() for image in sr], rel=1e-5)


@pytest.mark.parametrize(("at", "size"), [(0, 32), (1, 64), (2, 32)])
def test_the_fan_learns_the_valid_landmarks_at_the_sizes_of_its_use_by_turns(
    batch: Batch, at: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(priorsr_pfsr.recipe, "PerceptualLoss", Brightness)
    stage = stages(**SMALL)["fan"]
    fan = stage.modules["fan"].eval()
    found = stage.step(stage.modules, batch, Progress(at, 100, 10))["fan"].item()
    images = halved(batch.hr, {32: 1, 64: 0}[size])
    centres = (batch.prior.landmarks + 0.5) * size / 64 - 0.5
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    squares = (x - centres[..., 0, None, None]) ** 2 + (y - centres[..., 1, None, None]) ** 2
    targets = torch.exp(-squares / (2 * (size / 64) ** 2))
    with torch.no_grad():
        each = ((1 + 200 * targets) * (fan(images)[0].heatmaps - targets).square()).mean((2, 3))
    assert found == pytest.approx(each[batch.prior.valid].mean().item(), rel=1e-4)


@pytest.mark.usefixtures("_with_vgg")
def test_the_fan_learns_from_its_teacher(batch: Batch) -> None:
    by_teacher = stages(**SMALL | {"teacher": Corner})["fan"]
    assert by_teacher.frozen == {"teacher"}
    corner = Prior(landmarks=torch.tensor([40.0, 10.0]).expand(3, 68, 2))
    by_data = stages(**SMALL)["fan"]
    found = by_teacher.step(by_teacher.modules, batch, Progress(0, 100, 10))["fan"]
    wanted = by_data.step(by_data.modules, batch._replace(prior=corner), Progress(0, 100, 10))["fan"]
    assert found.item() == wanted.item()
    with pytest.raises(PriorsrError, match=r"no landmarks, and the recipe no teacher \(teacher=face_alignment\)"):
        by_data.step(by_data.modules, batch._replace(prior=Prior()), Progress(0, 100, 10))


@pytest.mark.usefixtures("_with_vgg")
def test_the_papers_stages() -> None:
    found = stages(teacher=None)
    assert list(found) == ["fan", "x2", "x4", "x8"]
    assert [stage.product for stage in found.values()] == ["fan", None, None, "generator"]
    assert [set(stage.modules) - {"generator", "discriminator"} for stage in found.values()] == [
        {"fan"},
        {"perceptual"},
        {"fan", "perceptual"},
        {"fan", "perceptual"},
    ]
    assert found["x2"].starts_from == {}
    assert found["x4"].starts_from == {"generator": "x2", "discriminator": "x2", "fan": "fan"}
    assert found["x8"].starts_from == {"generator": "x4", "discriminator": "x4", "fan": "fan"}
    assert found["x8"].frozen == {"fan", "perceptual"}
    assert found["x8"].absent == {}
    for name in ("x2", "x4", "x8"):
        stage = found[name]
        assert list(stage.optimisers) == ["generator", "discriminator"]  # the generator's step comes first
        for optimiser in stage.optimisers.values():
            assert (optimiser.kind, optimiser.lr, optimiser.betas, optimiser.clip) == ("adam", 1e-3, (0, 0.99), None)
        assert (stage.batch_size, stage.flip, stage.ema) == (16, True, None)
        assert (stage.length.value, stage.length.unit) == (50_000, "steps")
    parameters = {name: sum(p.numel() for p in found["x8"].modules[name].parameters()) for name in found["x8"].modules}
    assert parameters["generator"] == pytest.approx(8.97e6, rel=1e-3)
    assert parameters["discriminator"] == pytest.approx(8.07e6, rel=1e-3)
    assert parameters["fan"] == pytest.approx(0.32e6, rel=1e-2)


def test_nano_learns_pixels_first_and_needs_no_weights() -> None:
    found = stages(preset="nano")
    assert list(found) == ["fan", "pixel-x2", "pixel-x4", "pixel", "x8"]
    assert [stage.product for stage in found.values()] == ["fan", None, None, "generator", "generator"]
    assert found["pixel"].starts_from == {"generator": "pixel-x4"}
    assert found["x8"].starts_from == {"generator": "pixel", "fan": "fan"}
    assert found["x8"].absent == {"perceptual": "its weight is 0 in this stage"}
    assert found["pixel"].absent.keys() == {"adversarial", "perceptual", "attention", "heatmap"}
    assert sum(stage.share for stage in found.values()) == pytest.approx(1)


def test_without_heatmap_terms_there_is_no_fan() -> None:
    found = stages(preset="nano", attention_weights=(0, 0, 0), heatmap_weights=(0, 0, 0), shares={})
    assert list(found) == ["pixel-x2", "pixel-x4", "pixel", "x8"]
    assert found["x8"].modules.keys() == {"generator", "discriminator"}


@pytest.mark.usefixtures("_with_vgg")
def test_without_the_adversarial_term_there_is_no_discriminator(batch: Batch) -> None:
    found = stages(**SMALL, adversarial_weights=(1, 0, 1))
    assert found["x4"].modules.keys() == {"generator", "fan", "perceptual"}
    assert found["x4"].optimisers.keys() == {"generator"}
    assert found["x4"].absent.keys() == {"adversarial"}
    assert found["x8"].starts_from == {"generator": "x4", "discriminator": "x2", "fan": "fan"}
    losses = found["x4"].step(found["x4"].modules, batch, Progress(30, 100, 10)).losses
    assert losses.keys() == {"generator"}


def test_a_fan_from_a_file_is_not_distilled_again(tmp_path: Path) -> None:
    fan = priorsr.create("estimator", "distilled_fan", widths=(4, 6))
    save(fan, tmp_path / "fan.safetensors")
    found = stages(preset="nano", fan_weights=str(tmp_path / "fan.safetensors"))
    assert list(found) == ["pixel-x2", "pixel-x4", "pixel", "x8"]
    assert torch.equal(found["x8"].modules["fan"].conv.weight, fan.conv.weight)
    assert found["x8"].starts_from == {"generator": "pixel"}
    save(priorsr.create("model", "bicubic"), tmp_path / "bicubic.safetensors")
    with pytest.raises(OptionError, match=r"holds a Bicubic; weights of a distilled_fan"):
        stages(preset="nano", fan_weights=str(tmp_path / "bicubic.safetensors"))


def test_the_paper_stops_where_weights_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeightsError, match=r"put vgg16-\w+\.pth into"):
        stages(**SMALL)
    with pytest.raises(PriorsrError, match=r"put 2DFAN4-\w+\.pth\.tar into|priorsr\[landmarks\]"):
        stages(**SMALL | {"teacher": "face_alignment"})


def test_impossible_configs_are_refused() -> None:
    for weights in ((1.0, 1.0), (1.0, 1.0, -1.0), (1.0, 1.0, math.nan)):
        with pytest.raises(OptionError, match="attention_weights is .* finite number"):
            stages(attention_weights=weights)
    nothing = dict.fromkeys(("adversarial_weights", "pixel_weights", "perceptual_weights"), (0, 1, 1))
    with pytest.raises(OptionError, match="in the stage 'x2' all loss terms weigh 0"):
        stages(**nothing)
    with pytest.raises(OptionError, match="batch_size is 1; 2 or more was expected"):
        stages(batch_size=1)
    with pytest.raises(OptionError, match="penalty_weight is inf"):
        stages(penalty_weight=math.inf)
    with pytest.raises(OptionError, match="drift is -1"):
        stages(drift=-1.0)
    with pytest.raises(OptionError, match=r"the discriminator's widths are \(8, 4\); as many as the generator's, 4"):
        stages(discriminator=DiscriminatorConfig(widths=(8, 4)))
    with pytest.raises(OptionError, match="shares names the stage 'pixel'; "):
        stages(shares={"pixel": 1.0})
    with pytest.raises(OptionError, match=r"the discriminator's widths are \(8,\)"):
        DiscriminatorConfig(widths=(8,))
