"""Enlarge photographs in files, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from priorsr.execution.parallel import progress_bar
from priorsr.inference.listing import Job
from priorsr.inference.outcome import FileOutcome
from priorsr.inference.photographs.face_finding import FindFaces, PhotographFace
from priorsr.inference.photographs.photograph_enlarging import FaceReport, check_enlargeable, enlarge_photograph
from priorsr.inference.pictures.picture import read_picture
from priorsr.inference.pictures.writing import Writing, check_writable, write_picture
from priorsr.inference.upscaling.upscaler import Upscaler
from priorsr.viz.strips import draw_enlargements, save_picture


def enlarge_photographs(
    jobs: Sequence[Job],
    upscaler: Upscaler,
    writing: Writing,
    *,
    scale: int,
    find: FindFaces | None = None,
    given: Mapping[str, Sequence[PhotographFace]] | None = None,
) -> Iterator[FileOutcome]:
    """Enlarge photographs, see `enlarge_photograph`, and write the results; yield the outcome of each, in order.

    find, given: the source of the faces, one of both; `given` is by the jobs' names.
    """
    with progress_bar() as progress:
        for job in progress.track(jobs, description="Enlarging"):
            try:
                yield _enlarge(job, upscaler, writing, scale, find, None if given is None else given[job.name])
            except Exception as error:  # a plugin's model, or detector, may raise anything
                yield FileOutcome.failed(job, error)


def _enlarge(
    job: Job,
    upscaler: Upscaler,
    writing: Writing,
    scale: int,
    find: FindFaces | None,
    given: Sequence[PhotographFace] | None,
) -> FileOutcome:
    picture = read_picture(job.source)
    check_writable(job.target, check_enlargeable(picture, scale), picture.alpha)
    faces = given
    if faces is None:
        assert find is not None, "faces are given, or found"
        faces = find(picture.rgb())
    result, reports = enlarge_photograph(picture, faces, upscaler, scale)
    notes = [*picture.notes, *write_picture(job.target, result, writing)]
    enlarged = [report.images for report in reports if report.images is not None]
    drawn = job.compare if enlarged else None
    if drawn is not None:
        save_picture(draw_enlargements(*zip(*enlarged, strict=True)), drawn)
    notes += [_sentence(report) for report in reports if report.left]
    if not faces:
        notes.append(
            "no face was found: enlarged bicubically" if given is None else "no face is given: enlarged bicubically"
        )
    return FileOutcome(
        job,
        result.image.size,
        picture.image.size,
        faces=tuple(map(_as_json, reports)),
        notes=tuple(notes),
        compare=drawn,
    )


def _sentence(report: FaceReport) -> str:
    x, y, width, height = report.face.box
    return f"the face at ({x:.0f}, {y:.0f}), {width:.0f} x {height:.0f} px, is left as it is: {report.left}"


def _as_json(report: FaceReport) -> dict[str, Any]:
    found = {"box": [round(value, 1) for value in report.face.box], "enlarged": not report.left}
    return {**found, "left": report.left} if report.left else found
