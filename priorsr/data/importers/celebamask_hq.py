"""Import CelebAMask-HQ as its authors distribute it (Lee et al., CVPR 2020)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from priorsr.bounds import MOST_SIDE, check_number
from priorsr.data.face_set import FaceSet
from priorsr.data.images import read_photograph
from priorsr.data.importers.divide import RULE, divide
from priorsr.data.importers.lists import by_face, face_of, read_partition, read_rows
from priorsr.data.importers.middle_square import check_reduces, how, square, square_map
from priorsr.data.importers.sources import entries, folder, images_by_id, key
from priorsr.data.manifest import Provenance
from priorsr.data.maps import read_mask
from priorsr.data.writer import FROM_PARSING, About, Face, Pixels, write_face_set
from priorsr.errors import DataError, did_you_mean

IMAGES, MASKS = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno"
MAPPING, PARTITION = "CelebA-HQ-to-CelebA-mapping.txt", "list_eval_partition.txt"
MASKS_A_FOLDER = 2000
MASK = re.compile(r"(\d{5})_(\w+)\.png", re.ASCII | re.IGNORECASE)
PARTS = (  # the order in which the authors' tools paint the classes 1 to 18: later ones cover earlier ones
    "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear",
    "mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
PAINTED = Provenance(tool="CelebAMask-HQ's annotators", version="1")


def import_celebamask_hq(src: str | Path, out: str | Path, *, size: int = 128) -> FaceSet:
    """Build a face set of `size` pixels in `out` from CelebAMask-HQ's official layout.

    src: a folder with CelebA-HQ-img/N.jpg and CelebAMask-HQ-mask-anno/0 to 14/NNNNN_PART.png. The masks of a face are
    merged in the authors' order, then image (Lanczos) and map (majority) are reduced. If
    CelebA-HQ-to-CelebA-mapping.txt and CelebA's list_eval_partition.txt are in `src`, faces are split as in CelebA;
    without the second, by `divide`, and the manifest records this. Landmarks are derived from the maps.

    Raises DataError naming missing and broken files, and a mask that belongs to no face.
    """
    src = Path(src)
    check_number("size", size, 1, MOST_SIDE)
    numbers = _numbers(images_by_id(folder(src / IMAGES, "the folder of CelebAMask-HQ's images")))
    masks = _masks(folder(src / MASKS, "the folder of CelebAMask-HQ's masks"), numbers)
    official = (src / PARTITION).exists()
    ids = {number: f"{number:05d}" for number in numbers}
    splits = _official_split(src) if official else divide(list(ids.values()))
    faces = []
    for number, image in sorted(numbers.items()):
        if ids[number] not in splits:
            raise DataError(
                f"{src / MAPPING}: has no line for the image {number}, or {PARTITION} has none for its original; a "
                "line for each image was expected"
            )
        stamp = key(image, *masks[number].values(), size=size)
        faces.append(Face(ids[number], splits[ids[number]], stamp, partial(_read, image, masks[number], size)))
    about = About(
        name=f"celebamask-hq-{size}",
        source=f"CelebAMask-HQ (Lee et al., CVPR 2020); {'split as CelebA is' if official else RULE}; {how(size)}",
        licence="for non-commercial research and education only",
    )
    return write_face_set(out, faces, about, parsing=PAINTED, landmarks=FROM_PARSING)


def _numbers(images: Mapping[str, Path]) -> dict[int, Path]:
    """Return the images by the numbers in their names."""
    numbers: dict[int, Path] = {}
    for face, path in images.items():
        if not (face.isascii() and face.isdecimal() and len(face) <= 5):
            raise DataError(
                f"{path}: is named {path.stem!r}; a number of up to five digits, as in CelebAMask-HQ, was expected"
            )
        if int(face) in numbers:
            raise DataError(
                f"{path}: has the same number as {numbers[int(face)].name}; one image for each number was expected"
            )
        numbers[int(face)] = path
    return numbers


def _masks(path: Path, numbers: Mapping[int, Path]) -> Mapping[int, Mapping[str, Path]]:
    """Return the mask files of each face by part, in the authors' order; a part that is not visible has none."""
    found: dict[int, dict[str, Path]] = defaultdict(dict)
    for inner in entries(path):
        for file in entries(folder(inner, "a folder of masks, called 0, 1, ...,")):
            number, part = _number_and_part(file)
            right = str(number // MASKS_A_FOLDER)
            if inner.name != right:
                raise DataError(f"{file}: is a mask of the image {number}; it was expected in the folder {right}")
            if number not in numbers:
                raise DataError(f"{file}: is a mask of the image {number}, which is not in {IMAGES}")
            if part in found[number]:
                raise DataError(f"{file}: {found[number][part].name} is a mask of the same part; one was expected")
            found[number][part] = file
    for number in sorted(numbers):
        if "skin" not in found[number]:
            missing = path / str(number // MASKS_A_FOLDER) / f"{number:05d}_skin.png"
            raise DataError(f"{missing}: there is no such file; a mask of every face's skin was expected")
    return {number: {part: parts[part] for part in PARTS if part in parts} for number, parts in found.items()}


def _number_and_part(file: Path) -> tuple[int, str]:
    match = MASK.fullmatch(file.name)
    if not match or not file.is_file():
        raise DataError(f"{file}: is not named like a mask; NNNNN_PART.png was expected")
    if match[2] not in PARTS:
        raise DataError(f"{file}: is a mask of an unknown part {match[2]!r}; {did_you_mean(match[2], PARTS)}")
    return int(match[1]), match[2]


def _official_split(src: Path) -> dict[str, str]:
    """Return the split of each id: that of the original CelebA image."""
    partition = read_partition(src / PARTITION)
    rows = read_rows(src / MAPPING)
    if rows[0].words[0] == "idx":  # the columns' names
        del rows[0]
    for row in rows:
        if len(row.words) != 3 or not (row.words[0].isascii() and row.words[0].isdecimal()):
            raise DataError(f"{src / MAPPING}: {row}; a number, the original's number and its name were expected")
    originals = {f"{int(face):05d}": face_of(row.words[2]) for face, row in by_face(src / MAPPING, rows).items()}
    return {face: partition[original] for face, original in originals.items() if original in partition}


def _read(image: Path, masks: Mapping[str, Path], size: int) -> Pixels:
    photograph, image_format = read_photograph(image, "its masks")
    check_reduces(photograph, size, str(image))
    height, width = photograph.shape[:2]
    parsing = np.zeros((0, 0), dtype=np.uint8)
    for part, file in masks.items():
        mask = read_mask(file)
        rows, columns = mask.shape
        if part == "skin":  # the first
            if rows * width != columns * height:
                raise DataError(
                    f"{file}: is {rows} x {columns}, but its image is {height} x {width}; the same shape was expected"
                )
            if not mask.any():
                raise DataError(f"{file}: is empty; a mask of the face's skin was expected")
            check_reduces(mask, size, str(file))
            parsing = np.zeros(mask.shape, dtype=np.uint8)
        if mask.shape != parsing.shape:
            raise DataError(f"{file}: is {mask.shape}; {parsing.shape} was expected, the size of the face's skin mask")
        parsing[mask] = 1 + PARTS.index(part)
    return Pixels(square(photograph, size), square_map(parsing, size), None, image_format, (height, width))
