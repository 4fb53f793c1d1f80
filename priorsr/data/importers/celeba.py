"""Import CelebA as its authors distribute it (Liu et al., ICCV 2015)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image

from priorsr.bounds import MOST_SIDE, check_number
from priorsr.data.face_set import FaceSet
from priorsr.data.importers.folder import GIVEN
from priorsr.data.importers.lists import by_face, check_split, place, read_partition, read_rows, read_split_file
from priorsr.data.importers.sources import folder, images_by_id
from priorsr.data.importers.squares import PhotographSource, Square, round_box, round_landmarks, square_face
from priorsr.data.landmarks_file import Points, read_landmarks
from priorsr.data.writer import About, write_face_set
from priorsr.errors import DataError, OptionError
from priorsr.priors import landmark_scheme

PARTITION, BOXES = "list_eval_partition.txt", "list_bbox_celeba.txt"
BOX = re.compile(r"[-+]?\d{1,9}", re.ASCII)
PLACES = ("Img", "Anno", "Eval")  # folders of the parts in the official distribution
PUBLISHED = {"dic": {"train": 168_854, "val": 100, "test": 1_000}, "ctcnet": {"train": 18_000, "test": 1_000}}


class Crop(NamedTuple):
    """A crop of CelebA's images: the image variant, the square, and its resampling."""

    images: str
    what: str
    resample: Image.Resampling


CROPS = {
    "centre": Crop("img_align_celeba", "the middle squares of the aligned images", Image.Resampling.LANCZOS),
    "pfsr": Crop("img_align_celeba", "the middle squares of the aligned images", Image.Resampling.BILINEAR),
    "box": Crop("img_celeba", "squares about the boxes of the images in the wild", Image.Resampling.LANCZOS),
    "dic": Crop(
        "img_celeba", "squares of the landmarks' boxes, expanded by 0.3, in the wild", Image.Resampling.BICUBIC
    ),
}


def import_celeba(
    src: str | Path,
    out: str | Path,
    *,
    crop: Literal["centre", "pfsr", "box", "dic"] = "centre",
    size: int = 128,
    split: Literal["celeba", "dic", "ctcnet"] = "celeba",
    split_file: str | Path | None = None,
    landmarks: str | Path | None = None,
) -> FaceSet:
    """Build a face set of `size` pixels in `out` from CelebA's official layout.

    src: a folder with img_align_celeba/ or img_celeba/ (in the wild), which hold NNNNNN.jpg, and
    list_eval_partition.txt, each in `src` itself or in its Img/, Anno/ or Eval/.

    crop: one of four, resampled by Pillow:
        "centre": the middle 178 x 178 of the aligned images, by Lanczos;
        "pfsr": the same square by bilinear, as PFSR;
        "box": a square around the box of list_bbox_celeba.txt in the images in the wild, by Lanczos;
        "dic": a square around the landmarks' box, expanded by 0.3, in the images in the wild, by bicubic, as DIC.
        The last two are black outside the image, and enlarge faces that are smaller than `size`.
    split: "celeba" is the official partition. The members of "dic" (168,854 / 100 / 1,000) and "ctcnet" (18,000 /
        1,000) are not published: `split_file` must name them, and their numbers are checked.
    split_file: a text file with one line for each face, the image's name and train, val or test; other faces are left
        out. With "celeba" it defines your own split.
    landmarks: an .npz of 68 landmarks in the pixels of the photographs (ids, landmarks and, optionally, valid),
    required for every face by crop "dic". CelebA's own five points are not used: they belong to no scheme here.

    Raises DataError and OptionError for missing or wrong files and options.
    """
    src = Path(src)
    if crop not in CROPS:
        raise OptionError(f"the crop is {crop!r}; one of {', '.join(CROPS)} was expected")
    check_number("size", size, 1, MOST_SIDE)
    if crop == "dic" and landmarks is None:
        raise OptionError("the crop 'dic' needs the 68 landmarks of every photograph, which CelebA does not bring")
    check_split(split, PUBLISHED, "celeba", split_file)
    kind = CROPS[crop]
    images = images_by_id(folder(place(src, kind.images, PLACES), f"the folder of CelebA's {kind.images}"))
    if split_file is None:
        partition = place(src, PARTITION, PLACES)
        splits = read_partition(partition)
        for face in sorted(images.keys() - splits.keys()):
            raise DataError(f"{partition}: has no line for {images[face].name}; a line for each image was expected")
        for face in sorted(splits.keys() - images.keys()):
            raise DataError(
                f"{partition}: names {face!r}, of which there is no image; a split file (--split-file) can leave it out"
            )
        how = "split as CelebA is"
    else:
        splits = read_split_file(Path(split_file), images, PUBLISHED.get(split))
        images = {face: images[face] for face in splits}
        how = f"split as {Path(split_file).name} has it"
    points = {} if landmarks is None else read_landmarks(Path(landmarks), landmark_scheme("ibug-68"))
    if points and not points.keys() & images.keys():
        raise DataError(
            f"{landmarks}: has landmarks of faces such as {min(points)!r}; names such as {min(images)!r} were expected"
        )
    squares, given_by = _squares(crop, points, landmarks, place(src, BOXES, PLACES), images)
    faces = []
    for face, image in images.items():
        source = PhotographSource(image, squares.get(face), points.get(face), given_by)
        faces.append(square_face(splits[face], source, size, kind.resample))
    about = About(
        name=f"celeba-{crop}-{size}",
        source=f"CelebA (Liu et al., ICCV 2015); {how}; {kind.what}, resized to {size} x {size} by Pillow's "
        f"{kind.resample.name.lower()}",
        licence="for non-commercial research only",
    )
    return write_face_set(out, faces, about, landmarks=GIVEN if points else None)


def _squares(
    crop: str, points: dict[str, Points], landmarks: str | Path | None, boxes: Path, faces: Iterable[str]
) -> tuple[dict[str, Square], str]:
    """Return the square of each photograph (none: the middle), and the file that the squares come from."""
    if crop == "box":
        return _round_boxes(boxes, faces), f"its box in {boxes}"
    if crop == "dic":
        squares = {face: round_landmarks(known) for face, known in points.items() if known[1].any()}
        for face in faces:
            if face not in squares:
                raise DataError(
                    f"{landmarks}: has no valid landmark of {face!r}; one or more were expected, to crop the face"
                )
        return squares, f"the landmarks in {landmarks}"
    return {}, f"the landmarks in {landmarks}"


def _round_boxes(path: Path, faces: Iterable[str]) -> dict[str, Square]:
    """Return the square around each face's box in CelebA's list."""
    rows = read_rows(path)
    if len(rows[0].words) != 1 or not rows[0].words[0].isdecimal():
        raise DataError(f"{path}: {rows[0]}; the number of images was expected, as CelebA has it")
    boxes = rows[2:]  # after the lines with the number of rows and the column names
    for row in boxes:
        if len(row.words) != 5 or not all(map(BOX.fullmatch, row.words[1:])):
            raise DataError(f"{path}: {row}; an image's name, left, top, width and height were expected")
    named = by_face(path, boxes)
    squares = {}
    for face in faces:
        if face not in named:
            raise DataError(f"{path}: has no line for {face!r}; the box of each face to crop was expected")
        left, top, width, height = map(int, named[face].words[1:])
        if width < 1 or height < 1:
            raise DataError(
                f"{path}: {named[face]}, an empty box, as CelebA's own list has for 101283.jpg; leave the image out by "
                "a split file (--split-file), or take the aligned images (the crop centre)"
            )
        squares[face] = round_box(left, top, width, height)
    return squares
