"""Enlarge a face in Python: `priorsr.upscale`."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.inference.pictures.picture import Picture, picture_of, read_picture
from priorsr.inference.upscaling.upscaler import Upscaler
from priorsr.models.model_spec import ModelSpec

Array = TypeVar("Array", np.ndarray, Tensor)

ARRAYS = [np.dtype(name) for name in ("uint8", "float16", "float32", "float64")]
LUMA = (0.299, 0.587, 0.114)  # of R, G and B, as Pillow makes grey


@overload
def upscale(
    image: str | Path | Image.Image,
    model: ModelSpec = ...,
    *,
    as_is: bool = ...,
    device: str | torch.device | None = ...,
) -> Image.Image: ...


@overload
def upscale(
    image: Array, model: ModelSpec = ..., *, as_is: bool = ..., device: str | torch.device | None = ...
) -> Array: ...


def upscale(
    image: str | Path | Image.Image | np.ndarray | Tensor,
    model: ModelSpec = "pkdn",
    *,
    as_is: bool = False,
    device: str | torch.device | None = None,
) -> Image.Image | np.ndarray | Tensor:
    """Enlarge a picture of one face, cut so that the face fills it; the details are invented, and no evidence.

    The picture, of any size, is reduced to the model's LR size (its shorter side to 16 px for the shipped models, the
    other one in proportion) by the reduction that the model was trained on, and enlarged from there: to 128 px. One of
    that LR size is taken as it is, and with `as_is` one of any size, such as a face of 24 px, which becomes 192 px.

    image: a file's path; a Pillow image of any mode; a NumPy array (H,W), (H,W,3) or (N,H,W,3), uint8, or floating in
        [0, 1]; a tensor (3,H,W) or (B,3,H,W), floating in [0, 1] or uint8, on any device.
    model: what `priorsr.load` takes, or a model, which is best for many calls, since a name is loaded anew in each.
    device: where to compute, such as "cuda"; the model's unless given. A model that is given moves there.

    Returns the same type, dtype and dimensions; for a path a Pillow image, upright, in sRGB. Grey stays grey, alpha is
    enlarged bicubically beside, EXIF data and profile are in the image's `info`; CMYK becomes RGB, 16 bits become 8.

    Raises DataError for a file or mode that is no picture, ShapeError for another shape, OptionError for another type
    or range, and what `priorsr.load` raises.
    """
    upscaler = Upscaler(model, device=device)
    if isinstance(image, str | Path):
        return _picture(read_picture(Path(image)), upscaler, as_is)
    if isinstance(image, Image.Image):
        return _picture(picture_of(image, "the image"), upscaler, as_is)
    if isinstance(image, np.ndarray):
        return _array(image, upscaler, as_is)
    if isinstance(image, Tensor):
        return _tensor(image, upscaler, as_is)
    raise OptionError(
        f"upscale was given a {type(image).__name__}; a path, a Pillow image, a NumPy array or a tensor was expected"
    )


def _picture(picture: Picture, upscaler: Upscaler, as_is: bool) -> Image.Image:
    (sr,) = upscaler.enlarge([upscaler.input.to_lr(picture.rgb(), as_is)])
    return picture.enlarged(Image.fromarray(sr)).merged()


def _array(image: np.ndarray, upscaler: Upscaler, as_is: bool) -> np.ndarray:
    if not (image.ndim == 2 or (image.ndim in (3, 4) and image.shape[-1] == 3)):
        raise ShapeError(f"the image has shape {image.shape}; (H, W), (H, W, 3) or (N, H, W, 3) was expected")
    if image.dtype not in ARRAYS:
        raise OptionError(f"the image is of {image.dtype}; {' or '.join(map(str, ARRAYS))} was expected")
    colours = torch.tensor(np.ascontiguousarray(image[..., None].repeat(3, -1) if image.ndim == 2 else image))
    sr = _tensor(colours.movedim(-1, -3), upscaler, as_is).movedim(-3, -1)
    if image.ndim == 2:
        grey = sr.double() @ torch.tensor(LUMA, dtype=torch.float64)
        sr = (grey.round() if image.dtype == np.uint8 else grey).to(sr.dtype)
    return np.ascontiguousarray(sr.numpy())


def _tensor(image: Tensor, upscaler: Upscaler, as_is: bool) -> Tensor:
    if image.ndim not in (3, 4) or image.shape[-3] != 3 or not image.numel():
        raise ShapeError(f"the image has shape {tuple(image.shape)}; (3, H, W) or (B, 3, H, W) was expected")
    if image.dtype != torch.uint8 and not image.is_floating_point():
        raise OptionError(f"the image is of {image.dtype}; uint8 or floating numbers were expected")
    whole = image.dtype == torch.uint8
    values = image.detach() / 255 if whole else image.detach()
    if not ((values >= 0) & (values <= 1)).all():
        low, high = values.min().item(), values.max().item()
        raise OptionError(f"the image holds values from {low:g} to {high:g}; floating numbers in [0, 1] were expected")
    batch = values.float().reshape(-1, *image.shape[-3:])
    height, width = batch.shape[-2:]
    if as_is or upscaler.input.lr_size(height, width) == (height, width):
        upscaler.input.check(height, width)
        lr = batch
    else:
        pixels = (batch * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        reduced = np.stack([upscaler.input.to_lr(face) for face in pixels])
        lr = torch.from_numpy(reduced).permute(0, 3, 1, 2) / 255
    sr = upscaler.enlarge_tensor(lr)
    sr = (sr * 255).round() if whole else sr
    return sr.to(image.device, image.dtype).reshape(*image.shape[:-2], *sr.shape[-2:])
