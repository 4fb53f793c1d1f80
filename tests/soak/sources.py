"""Small data sets in the layouts in which their authors distribute them, for the importers to read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.landmarks_file import write_landmarks


def make_sources(folder: Path, faces: Path) -> None:
    """Make a folder's celeba, helen, celebamask and photographs, the last from the images of a face set."""
    dice = np.random.default_rng(0)
    _celeba(folder / "celeba", dice)
    _helen(folder / "helen", dice)
    _celebamask(folder / "celebamask", dice)
    _photographs(folder / "photographs", faces)


def _photograph(path: Path, dice: np.random.Generator, height: int, width: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = Image.fromarray(dice.integers(0, 256, (5, 5, 3), dtype=np.uint8))
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(path)


def _celeba(root: Path, dice: np.random.Generator) -> None:
    names = [f"{number:06d}.jpg" for number in range(1, 5)]
    for name in names:
        _photograph(root / "Img/img_celeba" / name, dice, 120, 160)
    (root / "Eval").mkdir()
    (root / "Anno").mkdir()
    parts = "".join(f"{name} {part}\n" for name, part in zip(names, "0012", strict=True))
    (root / "Eval/list_eval_partition.txt").write_text(parts)
    boxes = "".join(f"{name}    90  30  40  30\n" for name in names)
    (root / "Anno/list_bbox_celeba.txt").write_text(f"{len(names)}\nimage_id x_1 y_1 width height\n{boxes}")


def _helen(root: Path, dice: np.random.Generator) -> None:
    angles = np.linspace(0, 2 * np.pi, 194, endpoint=False)
    points = np.stack([110 + 45 * np.cos(angles), 80 + 30 * np.sin(angles)], 1)
    (root / "annotation").mkdir(parents=True)
    for number, name in enumerate(("100_1", "200_1"), start=1):
        lines = "".join(f"{x:.4f} , {y:.4f}\n" for x, y in points)
        (root / f"annotation/{number}.txt").write_text(f"{name}\r\n{lines}")
        _photograph(root / f"helen_1/{name}.jpg", dice, 200, 240)
    (root / "testnames.txt").write_text("200_1\n")


def _celebamask(root: Path, dice: np.random.Generator) -> None:
    for number in (0, 2000):
        _photograph(root / f"CelebA-HQ-img/{number}.jpg", dice, 64, 64)
        masks = root / f"CelebAMask-HQ-mask-anno/{number // 2000}"
        masks.mkdir(parents=True)
        for part, rows in (("skin", slice(0, 24)), ("nose", slice(8, 16))):
            mask = np.zeros((32, 32, 3), np.uint8)
            mask[rows, 8:24] = 255
            Image.fromarray(mask).save(masks / f"{number:05d}_{part}.png")


def _photographs(root: Path, faces: Path) -> None:
    """Images, parsing maps and landmarks, split by folders."""
    opened = FaceSet.open(faces)
    for split in ("train", "val"):
        for part in ("images", "parsing"):
            (root / split / part).mkdir(parents=True)
            for face in opened.ids(split):
                shutil.copy(faces / part / f"{face}.png", root / split / part)
        points = {face: points for face in opened.ids(split) if (points := opened.landmarks(face)) is not None}
        write_landmarks(root / split / "landmarks.npz", points)
