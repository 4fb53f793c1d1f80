from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from priorsr.containers import Batch, Prior
from priorsr.errors import PriorsrError
from priorsr.training import Optimiser, Stage, StepResult, steps
from priorsr.training.loop import StageLoop


class Loader:
    """Four noisy images a step."""

    steps_per_epoch = 5

    def batch(self, step: int) -> Batch:
        lr = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(step))
        return Batch(lr, lr.flip(-1), Prior(), tuple("abcd"))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.dropout(F.relu(self.norm(self.first(x))), 0.2, self.training))


def distil(modules: Mapping[str, nn.Module], batch: Batch, progress: Any) -> dict[str, Tensor]:
    return {
        "net": F.l1_loss(modules["net"](batch.lr), batch.hr)
        + F.l1_loss(modules["net"](batch.lr), modules["teacher"](batch.lr))
    }


def make(step: Any = distil, *, precision: Any = "float32", seed: int = 0, **changes: Any) -> StageLoop:
    torch.manual_seed(0)
    fields: dict[str, Any] = {
        "name": "student",
        "modules": {"net": Net(), "teacher": Net()},
        "frozen": frozenset({"teacher"}),
        "optimisers": {"net": Optimiser(("net",), lr=0.05, clip=1.0)},
        "step": step,
        "length": steps(10),
        "product": "net",
        "ema": 0.9,
    }
    stage = Stage(**{**fields, **changes})
    return StageLoop(
        stage, Loader(), steps=10, seed=seed, accelerator=Accelerator(cpu=True), precision=precision, channels_last=True
    )


def run(loop: StageLoop, count: int) -> list[Tensor]:
    return [loss for _ in range(count) for loss in loop.advance().losses.values()]


def test_it_learns() -> None:
    losses = run(make(), 10)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_restored_loop_goes_on_bit_for_bit(precision: str) -> None:
    whole, first, second = (make(precision=precision) for _ in range(3))
    expected = run(whole, 8)
    run(first, 3)
    second.restore({key: value.clone().contiguous() for key, value in first.tensors().items()}, 3)
    assert torch.equal(torch.stack(run(second, 5)), torch.stack(expected[3:]))
    ours, theirs = second.tensors(), whole.tensors()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert any(key.startswith("optimisers/") for key in theirs)


def test_a_restored_optimiser_keeps_the_memory_format_of_its_weights() -> None:
    first, second = make(), make()
    run(first, 1)
    second.restore({key: value.contiguous() for key, value in first.tensors().items()}, 1)
    ours, theirs = second.tensors(), first.tensors()
    average = "optimisers/net/net.first.weight/exp_avg"
    assert ours[average].is_contiguous(memory_format=torch.channels_last)
    assert {key: value.stride() for key, value in ours.items()} == {
        key: value.stride() for key, value in theirs.items()
    }


def test_another_seed_draws_other_noise() -> None:
    assert run(make(seed=1), 1) != run(make(seed=2), 1)


def test_frozen_modules_stay_as_they_are_and_are_trainable_again_afterwards() -> None:
    loop = make()
    teacher = loop.stage.modules["teacher"]
    before = {key: value.clone() for key, value in teacher.state_dict().items()}
    run(loop, 3)
    assert all(torch.equal(before[key], value) for key, value in teacher.state_dict().items())
    assert not teacher.training
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    loop.close()
    assert all(parameter.requires_grad for parameter in teacher.parameters())


def test_the_average_follows_with_a_decay_that_grows_into_its_own() -> None:
    loop = make()
    weight = loop.stage.modules["net"].first.weight
    expected = weight.detach().clone()
    for step in (1, 2, 3):
        run(loop, 1)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight.detach()
    assert loop.product is not loop.stage.modules["net"]
    assert torch.allclose(loop.product.first.weight, expected, atol=1e-6)
    assert torch.equal(loop.product.norm.running_mean, loop.stage.modules["net"].norm.running_mean)


def test_gradients_reach_only_the_parameters_of_the_loss_and_a_callable_waits_for_its_turn() -> None:
    seen: dict[str, Any] = {}

    def play(modules: Mapping[str, nn.Module], batch: Batch, progress: Any) -> dict[str, Any]:
        generator, judge = modules["net"], modules["judge"]
        seen["generator"] = generator.first.weight.detach().clone()
        seen["judge"] = judge.weight.detach().clone()

        def late() -> Tensor:
            seen["moved"] = not torch.equal(seen["generator"], generator.first.weight)
            seen["judge moved"] = not torch.equal(seen["judge"], judge.weight)
            seen["judge grad"] = judge.weight.grad
            return judge(batch.hr).square().mean()

        return {"net": judge(generator(batch.lr)).mean(), "judge": late}

    loop = make(
        play,
        modules={"net": Net(), "judge": nn.Conv2d(3, 1, 1)},
        frozen=frozenset(),
        optimisers={"net": Optimiser(("net",), lr=0.05), "judge": Optimiser(("judge",), lr=0.05)},
    )
    run(loop, 1)
    assert seen["moved"]
    assert not seen["judge moved"]
    assert seen["judge grad"] is None
    assert not torch.equal(seen["judge"], loop.stage.modules["judge"].weight)


def test_an_optimiser_without_a_loss_rests() -> None:
    def alternate(modules: Mapping[str, nn.Module], batch: Batch, progress: Any) -> StepResult:
        losses = {"net": modules["net"](batch.lr).mean()} if progress.step % 2 else {}
        return StepResult(losses, {"step": progress.step})

    loop = make(alternate)
    before = loop.stage.modules["net"].first.weight.detach().clone()
    record = loop.advance()
    assert record.losses == {}
    assert float(record.logs["step"]) == 0
    assert torch.equal(before, loop.stage.modules["net"].first.weight)
    assert set(loop.advance().losses) == {"net"}


def test_clipping_limits_the_first_step_of_plain_descent() -> None:
    def steep(modules: Mapping[str, nn.Module], batch: Batch, progress: Any) -> dict[str, Tensor]:
        return {"net": 1e6 * modules["net"](batch.lr).square().mean()}

    norms = []
    for clip in (0.5, None):
        loop = make(steep, optimisers={"net": Optimiser(("net",), lr=0.0, clip=clip)})
        optimiser = loop._optimisers["net"]
        optimiser.register_step_pre_hook(
            lambda opt, *_: norms.append(
                torch.cat([p.grad.flatten() for group in opt.param_groups for p in group["params"]]).norm()
            )
        )
        run(loop, 1)
    assert norms[0] == pytest.approx(0.5, rel=1e-3)
    assert norms[1] > 1e3


def test_in_bf16_modules_compute_in_bf16_and_answer_in_float32() -> None:
    seen: dict[str, torch.dtype] = {}

    def look(modules: Mapping[str, nn.Module], batch: Batch, progress: Any) -> dict[str, Tensor]:
        answer = modules["net"](batch.lr)
        seen["answer"] = answer.dtype
        assert batch.lr.is_contiguous(memory_format=torch.channels_last)
        assert modules["net"].first.weight.dtype == torch.float32
        return {"net": answer.mean()}

    loop = make(look, precision="bf16")
    loop.stage.modules["net"].last.register_forward_hook(lambda *call: seen.update(inside=call[2].dtype))
    run(loop, 1)
    assert seen == {"inside": torch.bfloat16, "answer": torch.float32}


def test_a_loss_for_nobody_is_refused() -> None:
    with pytest.raises(PriorsrError, match="'nte', which is not one of its optimisers; did you mean 'net'"):
        run(make(lambda modules, batch, progress: {"nte": torch.zeros(())}), 1)


def test_weights_that_are_not_finite_are_named() -> None:
    loop = make()
    loop.check_finite()
    with torch.no_grad():
        loop.stage.modules["net"].last.bias[0] = float("inf")
    with pytest.raises(PriorsrError, match=r"'student', the weight net\.last\.bias"):
        loop.check_finite()


@pytest.fixture(autouse=True)
def _close(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let go of every loop's reader when its test ends."""
    real: Callable[..., None] = StageLoop.__init__

    def init(self: StageLoop, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        request.addfinalizer(self.close)

    monkeypatch.setattr(StageLoop, "__init__", init)
