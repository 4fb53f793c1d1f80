"""Check the arguments of models and estimators: images, and a prior."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.errors import PriorsrError
from priorsr.models.image_checks import check_lr
from priorsr.shapes import check_map


def check_input(model: nn.Module, lr: Tensor, prior: Prior | None = None, *, who: str | None = None) -> None:
    """Check the arguments of a model's `forward`: LR images (B,3,h,w) in floating point, and a `Prior` or None.

    who: name of the model in messages; by default, that of its class.
    Raises ShapeError unless the sides of LR are multiples of the model's `size_multiple`, what `check_images` raises,
    and PriorsrError unless `prior` is a Prior of tensors on the device of LR.
    """
    who = who or type(model).__name__
    check_images(model, lr, who, "LR image")
    check_lr(lr, int(model.size_multiple), who)  # type: ignore[arg-type]  # every model declares it
    if prior is not None:
        _check_prior(who, prior, lr)


def check_images(module: nn.Module, images: Tensor, who: str, what: str = "image") -> None:
    """Raise PriorsrError unless images are a floating-point tensor (B,3,H,W) with a network's dtype and device.

    Dtype and device are those of the first weight, if there is one. Autocast allows any floating-point dtype.
    """
    if not isinstance(images, Tensor):
        raise PriorsrError(
            f"{who}: the {what} is a {_type(images)}; a tensor (B,3,H,W) in [0, 1] was expected (priorsr.upscale "
            "takes files, Pillow images and arrays)"
        )
    check_map(images, 3, who, what)
    if not images.is_floating_point():
        hint = "; images of 0 to 255 are divided by 255 first" if images.dtype == torch.uint8 else ""
        raise PriorsrError(f"{who}: the {what} is {_dtype(images)}; floating point in [0, 1] was expected{hint}")
    weight = next((p for p in module.parameters() if p.is_floating_point()), None)
    if weight is None:
        return
    _check_device(who, what, images, weight)
    if images.dtype != weight.dtype and not torch.is_autocast_enabled(images.device.type):
        raise PriorsrError(
            f"{who}: the {what} is {_dtype(images)}, and the weights are {_dtype(weight)}; one dtype was expected "
            f"(images.to(torch.{_dtype(weight)}), or model.to(torch.{_dtype(images)}))"
        )


def _check_prior(who: str, prior: Prior, lr: Tensor) -> None:
    if not isinstance(prior, Prior):
        raise PriorsrError(
            f"{who}: the prior is a {_type(prior)}; a priorsr.Prior, such as Prior(parsing=...), was expected"
        )
    for name, part in prior._asdict().items():
        if part is None:
            continue
        if not isinstance(part, Tensor):
            raise PriorsrError(f"{who}: the prior's {name} is a {_type(part)}; a tensor was expected")
        _check_device(who, f"prior's {name}", part, lr)


def _check_device(who: str, what: str, given: Tensor, other: Tensor) -> None:
    if given.device != other.device:
        raise PriorsrError(
            f"{who}: the device of the {what} is {given.device}, and the model's is {other.device}; one was expected"
        )


def _type(value: Any) -> str:
    module = type(value).__module__
    return type(value).__qualname__ if module == "builtins" else f"{module}.{type(value).__qualname__}"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
