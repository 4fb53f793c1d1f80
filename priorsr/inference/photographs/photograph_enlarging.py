"""Enlarge a photograph bicubically, and its small faces by a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from priorsr.errors import DataError
from priorsr.inference.photographs.alignment import crop_to_photograph
from priorsr.inference.photographs.face_finding import PhotographFace
from priorsr.inference.photographs.windows import FaceWindow
from priorsr.inference.pictures.picture import Picture
from priorsr.inference.upscaling.upscaler import Upscaler

LARGEST_FACE = 64  # pixels; a larger one shows as much as the model gives back
MOST_PIXELS = 2**28
SHOWN = 256  # pixels a side of a face in a comparison
SOFT = 0.15  # of the crop's side, within which the mask rises from 0 to 1


class EnlargedFace(NamedTuple):
    """Images (3,SHOWN,SHOWN) of a face in [0, 1]: its pixels in the photograph, enlarged bicubically, the result."""

    lr: Tensor
    bicubic: Tensor
    result: Tensor


class FaceReport(NamedTuple):
    """The outcome of a face. left: why the model did not enlarge it, or an empty text. images: None if it was left."""

    face: PhotographFace
    left: str = ""
    images: EnlargedFace | None = None


def check_enlargeable(picture: Picture, scale: int) -> tuple[int, int]:
    """Return the size (width, height) of the enlarged photograph; raises DataError if it would be too large."""
    width, height = (scale * side for side in picture.image.size)
    if width * height > MOST_PIXELS:
        raise DataError(
            f"enlarged {scale} times it would have {width} x {height} pixels; at most {MOST_PIXELS:,} were expected: "
            "choose a smaller scale"
        )
    return width, height


def enlarge_photograph(
    picture: Picture, faces: Sequence[PhotographFace], upscaler: Upscaler, scale: int
) -> tuple[Picture, list[FaceReport]]:
    """Enlarge a photograph `scale` times (Pillow's bicubic), and its faces up to 64 px by the model; report each face.

    A face is turned and moved as in training, but keeps the pixels that it has in the photograph, as the model's LR
    image. Details of the model's image that are finer than the photograph's pixels are added to the bicubic
    enlargement, under a mask that is soft at the crop's edge: so nothing that the photograph shows is replaced, and
    there are no seams.
    """
    size = check_enlargeable(picture, scale)
    result = picture.enlarged(picture.image.resize(size, Image.Resampling.BICUBIC))
    places = [None if _left(face, picture) else crop_to_photograph(face) for face in faces]
    windows = [None if place is None else FaceWindow.around(result.image, scale * place) for place in places]
    shown: list[EnlargedFace | None] = []
    for place, window in zip(places, windows, strict=True):
        shown.append(None)
        if place is not None and window is not None:
            lr, detail = _detail(FaceWindow.around(picture.image, place), upscaler)
            before = window.crop(SHOWN)[0]
            window.paste(result.image, window.image + window.laid(detail), window.laid(soft_mask(detail.shape[-1])))
            after = FaceWindow.around(result.image, scale * place).crop(SHOWN)[0]
            shown[-1] = EnlargedFace(F.interpolate(lr, size=(SHOWN, SHOWN))[0], before, after)
    return result, [FaceReport(face, _left(face, picture), images) for face, images in zip(faces, shown, strict=True)]


def _detail(window: FaceWindow, upscaler: Upscaler) -> tuple[Tensor, Tensor]:
    """Return a face's LR image (1,3,h,h), and the finer part of the model's image of it (1,3,sh,sh)."""
    multiple, least = upscaler.input.multiple, upscaler.input.side
    side = max(least, multiple * round(window.side / multiple))
    lr = window.crop(side).clamp(0, 1)
    return lr, finer(upscaler.enlarge_tensor(lr).cpu(), min(side, window.side))


def _left(face: PhotographFace, picture: Picture) -> str:
    """Return why a face is left as it is; nothing if it is not."""
    x, y, width, height = face.box
    if max(width, height) > LARGEST_FACE:
        return f"larger than {LARGEST_FACE} px"
    matrix = crop_to_photograph(face)
    side, (across, down) = math.hypot(*matrix[:, 0]), matrix @ (0.5, 0.5, 1)
    fits = abs(across - x - width / 2) < width / 2 and abs(down - y - height / 2) < height / 2
    if not (fits and width / 2 < side < 4 * width):
        return "its points do not fit its box"
    if not (0 <= across < picture.image.width and 0 <= down < picture.image.height):
        return "its middle lies outside the photograph"
    return ""


def finer(sr: Tensor, side: float) -> Tensor:
    """Return the part of crops (B,3,H,H) that is finer than a photograph shows in which they have `side` pixels."""
    small = max(1, min(sr.shape[-1], round(side)))
    coarse = F.interpolate(sr, size=(small, small), mode="bicubic", antialias=True)
    return sr - F.interpolate(coarse, size=sr.shape[2:], mode="bicubic", antialias=True)


def soft_mask(side: int) -> Tensor:
    """Return a mask (1,1,side,side): 1 inside, falling to 0 at the edge."""
    places = (torch.arange(side) + 0.5) / side
    rise = (torch.minimum(places, 1 - places) / SOFT).clamp(0, 1)
    ramp = rise * rise * (3 - 2 * rise)
    return (ramp[:, None] * ramp)[None, None]
