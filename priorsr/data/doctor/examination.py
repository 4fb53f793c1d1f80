"""Find all faults of a face set at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from priorsr.data.doctor.face_check import CheckedFace, check_face
from priorsr.data.doctor.findings import Finding, finding_of
from priorsr.data.doctor.lr_check import check_lr
from priorsr.data.face_set import FaceSet, image_path, parsing_path, split_path
from priorsr.data.landmarks_file import Points, read_landmarks
from priorsr.data.manifest import LANDMARKS, NAME
from priorsr.data.reduction import find_kernel
from priorsr.errors import DataError
from priorsr.execution.parallel import parallel_map
from priorsr.text import printable

LR = "lr"


@dataclass(frozen=True)
class Examination:
    """The result of an examination. notes: sentences on what was examined."""

    path: str
    faces: int
    findings: list[Finding]
    notes: list[str]


def examine(path: str | Path, *, lr: str | Path | None = None, reduction: str = "pil-bicubic") -> Examination:
    """Examine the face set in the folder `path`, and, beside it, the LR images in `lr` or in its own folder lr/.

    Found are files that are missing, changed or not listed; images, maps and landmarks that cannot be read, show
    nothing, do not fit each other or contradict the manifest; faces in no split or in several, or with the same pixels;
    and what `check_lr` finds. Raises DataError if the folder is no face set at all.
    """
    find_kernel(reduction)
    faces = FaceSet.open(path)
    ids = sorted({face for split in faces.splits for face in faces.ids(split)})
    findings = [Finding("files", str(faces.path / name), problem) for name, problem in faces.differences()]
    landmarks, found = _read_landmarks(faces)
    findings += found
    stored = faces.manifest.faces
    results = parallel_map(lambda face: check_face(faces, face, landmarks.get(face)), stored, "Reading")
    checked = dict(zip(stored, results, strict=True))
    findings += [finding for face in checked.values() for finding in face.findings]
    findings += _check_manifest(faces, checked, landmarks)
    findings += _check_splits(faces, checked)
    notes = [f"{len(ids)} faces in {', '.join(faces.splits) or 'no split'}"]
    own = faces.path / LR
    if lr is not None or own.is_dir():
        folder = own if lr is None else Path(lr)
        try:
            found, note = check_lr(faces, ids, folder, reduction)
            findings += found
            notes.append(note)
        except DataError as error:
            findings.append(finding_of(error, "lr", folder))
    return Examination(printable(str(path)), len(ids), [_shown(faces.path, finding) for finding in findings], notes)


def _shown(folder: Path, finding: Finding) -> Finding:
    """Return a finding with its place inside the set, in printable characters."""
    where, problem = finding.where.removeprefix(f"{folder}/"), finding.problem
    return replace(finding, where=printable(where), problem=printable(problem))


def _read_landmarks(faces: FaceSet) -> tuple[Mapping[str, Points], list[Finding]]:
    path = faces.path / LANDMARKS
    if not faces.has_landmarks:
        return {}, []
    try:
        landmarks = read_landmarks(path, faces.landmark_scheme)
    except DataError as error:
        return {}, [finding_of(error, "landmarks", path)]
    return landmarks, [] if landmarks else [Finding("landmarks", str(path), "has the landmarks of no face")]


def _check_manifest(
    faces: FaceSet, checked: Mapping[str, CheckedFace], landmarks: Mapping[str, Points]
) -> list[Finding]:
    """Return the findings of a manifest that contradicts the files."""
    found = partial(Finding, "manifest", str(faces.path / NAME))
    manifest, findings = faces.manifest, []
    sizes = {face.size for face in checked.values()}
    for height, width in manifest.image_sizes:
        if (height, width) not in sizes:
            findings.append(found(f"image_sizes has {height} x {width}, which no image is"))
    count = sum(manifest.image_formats.values())
    if count != len(checked):
        findings.append(found(f"image_formats counts {count} images, but files lists {len(checked)}"))
    parts = {*map(image_path, manifest.faces), *map(parsing_path, manifest.maps), *map(split_path, manifest.splits)}
    others = sorted(manifest.files.keys() - parts - {LANDMARKS})
    findings += [found(f"files lists {name!r}, which is no part of a face set") for name in others]
    for prior, of in (("a parsing map", manifest.maps), ("landmarks", landmarks)):
        findings += [found(f"{face!r} has {prior}, but no image") for face in sorted(set(of) - checked.keys())]
    return findings


def _check_splits(faces: FaceSet, checked: Mapping[str, CheckedFace]) -> list[Finding]:
    """Return the faces that are in no split, or in more than one, and those with the same pixels."""
    findings = []
    splits_of: dict[str, list[str]] = {face: [] for face in checked}
    alike: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split in faces.splits:
        for face in faces.ids(split):
            splits_of[face].append(split)
            if pixels := checked[face].pixels:
                alike[pixels].append((split, face))
    for face, splits in splits_of.items():
        if not splits:
            findings.append(Finding("splits", str(faces.path / image_path(face)), "is in no split"))
        if len(splits) > 1:
            findings.append(Finding("splits", str(faces.path), f"{face!r} is in {' and in '.join(splits)}"))
    for same in alike.values():
        (split, face), *others = same
        for other_split, other in others:
            if other != face:
                both = f"both in {split}" if split == other_split else f"but is in {split}, the other in {other_split}"
                problem = f"has the same pixels as {image_path(other)}, {both}"
                findings.append(Finding("splits", str(faces.path / image_path(face)), problem))
    return findings
