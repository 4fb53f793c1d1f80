"""Checks of recipes: every stage learns, and a killed and resumed run ends like an uninterrupted one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from priorsr.containers import Batch
from priorsr.files import require_extra
from priorsr.testing.component_results import assert_equal
from priorsr.testing.examples import Example, map_tensors
from priorsr.training import Progress, Stage, StepResult

STEPS, KILLED_AFTER = 3, 1


def stages_learn(example: Example) -> None:
    """Every stage returns a finite loss for each optimiser that steps, at its start and at its end.

    At the start, every trained module gets a gradient.
    """
    (batch,) = example.inputs(2, False)
    for stage in example.create().stages():
        who = f"{example.name}: the stage {stage.name!r}"
        for step in (0, 99):
            result = stage.step(stage.modules, batch, Progress(step, 100, 10))
            losses = result.losses if isinstance(result, StepResult) else result
            assert losses.keys() <= stage.optimisers.keys(), f"{who} returns {list(losses)}, not its optimisers"
            assert losses, f"{who} has no loss at step {step}"
            for name, loss in losses.items():
                scalar = loss() if callable(loss) else loss
                assert scalar.isfinite(), f"{who}: the loss of {name!r} is {scalar.item()}"
                scalar.backward()
            if step:
                continue
            for module in {module for name in losses for module in stage.optimisers[name].modules}:
                trained = [p for p in stage.modules[module].parameters() if p.requires_grad]
                moved = not trained or any(p.grad is not None and p.grad.any() for p in trained)
                assert moved, f"{who}: {module!r} gets no gradient"


def resumes_exactly(example: Example) -> None:
    """A stage that is killed and resumed ends with the same bits as an uninterrupted one.

    So a recipe keeps all its state in its modules, which checkpoints save.
    """
    require_extra("accelerate", "train")
    (batch,) = example.inputs(2, False)
    unbroken = [_run(stage, batch) for stage in _stages(example)]
    for index, (at_kill, at_end) in enumerate(unbroken):
        stage = _stages(example)[index]
        (resumed,) = _run(stage, batch, at_kill)[1:]
        who = f"{example.name}: the stage {stage.name!r}, killed and resumed"
        assert resumed.keys() == at_end.keys(), f"{who}, ends with other tensors"
        for name, tensor in at_end.items():
            assert_equal([resumed[name]], [tensor], f"{who}, ends with another {name}")


def _stages(example: Example) -> Sequence[Stage]:
    stages: Sequence[Stage] = example.create().stages()
    return stages


def _run(
    stage: Stage, batch: Batch, start: Mapping[str, Tensor] | None = None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Run a stage from its first step, or from a checkpoint, and return its state at the kill and at the end."""
    from priorsr.training.loop import StageLoop

    process: Any = _OneProcess()
    loop = StageLoop(
        stage, _Faces(batch), steps=STEPS, seed=0, accelerator=process, precision="float32", channels_last=False
    )
    try:
        if start is not None:
            loop.restore(start, KILLED_AFTER)
        at_kill: dict[str, Tensor] = {}
        while loop.step < STEPS:
            loop.advance()
            if loop.step == KILLED_AFTER:
                at_kill = _copy(loop.tensors())
        return at_kill, _copy(loop.tensors())
    finally:
        loop.close()


def _copy(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


class _Faces:
    """Training batches: the example's faces, in another order at each step."""

    steps_per_epoch = 10

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def batch(self, step: int) -> Batch:
        rolled: Batch = map_tensors(lambda tensor: tensor.roll(step, 0), self._batch)
        return rolled


class _OneProcess:
    """A stand-in for Accelerate on the CPU; the real one would choose the device for the whole program."""

    device = torch.device("cpu")
    num_processes = 1
    process_index = 0

    def backward(self, loss: Tensor, inputs: Sequence[Tensor]) -> None:
        loss.backward(inputs=list(inputs))

    def clip_grad_norm_(self, parameters: Sequence[Tensor], most: float) -> None:
        torch.nn.utils.clip_grad_norm_(parameters, most)
