"""The one call that exports a model."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from priorsr.errors import BackendError, DataError
from priorsr.files import atomic_path
from priorsr.inference.exporting import onnx_form
from priorsr.inference.exporting.description import KEY, describe_export
from priorsr.inference.exporting.tracing import Traced, trace
from priorsr.models.eval_mode import in_eval_mode
from priorsr.models.spec import ModelSpec, model_from_spec

MOST_ERROR = 1e-4  # of a value of the SR image, where RGB lies in [0, 1]

Run = Callable[[np.ndarray], np.ndarray]


class Exported(NamedTuple):
    """What was exported. sizes: which LR images it takes. error: how far it lies from torch at most."""

    path: Path
    sizes: str
    error: float
    opset: int | None


def export(model: ModelSpec, path: str | Path, *, opset: int = onnx_form.OPSET) -> Exported:
    """Export a model as ONNX (.onnx) or as torch.export's program (.pt2): lr (B,3,h,w) -> sr (B,3,sh,sw).

    Batches are of any size, and so are images, within what the model allows, which stands in the file (see
    `describe_export`). Before it is written, whole or not at all, it is run by ONNX Runtime or by torch on batches and
    images of several sizes, and must give the model's SR images to 1e-4.

    model: what `model_from_spec` takes. opset: of ONNX; from 18 on.

    Raises DataError for another suffix, OptionError for an opset that is not known, MissingExtraError without the extra
    `export`, PriorsrError for a model that requires a prior, BackendError for one that cannot be exported, or whose
    export gives other values.
    """
    path = Path(path)
    if path.suffix not in (".onnx", ".pt2"):
        raise DataError(f"{path}: a name that ends in .onnx or .pt2 was expected")
    if path.suffix == ".onnx":
        onnx_form.check_available(opset)
    network = model_from_spec(model)
    content, traced, error = _checked(network, path, opset)
    with atomic_path(path) as beside:
        beside.write_bytes(content)
    return Exported(path, traced.sizes(), error, opset if path.suffix == ".onnx" else None)


def _checked(network: nn.Module, path: Path, opset: int) -> tuple[bytes, Traced, float]:
    """Return the first export that computes what the model does, its trace, and how far its values lie at most."""
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
    """Return how far an export's SR images lie from the model's at most, over batches of noise of several sizes."""
    draws = torch.Generator().manual_seed(0)
    distances = []
    with in_eval_mode(model):
        for shape in traced.examples():
            lr = torch.rand(shape, generator=draws)
            distances.append(np.abs(run(lr.numpy()) - model(lr).sr.numpy()).max())
    return float(np.max(distances))
