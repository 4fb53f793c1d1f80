"""Write a traced model as ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from priorsr.errors import BackendError, OptionError
from priorsr.files import require_extra
from priorsr.inference.exporting.export_metadata import KEY
from priorsr.inference.exporting.tracing import Traced
from priorsr.inference.quiet import quiet_loggers

OPSET, NEWEST = 18, 23  # 18 is the first whose Resize reduces and enlarges with antialiasing
INPUT, OUTPUT = "lr", "sr"


def check_available(opset: int) -> None:
    """Raise OptionError for an opset that cannot be written, MissingExtraError without the packages that it takes."""
    if not OPSET <= opset <= NEWEST:
        raise OptionError(f"opset is {opset}; {OPSET} to {NEWEST} was expected")
    for package in ("onnx", "onnxscript", "onnxruntime"):
        require_extra(package, "export")


def convert(traced: Traced, description: str, opset: int) -> bytes:
    """Return a traced model as the bytes of an .onnx, with `description` among its metadata under `KEY`.

    Raises BackendError where torch cannot write it.
    """
    with quiet_loggers("onnxscript", "onnx_ir", "torch.onnx"), warnings.catch_warnings(action="ignore"):
        try:
            program = torch.onnx.export(
                traced.program,
                dynamo=True,
                opset_version=opset,
                input_names=[INPUT],
                output_names=[OUTPUT],
                verbose=False,
            )
        except Exception as error:  # torch raises anything
            reason = str(error).strip().partition("\n")[0]
            raise BackendError(f"torch cannot write the model as ONNX ({type(error).__name__}: {reason})") from error
    assert program is not None, "only the older exporter returns nothing"
    proto = program.model_proto
    _clean(proto)
    sides = ("height", "width") if traced.multiple else ()
    for value, grown in ((proto.graph.input[0], ""), (proto.graph.output[0], "scale*")):
        axes = value.type.tensor_type.shape.dim
        axes[0].dim_param = "batch"
        for axis, side in zip(axes[2:], sides, strict=False):
            axis.dim_param = f"{grown}{side}"
    entry = proto.metadata_props.add()
    entry.key, entry.value = KEY, description
    return proto.SerializeToString()


def session(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that runs an .onnx by ONNX Runtime on the CPU; raises BackendError if it cannot be loaded."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        loaded = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own, of no common class
        raise BackendError(f"ONNX Runtime cannot load the export ({error})") from error
    return lambda lr: loaded.run([OUTPUT], {INPUT: lr})[0]


def _clean(proto: Any) -> None:
    """Remove notes of torch's own: places in this installation's files, and names of sizes."""
    graph = proto.graph
    del graph.value_info[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer, graph, proto):
        del part.metadata_props[:]
        part.doc_string = ""
