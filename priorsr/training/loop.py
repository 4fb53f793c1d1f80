"""Run one stage: its modules on their device, its optimisers, and the step."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from priorsr.containers import Batch
from priorsr.errors import DataError, PriorsrError, did_you_mean
from priorsr.training.durations import Progress
from priorsr.training.ema import Ema
from priorsr.training.precision import Autocast, Precision
from priorsr.training.stage import Loss, Stage, StepResult


class Loader(Protocol):
    """Training batches as a pure function of the step."""

    @property
    def steps_per_epoch(self) -> int: ...

    def batch(self, step: int) -> Batch: ...


@dataclass(frozen=True)
class StepRecord:
    """The result of a step: scalars on their device, learning rates, and the seconds spent waiting for data."""

    step: int
    losses: Mapping[str, Tensor]
    logs: Mapping[str, Tensor]
    rates: Mapping[str, float]
    data_seconds: float


class StageLoop:
    """Runs a stage step by step; `tensors` and `restore` save and load all state that is not a function of the step.

    Random numbers are a function of the step: each step seeds Python's, NumPy's and torch's generators from (seed,
    stage, step, process), so no generator's state is stored, and a resumed run may have another number of processes.
    Gradients are averaged over processes here, in one message per optimiser: DistributedDataParallel does not support a
    backward to some of the parameters only, such as one of a GAN's two networks.

    read_ahead: make each batch in another thread during the step before it. Must be False if making a batch seeds the
    generators, which all threads share.
    """

    def __init__(
        self,
        stage: Stage,
        loader: Loader,
        *,
        steps: int,
        seed: int,
        accelerator: Accelerator,
        precision: Precision,
        channels_last: bool,
        read_ahead: bool = True,
    ) -> None:
        self.stage = stage
        self.steps = steps
        self.step = 0
        self._loader = loader
        self._seed = seed
        self._accelerator = accelerator
        self._format = torch.channels_last if channels_last else torch.preserve_format
        self._frozen: list[nn.Parameter] = []
        for name, module in stage.modules.items():
            module.to(accelerator.device).to(memory_format=self._format)
            module.train(name not in stage.frozen)
            if name in stage.frozen:
                self._frozen += [parameter for parameter in module.parameters() if parameter.requires_grad]
        for parameter in self._frozen:
            parameter.requires_grad_(False)
        self._callable = {
            name: Autocast(module, accelerator.device) if precision == "bf16" and not _is_loss(module) else module
            for name, module in stage.modules.items()
        }
        self._parameters = {
            name: [p for module in settings.modules for p in stage.modules[module].parameters() if p.requires_grad]
            for name, settings in stage.optimisers.items()
        }
        self._optimisers = {name: settings.build(self._parameters[name]) for name, settings in stage.optimisers.items()}
        self.ema = Ema(stage.modules[stage.product], stage.ema) if stage.product and stage.ema is not None else None
        self._read_ahead = read_ahead
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="priorsr-data")
        self._next: tuple[int, Future[Batch]] | None = None

    @property
    def product(self) -> nn.Module | None:
        """Return the product of the stage, or its moving average if the stage has one; it computes in float32."""
        if self.ema:
            return self.ema.module
        return self.stage.modules[self.stage.product] if self.stage.product else None

    @property
    def decay_start(self) -> int | None:
        """Return the step from which the stage can be extended; None if a schedule depends on the stage's length."""
        progress = Progress(self.step, self.steps, self._loader.steps_per_epoch)
        starts = [optimiser.schedule.decay_start(progress) for optimiser in self.stage.optimisers.values()]
        return min((start for start in starts if start is not None), default=None) if None not in starts else None

    def advance(self) -> StepRecord:
        """Run one step."""
        began = time.perf_counter()
        batch = self._batch()
        data_seconds = time.perf_counter() - began
        self._seed_step()
        progress = Progress(self.step, self.steps, self._loader.steps_per_epoch)
        result = self.stage.step(self._callable, batch, progress)
        losses, logs = result if isinstance(result, StepResult) else (result, {})
        self._check_names(losses)
        taken: dict[str, Tensor] = {}
        rates: dict[str, float] = {}
        for name in self._optimisers:
            if name in losses:
                rates[name] = self._rate(name, progress)
                taken[name] = self._descend(name, losses[name], rates[name])
        self.step += 1
        if self.ema:
            self.ema.update(self.step)
        device = self._accelerator.device
        scalars = {name: torch.as_tensor(value, device=device).detach() for name, value in logs.items()}
        return StepRecord(self.step, taken, scalars, rates, data_seconds)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors of a checkpoint by path: modules/, ema/, optimisers/."""
        self.share_buffers()
        found = {
            f"modules/{name}/{key}": value
            for name, module in self.stage.modules.items()
            for key, value in module.state_dict().items()
        }
        if self.ema:
            found |= {f"ema/{key}": value for key, value in self.ema.module.state_dict().items()}
        for name, path, parameter in self._named_parameters():
            state = self._optimisers[name].state.get(parameter, {})
            found |= {f"optimisers/{name}/{path}/{key}": value for key, value in state.items()}
        return found

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Load the state of a checkpoint, each tensor in its former memory format, so that all bits agree."""
        for name, module in self.stage.modules.items():
            load_state(module, below(tensors, f"modules/{name}/"), f"the checkpoint's module {name!r}")
        if self.ema:
            load_state(self.ema.module, below(tensors, "ema/"), "the checkpoint's average")
        for name, path, parameter in self._named_parameters():
            state = below(tensors, f"optimisers/{name}/{path}/")
            if state:
                self._optimisers[name].state[parameter] = {key: _placed(v, parameter) for key, v in state.items()}
        self.step = step

    def check_finite(self) -> None:
        """Raise PriorsrError if any weight is NaN or infinite."""
        for name, module in self.stage.modules.items():
            for key, value in module.state_dict().items():
                if not value.isfinite().all():
                    raise PriorsrError(
                        f"training stopped: in the stage {self.stage.name!r}, the weight {name}.{key} is not finite "
                        f"after step {self.step}; a lower learning rate or clip may help"
                    )

    def share_buffers(self) -> None:
        """Replace the buffers of each process, such as batch statistics, by those of the main process."""
        if self._accelerator.num_processes > 1:
            averaged = [self.ema.module] if self.ema else []
            for module in [*self.stage.modules.values(), *averaged]:
                for buffer in module.buffers():
                    buffer.copy_(broadcast(buffer))

    def close(self) -> None:
        """Release the data reader, and unfreeze frozen parameters."""
        self._reader.shutdown(cancel_futures=True)
        for parameter in self._frozen:
            parameter.requires_grad_(True)

    def _batch(self) -> Batch:
        """Return this step's batch on the device, and start to read the next one in another thread if allowed."""
        step, future = self._next or (-1, None)
        batch = future.result() if future and step == self.step else self._loader.batch(self.step)
        if self._read_ahead and self.step + 1 < self.steps:
            self._next = self.step + 1, self._reader.submit(self._loader.batch, self.step + 1)
        batch = tree_map_only(Tensor, lambda tensor: tensor.to(self._accelerator.device), batch)
        lr, hr = (images.to(memory_format=self._format) for images in (batch.lr, batch.hr))
        return batch._replace(lr=lr, hr=hr)

    def _seed_step(self) -> None:
        key = f"{self._seed}/{self.stage.name}/{self.step}/{self._accelerator.process_index}"
        seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002  # recipes may use NumPy's global generator
        torch.default_generator.manual_seed(seed)  # torch.manual_seed takes 0.1 ms to visit all kinds of devices
        if self._accelerator.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _rate(self, name: str, progress: Progress) -> float:
        settings = self.stage.optimisers[name]
        return settings.lr * settings.schedule(progress)

    def _descend(self, name: str, given: Loss, rate: float) -> Tensor:
        """Take one step of an optimiser, whose own parameters alone get gradients; return the loss."""
        loss = given() if callable(given) else given
        parameters = self._parameters[name]
        self._accelerator.backward(loss, inputs=parameters)
        self._average_gradients(parameters)
        clip = self.stage.optimisers[name].clip
        if clip is not None:
            self._accelerator.clip_grad_norm_(parameters, clip)
        optimiser = self._optimisers[name]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss.detach()

    def _average_gradients(self, parameters: list[nn.Parameter]) -> None:
        if self._accelerator.num_processes == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self._accelerator.reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _named_parameters(self) -> Iterator[tuple[str, str, nn.Parameter]]:
        """Yield (optimiser, module.path, parameter) of all trained parameters."""
        for name, settings in self.stage.optimisers.items():
            for module in settings.modules:
                for path, parameter in self.stage.modules[module].named_parameters():
                    if parameter.requires_grad:
                        yield name, f"{module}.{path}", parameter

    def _check_names(self, losses: Mapping[str, Loss]) -> None:
        for name in losses:
            if name not in self._optimisers:
                raise PriorsrError(
                    f"the step of the stage {self.stage.name!r} returns a loss for {name!r}, which is not one of its "
                    f"optimisers; {did_you_mean(name, self._optimisers)}"
                )


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose path starts with `prefix`, by the rest of their path."""
    return {path.removeprefix(prefix): tensor for path, tensor in tensors.items() if path.startswith(prefix)}


def load_state(module: nn.Module, state: Mapping[str, Tensor], who: str) -> None:
    """Load weights into a module; raises DataError naming the first tensor that does not fit."""
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise DataError(f"{who} does not fit {type(module).__name__}: {str(error).splitlines()[-1].strip()}") from error


def _is_loss(module: nn.Module) -> bool:
    return getattr(module, "kind", None) == "distillation"


def _placed(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """Return an optimiser's tensor on the parameter's device.

    A tensor of the parameter's shape takes its memory format too.
    """
    if value.shape == parameter.shape:
        return torch.zeros_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)
    return value.to(parameter.device)
