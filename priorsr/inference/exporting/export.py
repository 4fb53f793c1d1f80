"""Export a model."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from priorsr.errors import BackendError, DataError
from priorsr.execution.eval_mode import in_eval_mode
from priorsr.files import atomic_path
from priorsr.inference.exporting import onnx_form
from priorsr.inference.exporting.export_metadata import KEY, describe_export
from priorsr.inference.exporting.tracing import Traced, trace
from priorsr.models.model_spec import ModelSpec, model_from_spec

MOST_ERROR = 1e-4  # of a value of the SR image, where RGB lies in [0, 1]

Run = Callable[[np.ndarray], np.ndarray]


class Exported(NamedTuple):
    """An exported file. sizes: the LR images that it takes. error: its largest difference from the model."""

    path: Path
    sizes: str
    error: float
    opset: int | None


def export(model: ModelSpec, path: str | Path, *, opset: int = onnx_form.OPSET) -> Exported:
    """Export a model as ONNX (.onnx) or as a program of torch.export (.pt2): lr (B,3,h,w) -> sr (B,3,sh,sw).

    The file takes batches of any size, and images of the sizes that the model allows, which it names (see
    `describe_export`). Before it is written, whole or not at all, ONNX Runtime or torch runs it on the CPU on batches
    and images of several sizes, where it must give the model's SR images to 1e-4.

    model: see `model_from_spec`. opset: of ONNX; from 18 on.

    Raises DataError for another suffix, OptionError for an opset that is not known, MissingExtraError without the extra
    `export`, PriorsrError for a model that requires a prior, BackendError for one that cannot be exported, or whose
    export gives other values.
    """
    path = Path(path)
    if path.suffix not in (".onnx", ".pt2"):
        raise DataError(f"{path}: a name that ends in .onnx or .pt2 was expected")
    if path.suffix == ".onnx":
        onnx_form.check_available(opset)
    network = copy.deepcopy(model_from_spec(model)).cpu().float()
    content, traced, error = _checked(network, path, opset)
    with atomic_path(path) as beside:
        beside.write_bytes(content)
    return Exported(path, traced.sizes(), error, opset if path.suffix == ".onnx" else None)


def _checked(network: nn.Module, path: Path, opset: int) -> tuple[bytes, Traced, float]:
    """Return the first export with the model's values, its trace, and the largest difference from them."""
    reason = ""
    for traced in trace(network):
        description = describe_export(network, traced)
        try:
            if path.suffix == ".onnx":
                content, run = _as_onnx(traced, description, opset)
            else:
                content, run = _as_program(traced, description)
            error = _distance(network, traced, run)
        except Exception as refusal:  # such as a size that the program does not take after all
            reason = f"cannot be written and run ({refusal})"
            continue
        if error <= MOST_ERROR:
            return content, traced, error
        reason = f"gives values up to {error:.1e} away from the model; at most {MOST_ERROR} was expected"
    raise BackendError(f"{path}: the export of {type(network).__name__} {reason}")


def _as_onnx(traced: Traced, description: str, opset: int) -> tuple[bytes, Run]:
    content = onnx_form.convert(traced, description, opset)
    return content, onnx_form.session(content)


def _as_program(traced: Traced, description: str) -> tuple[bytes, Run]:
    buffer = io.BytesIO()
    torch.export.save(traced.program, buffer, extra_files={f"{KEY}.json": description})
    content = buffer.getvalue()
    module = torch.export.load(io.BytesIO(content)).module()
    return content, lambda lr: module(torch.from_numpy(lr)).numpy()


@torch.no_grad()
def _distance(model: nn.Module, traced: Traced, run: Run) -> float:
    """Return the largest difference between SR images of an export and its model, on noise of several sizes."""
    draws = torch.Generator().manual_seed(0)
    distances = []
    with in_eval_mode(model):
        for shape in traced.examples():
            lr = torch.rand(shape, generator=draws)
            distances.append(np.abs(run(lr.numpy()) - model(lr).sr.numpy()).max())
    return float(np.max(distances))
