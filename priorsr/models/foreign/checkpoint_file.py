"""Checkpoints of general super-resolution networks, whose architecture the package spandrel detects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from priorsr.errors import DataError
from priorsr.files import require_extra
from priorsr.models.foreign.wrapping import wrap
from priorsr.reading.content import check_file

CHECKPOINTS = (".pth", ".pt", ".ckpt")
MOST_BYTES = 2**33
SCALE = 8


class CheckpointNetwork(nn.Module):
    """A network called by spandrel, which pads unsupported image sizes and clamps images to [0, 1]."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.model = descriptor.model.eval()
        self._descriptor = descriptor

    def forward(self, lr: Tensor) -> Tensor:
        sr: Tensor = self._descriptor(lr)
        return sr


def model_of_checkpoint(path: Path) -> nn.Module:
    """Return the network of a foreign checkpoint as a model that enlarges by 8, or by more where the network does.

    A network of a smaller scale is followed by bicubic enlargement. spandrel reads tensors and plain values only;
    nothing in the file is executed. Raises MissingExtraError without spandrel, and DataError naming the file if no
    architecture fits, or the network does not super-resolve RGB images.
    """
    require_extra("spandrel", "foreign")
    import spandrel

    check_file(path, "a checkpoint", MOST_BYTES)
    try:
        found = spandrel.ModelLoader(device="cpu").load_from_file(path)
    except Exception as error:  # its readers and its many architectures raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{path}: spandrel finds no network in it ({reason:.200}); weights that "
            "one of our systems' authors released are converted by 'priorsr weights convert' first"
        ) from error
    if not isinstance(found, spandrel.ImageModelDescriptor) or (found.input_channels, found.output_channels) != (3, 3):
        raise DataError(
            f"{path}: holds a network of the architecture {found.architecture.name}; one for RGB images was expected"
        )
    name = f"{found.architecture.name} x{found.scale}"
    return wrap(CheckpointNetwork(found), scale=max(SCALE, found.scale), network_scale=found.scale, name=name)
