"""Find the devices that a user names."""

from __future__ import annotations

import torch
from torch import nn

from priorsr.errors import BackendError, OptionError


def find_device(device: str | torch.device, who: str) -> torch.device:
    """Return a usable torch device; "auto" is a GPU if there is one. `who` begins error messages.

    Raises OptionError for a wrong name, BackendError for a missing device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError:
        raise OptionError(f"{who}: device is {device!r}; a device of torch's was expected") from None
    try:
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise BackendError(f"{who}: device {device} cannot be used: {error}") from None
    return place


def device_of(module: nn.Module) -> torch.device:
    """Return where a module's tensors lie; the CPU if it has none."""
    return next((tensor.device for tensor in module.state_dict().values()), torch.device("cpu"))
