"""Reduction kernels: how an LR image is made from an HR image.

The kernel alone changes published scores, so each kernel reproduces the bytes, or last digits, of the tool that it
names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from priorsr.data.blind import blind
from priorsr.errors import OptionError, ShapeError, UnknownNameError, did_you_mean
from priorsr.fields import Count, Flag
from priorsr.files import sha256_json

Kernel = Callable[[np.ndarray, int], np.ndarray]
"""(hr (H,W,3) uint8, scale) -> (H/scale,W/scale,3) float64 in [0, 1], up to overshoot."""

_BLIND = re.compile(r"blind(?:-([0-9]{1,18}))?")


@dataclass(frozen=True)
class Reduction:
    """A way to make LR images: HR images of `hr_size` pixels a side are reduced by `scale` with `kernel`.

    hr_size: None takes HR images of any size. kernel: as `reduce` takes it. quantise: round LR to 8 bits.
    Raises UnknownNameError for an unknown kernel, OptionError for a scale that the kernel cannot make, or that does not
    divide hr_size.
    """

    hr_size: Count | None = None
    scale: Count = 8
    kernel: str = "pil-bicubic"
    quantise: Flag = True

    def __post_init__(self) -> None:
        find_kernel(self.kernel)
        check_scale(self.scale, self.kernel)
        if self.hr_size is not None and self.hr_size % self.scale:
            raise OptionError(f"hr_size is {self.hr_size}; a multiple of the scale {self.scale} was expected")

    @property
    def content(self) -> dict[str, Any]:
        """Return all that decides the LR images, as JSON values."""
        return asdict(self)

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of the content, in hex. Models run once for each."""
        return sha256_json(self.content)

    def reduce(self, hr: np.ndarray, *, face: str | None = None) -> np.ndarray:
        """Reduce an HR image to LR as `reduce` does; raises ShapeError for another size than `hr_size`."""
        self.check_size(hr.shape[:2])
        return reduce(hr, self.scale, self.kernel, self.quantise, face=face)

    def check_size(self, size: tuple[int, ...]) -> None:
        """Raise ShapeError unless HR images may have the size (H, W)."""
        if self.hr_size is not None and size != (self.hr_size, self.hr_size):
            found, wanted = " x ".join(map(str, size)), f"{self.hr_size} x {self.hr_size}"
            raise ShapeError(f"an HR image is {found} pixels; the protocol is for {wanted}, see Protocol.adapted")


def reduce(hr: np.ndarray, scale: int, kernel: str, quantise: bool = True, *, face: str | None = None) -> np.ndarray:
    """Make the LR image of an HR image.

    hr (H,W,3) uint8 -> (H/scale,W/scale,3): clipped and rounded to uint8, or, with `quantise=False`, float64 in [0, 1]
    as the kernel leaves it. (The two kernels of Pillow round inside; their values are multiples of 1/255 either way.)
    kernel: one of KERNELS; or blind, or blind-SEED (see `priorsr.data.blind`), which draws by the face's id, `face`.

    Raises ShapeError for an image of another shape or type, or whose sides `scale` does not divide; UnknownNameError
    for an unknown kernel; OptionError for a scale that the kernel cannot make, or for blind without a face.
    """
    apply = find_kernel(kernel, face)
    if hr.dtype != np.uint8 or hr.ndim != 3 or hr.shape[2] != 3:
        raise ShapeError(f"the HR image is {hr.dtype} of shape {hr.shape}; uint8 of shape (H, W, 3) was expected")
    check_scale(scale, kernel)
    height, width = hr.shape[:2]
    if height % scale or width % scale or not hr.size:
        raise ShapeError(
            f"the HR image is {height} x {width}; sides that are multiples of the scale {scale} were expected"
        )
    lr = apply(hr, scale)
    return np.rint(lr.clip(0, 1) * 255).astype(np.uint8) if quantise else lr


def find_kernel(kernel: str, face: str | None = None) -> Kernel:
    """Return the kernel of that name, for the face with that id; raises UnknownNameError."""
    if found := _BLIND.fullmatch(kernel):
        return partial(blind, seed=int(found[1] or 0), face=face)
    if kernel not in KERNELS:
        raise UnknownNameError(f"there is no reduction kernel {kernel!r}; {did_you_mean(kernel, [*KERNELS, 'blind'])}")
    return KERNELS[kernel]


def check_scale(scale: int, kernel: str) -> None:
    """Raise OptionError unless the kernel can reduce by `scale`."""
    if scale < 1:
        raise OptionError(f"the scale is {scale}; at least 1 was expected")
    if kernel == "bilinear-chain" and scale & (scale - 1):
        raise OptionError(
            f"bilinear-chain halves the image step by step, but the scale is {scale}; a power of two was expected"
        )


def pil_bicubic(hr: np.ndarray, scale: int) -> np.ndarray:
    """Reduce by Pillow's bicubic (a = -0.5, antialiased) in one step, on 8 bits: DIC, SFMNet, SPARNet, CTCNet."""
    height, width = hr.shape[:2]
    return np.asarray(Image.fromarray(hr).resize((width // scale, height // scale), Image.Resampling.BICUBIC)) / 255


def bilinear_chain(hr: np.ndarray, scale: int) -> np.ndarray:
    """Reduce by Pillow's bilinear (antialiased), halving step by step, rounded to 8 bits at each: PFSR's 128, 64, 32,
    16.
    """
    image = Image.fromarray(hr)
    while image.height * scale > hr.shape[0]:
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR)
    return np.asarray(image) / 255


def matlab_bicubic(hr: np.ndarray, scale: int) -> np.ndarray:
    """Reduce by MATLAB's `imresize(hr, 1 / scale)` in double precision: cubic a = -0.5 stretched by the scale, mirrored
    edges.
    """
    rows, columns = (_matlab_matrix(side, scale) for side in hr.shape[:2])
    return np.einsum("ih,hwc,jw->ijc", rows, hr / 255, columns, optimize=True)


def _matlab_matrix(side: int, scale: int) -> np.ndarray:
    """Return the (side/scale, side) matrix that reduces one axis."""
    centres = (np.arange(side // scale)[:, None] + 0.5) * scale - 0.5
    taps = np.floor(centres - 2 * scale) + np.arange(4 * scale + 2)
    weights = _cubic((centres - taps) / scale)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(side), np.arange(side)[::-1]])[taps.astype(int) % (2 * side)]
    matrix = np.zeros((side // scale, side))
    np.add.at(matrix, (np.arange(side // scale)[:, None], mirrored), weights)
    return matrix


def _cubic(x: np.ndarray) -> np.ndarray:
    """Return Keys' cubic convolution kernel with a = -0.5."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


KERNELS: Mapping[str, Kernel] = {
    "pil-bicubic": pil_bicubic,
    "bilinear-chain": bilinear_chain,
    "matlab-bicubic": matlab_bicubic,
}

USUAL = Reduction()
"""The reduction where none is given: by 8, with Pillow's bicubic kernel."""
