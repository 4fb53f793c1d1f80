"""Run a model on LR images: in batches, on its device, accelerated where that pays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import PriorsrError
from priorsr.execution.eval_mode import in_eval_mode
from priorsr.execution.parallel import one_thread_each
from priorsr.inference.acceleration import accelerate
from priorsr.inference.devices import device_of, find_device
from priorsr.inference.engines import openvino
from priorsr.inference.upscaling.model_input import ModelInput
from priorsr.models.model_spec import ModelSpec, model_from_spec

BATCH = 16  # LR images at once, at most
MOST_PIXELS = 2**20  # of the results of a batch, unless one image has more
PAYS_FROM = 180.0  # seconds of plain work ahead, from which on compiling by Inductor, a minute or two, is worth it
PAYS_FROM_OPENVINO = 30.0  # the same for OpenVINO, which takes seconds


class Upscaler:
    """A model that enlarges LR images, on its device.

    model: a model or the name of one, see `model_from_spec`. device: see `find_device`; None for where the model lies.
    faces: about how many LR images will come; where the model needs minutes for them, it is accelerated on the way, for
    images of the size that the first two groups had.

    model, input, device: the model, what it takes, and where it runs.
    """

    def __init__(self, model: ModelSpec, *, device: str | torch.device | None = None, faces: int = 1) -> None:
        self.model = model_from_spec(model)
        self.input = ModelInput.of(self.model)
        self.device = device_of(self.model) if device is None else find_device(device, "upscale")
        self.model.to(self.device)
        self._ahead = faces
        self._groups: list[torch.Size] = []
        self._full = torch.Size()
        self._fast: nn.Module | None = None

    @property
    def on_cpu(self) -> bool:
        """Return whether the model runs on the CPU."""
        return self.device.type == "cpu"

    def group(self, height: int, width: int) -> int:
        """Return how many LR images of a size keep all cores busy at once."""
        return self._batch(height, width) * (torch.get_num_threads() if self.on_cpu else 1)

    def _batch(self, height: int, width: int) -> int:
        return max(1, min(BATCH, MOST_PIXELS // (height * width * self.input.scale**2)))

    def enlarge(self, lr: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Enlarge LR images (h,w,3) uint8, all of one size, to (scale*h,scale*w,3) uint8."""
        values = torch.from_numpy(np.stack(lr)).permute(0, 3, 1, 2).float() / 255
        sr = (self.enlarge_tensor(values) * 255).round().byte()
        return list(np.ascontiguousarray(sr.permute(0, 2, 3, 1).cpu().numpy()))

    def enlarge_tensor(self, lr: Tensor) -> Tensor:
        """Enlarge LR images (B,3,h,w) in [0, 1] to (B,3,scale*h,scale*w), clamped, float32, on the model's device.

        For sides that the model does not take, the last row and column are repeated, and the padding is cut off the
        result. Raises PriorsrError if the model returns no image.
        """
        height, width = lr.shape[2:]
        missing = (0, -width % self.input.multiple, 0, -height % self.input.multiple)
        whole = F.pad(lr.to(self.device, torch.float32), missing, mode="replicate")
        began = time.perf_counter()
        with in_eval_mode(self.model):
            sr = torch.cat(self._enlarged(whole.split(self._batch(height, width))))
        self._ahead -= len(lr)
        if len(lr) == self.group(height, width) and len(self._groups) < 2:
            self._groups.append(whole.shape)
            self._full = torch.Size([self._batch(height, width), *whole.shape[1:]])
            if self._groups == [whole.shape] * 2:  # the first group takes longer than all later ones
                self._accelerate(ahead=self._ahead * (time.perf_counter() - began) / len(lr))
        return sr[..., : self.input.scale * height, : self.input.scale * width]

    def _enlarged(self, batches: Sequence[Tensor]) -> list[Tensor]:
        """Enlarge batches: several on a CPU by a thread each, which need not wait for one another at every step."""
        if self._fast is not None and all(batch.shape == self._full for batch in batches):
            return [self._run(batch, self._fast) for batch in batches]
        plain = partial(self._run, model=self.model)
        return one_thread_each(plain, batches) if len(batches) > 1 and self.on_cpu else list(map(plain, batches))

    @torch.no_grad()
    def _run(self, lr: Tensor, model: nn.Module) -> Tensor:
        sr: Tensor = model(lr).sr
        wanted = (len(lr), 3, *(self.input.scale * side for side in lr.shape[2:]))
        who = f"the model {type(self.model).__name__}"
        if sr.shape != wanted:
            raise PriorsrError(f"{who} returns {tuple(sr.shape)} for {tuple(lr.shape)}; {wanted} was expected")
        if not sr.isfinite().all():
            raise PriorsrError(f"{who} returns NaN or infinity")
        return sr.float().clamp(0, 1)

    def _accelerate(self, ahead: float) -> None:
        """Accelerate the model if that is worth it for so many seconds of plain work."""
        pays_from = PAYS_FROM if openvino.obstacle(self.device) else PAYS_FROM_OPENVINO
        if ahead > pays_from:
            with suppress(PriorsrError):  # then the plain model goes on
                self._fast = accelerate(self.model, batch_size=self._full[0], device=self.device)
