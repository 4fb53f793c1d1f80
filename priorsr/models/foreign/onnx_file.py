"""A network in an ONNX file, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from priorsr.errors import DataError, PriorsrError
from priorsr.files import require_extra, sha256_file
from priorsr.models.foreign.wrapping import wrap
from priorsr.reading.content import check_file

MOST_BYTES = 2**32
_LR = 16  # pixels of the LR image that determines the scale


class OnnxNetwork(nn.Module):
    """The network of an ONNX file with one input, LR images (B,3,h,w), whose first output is SR images.

    Its state is the hash of the file, so that records distinguish two files.
    """

    file_hash: Tensor

    def __init__(self, path: Path) -> None:
        super().__init__()
        require_extra("onnxruntime", "export")
        import onnxruntime

        check_file(path, "an ONNX file", MOST_BYTES)
        digest = torch.frombuffer(bytearray.fromhex(sha256_file(path)), dtype=torch.uint8)
        self.register_buffer("file_hash", digest)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has exceptions of its own
            raise DataError(f"{path}: cannot be read as ONNX ({' '.join(str(error).split()):.200})") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            named = ", ".join(repr(each.name) for each in inputs)
            raise DataError(f"{path}: has the inputs {named}; one, the LR images, was expected")
        self._input = inputs[0].name

    def forward(self, lr: Tensor) -> Tensor:
        try:
            (found, *_) = self._session.run(None, {self._input: lr.detach().float().cpu().numpy()})
        except Exception as error:  # the runtime has exceptions of its own
            shape = tuple(lr.shape)
            raise PriorsrError(
                f"the ONNX network cannot run LR images {shape}: {' '.join(str(error).split()):.200}"
            ) from error
        return torch.from_numpy(found).to(lr.device)


def model_of_onnx_file(path: Path) -> nn.Module:
    """Return the network of an ONNX file as a model; running it on one LR image determines its scale.

    Raises MissingExtraError without ONNX Runtime, and DataError naming a file that is no such network.
    """
    network = OnnxNetwork(path)
    try:
        sr = network(torch.zeros(1, 3, _LR, _LR))
    except PriorsrError as error:
        raise DataError(f"{path}: {error}") from error
    if sr.ndim != 4 or sr.shape[1] != 3 or sr.shape[2] % _LR or sr.shape[2] != sr.shape[3]:
        raise DataError(f"{path}: makes {tuple(sr.shape)} of LR images (1, 3, {_LR}, {_LR}); SR images were expected")
    return wrap(network, scale=sr.shape[2] // _LR, name=path.stem)
