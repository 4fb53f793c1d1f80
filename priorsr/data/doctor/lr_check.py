"""Checks of LR images: reduced from the set's HR images, by the right kernel, without JPEG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from priorsr.data.doctor.findings import Finding, finding_of
from priorsr.data.doctor.jpeg import jpeg_quality
from priorsr.data.face_set import FaceSet, image_path
from priorsr.data.images import read_image, read_photograph
from priorsr.data.importers.sources import images_by_id
from priorsr.data.reduction import KERNELS, reduce
from priorsr.errors import DataError, OptionError
from priorsr.execution.parallel import parallel_map

FITS = 0.6  # mean difference in 8-bit levels: rounding explains this much
OTHER_FACE = 15.0  # no kernel and no JPEG explains this much


@dataclass(frozen=True)
class _Compared:
    findings: list[Finding]
    scale: int | None = None
    differences: dict[str, float] = field(default_factory=dict)


def check_lr(faces: FaceSet, ids: Sequence[str], lr: Path, reduction: str) -> tuple[list[Finding], str]:
    """Compare the LR images in the folder `lr`, named as the HR images, with the set; return a sentence on them too.

    Found are LR without HR and the reverse, sizes out of step, JPEG's traces, another reduction kernel than
    `reduction` (it and KERNELS are tried, the best fit is named), and LR images of another face.
    """
    files = images_by_id(lr)
    findings = [
        Finding("pairs", str(files[face]), "has no HR image in the set") for face in sorted(files.keys() - set(ids))
    ]
    findings += [Finding("pairs", str(lr), f"holds no LR image of {face!r}") for face in ids if face not in files]
    pairs = [face for face in ids if face in files]
    kernels = list(dict.fromkeys([*KERNELS, reduction]))
    results = parallel_map(lambda face: _compare(faces, face, files[face], kernels), pairs, "Comparing LR")
    compared = dict(zip(pairs, results, strict=True))
    findings += [finding for each in compared.values() for finding in each.findings]
    scales = Counter(each.scale for each in compared.values() if each.scale)
    if not scales:
        return findings, f"none of the {len(pairs)} LR images can be compared"
    scale = scales.most_common(1)[0][0]
    for face, each in compared.items():
        if each.scale not in (None, scale):
            problem = f"is smaller by {each.scale}, where the others are by {scale}"
            findings.append(Finding("sizes", str(files[face]), problem))
    alike = {face: each.differences for face, each in compared.items() if each.scale == scale}
    typical = {kernel: float(np.median([d[kernel] for d in alike.values()])) for kernel in next(iter(alike.values()))}
    best = min(typical, key=lambda kernel: typical[kernel])
    for face, differences in alike.items():
        if differences[best] > OTHER_FACE:
            problem = f"differs by {differences[best]:.0f} levels from the reduced HR image: another face?"
            findings.append(Finding("pairs", str(files[face]), problem))
    fit = f"{best} fits best, within {typical[best]:.2f} levels of 255 in the median image"
    if sum(finding.check == "jpeg" for finding in findings) > len(alike) / 2:
        fit += "; JPEG hides more"  # its traces are larger than the differences between kernels
    elif typical[best] > FITS:
        findings.append(Finding("kernel", str(lr), f"no known reduction kernel made these LR images: {fit}"))
    elif best != reduction:
        findings.append(Finding("kernel", str(lr), f"these LR images are not made by {reduction}: {fit}"))
    return findings, f"{len(alike)} LR images at scale {scale}: {fit}"


def _compare(faces: FaceSet, face: str, file: Path, kernels: Sequence[str]) -> _Compared:
    """Compare a face's LR image with what each kernel makes of its HR image, in levels."""
    findings = []
    try:
        lr, image_format = read_photograph(file)
    except DataError as error:
        return _Compared([finding_of(error, "images", file)])
    try:
        hr = read_image(faces.path / image_path(face))
    except DataError:  # is a finding of the face's own
        return _Compared([])
    quality = jpeg_quality(lr)
    if image_format == "JPEG":
        findings.append(Finding("jpeg", str(file), "is a JPEG file; a PNG was expected"))
    elif quality is not None:
        findings.append(Finding("jpeg", str(file), f"was once saved as JPEG, with a quality of about {quality}"))
    (height, width), (rows, columns) = hr.shape[:2], lr.shape[:2]
    scale = height // rows
    if (rows * scale, columns * scale) != (height, width):
        problem = f"is {rows} x {columns}, which does not divide its HR image's {height} x {width} by one scale"
        return _Compared([*findings, Finding("sizes", str(file), problem)])
    if scale == 1:
        return _Compared([*findings, Finding("sizes", str(file), "is as large as its HR image")])
    differences = {}
    for kernel in kernels:
        try:
            made = reduce(hr, scale, kernel, face=face)
        except OptionError:  # this kernel cannot make this scale
            continue
        differences[kernel] = float(np.abs(made.astype(float) - lr).mean())
    return _Compared(findings, scale, differences)
