"""Face sets from CelebAMask-HQ as its authors hand it out (Lee et al., CVPR 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from priorsr.data.face_set import FaceSet
from priorsr.data.images import read_image, read_photograph
from priorsr.data.importers.divide import RULE, divide
from priorsr.data.importers.lists import read_rows
from priorsr.data.importers.resize import check_reduces, how, square, square_map
from priorsr.data.importers.sources import folder, images_by_id, key
from priorsr.data.manifest import Provenance
from priorsr.data.writer import FROM_PARSING, About, Face, Pixels, write_face_set
from priorsr.errors import DataError

IMAGES, MASKS = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno"
MAPPING, PARTITION = "CelebA-HQ-to-CelebA-mapping.txt", "list_eval_partition.txt"
MASKS_A_FOLDER = 2000
PARTS = (  # the order in which the authors' tools paint the classes 1 to 18: later ones cover earlier ones
    "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear",
    "mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
PAINTED = Provenance(tool="CelebAMask-HQ's annotators", version="1")


def import_celebamask_hq(src: str | Path, out: str | Path, *, size: int = 128) -> FaceSet:
    """Build a face set of `size` pixels in `out` from CelebAMask-HQ's official layout.

    src holds CelebA-HQ-img/N.jpg and CelebAMask-HQ-mask-anno/0 to 14/NNNNN_PART.png. The masks of a face are merged in
    the authors' order, then image (Lanczos) and map (majority) are reduced. With CelebA-HQ-to-CelebA-mapping.txt and
    CelebA's list_eval_partition.txt beside them, faces are split as CelebA is; without the second, by `divide`, and the
    manifest says which. Landmarks are read off the maps.

    Raises DataError naming what is missing or broken.
    """
    src = Path(src)
    images = images_by_id(folder(src / IMAGES, "the folder of CelebAMask-HQ's images"))
    folder(src / MASKS, "the folder of CelebAMask-HQ's masks")
    strange = [path for face, path in images.items() if not face.isdecimal()]
    if strange:
        raise DataError(f"{strange[0]}: is not called by a number, as the images of CelebAMask-HQ are")
    official = (src / PARTITION).exists()
    numbers = {int(face): path for face, path in images.items()}
    ids = {number: f"{number:05d}" for number in numbers}
    splits = _official_split(src) if official else divide(list(ids.values()))
    faces = []
    for number, image in sorted(numbers.items()):
        masks = _masks(src / MASKS, number)
        if ids[number] not in splits:
            raise DataError(f"{src / MAPPING}: does not name the image {number}, or {PARTITION} not its original")
        stamp = key(image, *masks.values(), size=size)
        faces.append(Face(ids[number], splits[ids[number]], stamp, partial(_read, image, masks, size)))
    about = About(
        name=f"celebamask-hq-{size}",
        source=f"CelebAMask-HQ (Lee et al., CVPR 2020); {'split as CelebA is' if official else RULE}; {how(size)}",
        licence="for non-commercial research and education only",
    )
    return write_face_set(out, faces, about, parsing=PAINTED, landmarks=FROM_PARSING)


def _masks(path: Path, number: int) -> Mapping[str, Path]:
    """The mask files of a face by part; a part that is not visible has none."""
    stem = path / str(number // MASKS_A_FOLDER) / f"{number:05d}"
    masks = {part: file for part in PARTS if (file := Path(f"{stem}_{part}.png")).exists()}
    if "skin" not in masks:
        raise DataError(f"{stem}_skin.png: there is no such file; a mask of every face's skin was expected")
    return masks


def _official_split(src: Path) -> dict[str, str]:
    """The split of each id, through the original CelebA file that it was made from."""
    partition = {row[0]: row[-1] for row in read_rows(src / PARTITION)}
    names = {"0": "train", "1": "val", "2": "test"}
    return {
        f"{int(row[0]):05d}": names[partition[row[2]]]
        for row in read_rows(src / MAPPING)
        if len(row) >= 3 and row[0].isdecimal() and partition.get(row[2]) in names
    }


def _read(image: Path, masks: Mapping[str, Path], size: int) -> Pixels:
    photograph, image_format = read_photograph(image)
    check_reduces(photograph, size, str(image))
    parsing = np.zeros_like(read_image(masks["skin"])[..., 0])
    check_reduces(parsing, size, str(masks["skin"]))
    for part, file in masks.items():
        mask = read_image(file)[..., 0] != 0
        if mask.shape != parsing.shape:
            raise DataError(f"{file}: is {mask.shape}; {parsing.shape} was expected, the size of the face's skin mask")
        parsing[mask] = 1 + PARTS.index(part)
    height, width = photograph.shape[:2]
    return Pixels(square(photograph, size), square_map(parsing, size), None, image_format, (height, width))
