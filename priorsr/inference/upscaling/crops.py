"""Enlarge face crops in files: threads read and write, and the model takes batches of one size."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from priorsr.errors import PriorsrError
from priorsr.execution.parallel import parallel_map
from priorsr.inference.listing import Job
from priorsr.inference.outcome import FileOutcome
from priorsr.inference.pictures.picture import Picture, read_picture
from priorsr.inference.pictures.writing import Writing, check_writable, write_picture
from priorsr.inference.upscaling.upscaler import Upscaler
from priorsr.models.enlarging import enlarge
from priorsr.viz.strips import draw_enlargements, save_picture

MOST_WAITING = 256  # crops of any sizes, for the model or for the disk


class _Read(NamedTuple):
    """A crop that waits for the model. own: its size. picture: blank, of the result's size, with alpha, EXIF."""

    job: Job
    own: tuple[int, int]
    picture: Picture
    lr: np.ndarray


def enlarge_crops(
    jobs: Sequence[Job], upscaler: Upscaler, writing: Writing, *, as_is: bool = False
) -> Iterator[FileOutcome]:
    """Enlarge crops, see `priorsr.upscale`, and write the results; yield the outcome of each, in no certain order."""
    waiting: dict[tuple[int, ...], list[_Read]] = {}
    written: deque[Future[FileOutcome]] = deque()
    with ThreadPoolExecutor() as pool:

        def by_the_model(shape: tuple[int, ...]) -> Iterator[FileOutcome]:
            crops = waiting.pop(shape)
            try:
                results = upscaler.enlarge([crop.lr for crop in crops])
            except Exception as error:  # a plugin's model may raise anything
                yield from (FileOutcome.failed(crop.job, error) for crop in crops)
                return
            written.extend(pool.submit(_write, crop, sr, writing) for crop, sr in zip(crops, results, strict=True))
            while len(written) > MOST_WAITING:
                yield written.popleft().result()

        read = partial(_read, upscaler=upscaler, as_is=as_is)
        for crop in parallel_map(read, jobs, "Enlarging"):
            if isinstance(crop, FileOutcome):
                yield crop
                continue
            group = waiting.setdefault(crop.lr.shape, [])
            group.append(crop)
            if len(group) == upscaler.group(*crop.lr.shape[:2]):
                yield from by_the_model(crop.lr.shape)
            elif sum(map(len, waiting.values())) >= MOST_WAITING:
                yield from by_the_model(max(waiting, key=lambda shape: len(waiting[shape])))
        for shape in list(waiting):
            yield from by_the_model(shape)
        for future in written:
            yield future.result()


def _read(job: Job, upscaler: Upscaler, as_is: bool) -> _Read | FileOutcome:
    try:
        picture = read_picture(job.source)
        lr = upscaler.input.to_lr(picture.rgb(), as_is)
        size = (lr.shape[1] * upscaler.input.scale, lr.shape[0] * upscaler.input.scale)
        blank = picture.enlarged(Image.new("RGB", size))
        check_writable(job.target, size, blank.alpha)
    except (PriorsrError, OSError, MemoryError) as error:
        return FileOutcome.failed(job, error)
    return _Read(job, picture.image.size, blank, lr)


def _write(crop: _Read, sr: np.ndarray, writing: Writing) -> FileOutcome:
    job, picture = crop.job, crop.picture.enlarged(Image.fromarray(sr))
    try:
        notes = write_picture(job.target, picture, writing)
        if job.compare is not None:
            lr, result = (torch.tensor(pixels).permute(2, 0, 1)[None] / 255 for pixels in (crop.lr, sr))
            bicubic = enlarge(lr, sr.shape[0] // crop.lr.shape[0])
            save_picture(draw_enlargements(list(lr), list(bicubic), list(result)), job.compare)
    except (PriorsrError, OSError) as error:
        return FileOutcome.failed(job, error)
    height, width = crop.lr.shape[:2]
    return FileOutcome(
        job, picture.image.size, crop.own, (width, height), notes=(*picture.notes, *notes), compare=job.compare
    )
