"""Measure dlib on a face set, best on one with hand-drawn parsing maps: python measure.py SET --split val."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from priorsr.data import FaceSet
from priorsr.priors import label_map
from priorsr_dlib import FaceDetector
from priorsr_dlib.aligned import ALIGNED, locate_faces
from priorsr_dlib.chips import face_chip
from priorsr_dlib.found import landmarks_at
from priorsr_dlib.published import RECOGNITION, model_file
from priorsr_dlib.recognition_net import FaceRecognitionNet

PARTS = {
    "eyes": (range(36, 48), ("left eye", "right eye")),
    "nose": (range(27, 36), ("nose",)),
    "mouth": (range(48, 68), ("mouth", "upper lip", "lower lip")),
    "brows": (range(17, 27), ("left brow", "right brow")),
}
NEAR = 2.0  # most pixels between a point and its part
WIDTHS = (20, 24, 32, 48, 64, 100)  # of small faces


def main() -> None:
    """Print dlib's detections and landmark errors in a split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set")
    parser.add_argument("--split", default="val")
    given = parser.parse_args()
    faces = FaceSet.open(given.set)
    ids = faces.ids(given.split)
    images = [np.ascontiguousarray(faces.image(face)) for face in ids]
    maps = [parsing for face in ids if (parsing := faces.parsing(face)) is not None]
    sure = locate_faces(images, None)
    print(f"found: {np.isfinite(sure[:, 0]).sum()} of {len(images)}")
    boxes = locate_faces(images, ALIGNED)
    fixed = np.array([_box() * (image.shape[1::-1] * 2) for image in images])
    for which, own in (("by the detector", boxes), ("by the fixed box", fixed)):
        if len(maps) == len(images):
            points = landmarks_at(images, own).numpy()
            print(f"points within {NEAR:g} px of their part, {which}: {_near_parts(points, maps)}")
    _identities(images, landmarks_at(images, boxes).numpy())
    _small_faces(images, boxes)


def _box() -> np.ndarray:
    left, top, right, bottom = ALIGNED
    return np.array([left, top, right - left, bottom - top])


def _near_parts(points: np.ndarray, maps: Sequence[np.ndarray]) -> str:
    classes = label_map("celebamask-19").classes
    shares = {}
    for part, (which, names) in PARTS.items():
        near = []
        for own, parsing in zip(points, maps, strict=True):
            pixels = np.argwhere(np.isin(parsing, [classes.index(name) for name in names]))[:, ::-1]
            if len(pixels):
                distances = np.linalg.norm(own[list(which), None] - pixels, axis=-1)
                near += list(distances.min(1) <= NEAR)
        shares[part] = f"{part} {100 * np.mean(near):.0f} %"
    return ", ".join(shares.values())


def _identities(images: Sequence[np.ndarray], landmarks: np.ndarray) -> None:
    chips = np.array([face_chip(image, own) for image, own in zip(images, landmarks, strict=True)])
    network = FaceRecognitionNet(model_file(RECOGNITION))
    start = time.process_time()
    embeddings = network(torch.from_numpy(chips).permute(0, 3, 1, 2) / 255)
    print(f"embedding: {1000 * (time.process_time() - start) / len(images):.1f} ms a face, of a core")
    a, b = torch.triu_indices(len(images), len(images), 1)
    cosines = torch.cosine_similarity(embeddings[a], embeddings[b])
    close = (embeddings[a] - embeddings[b]).norm(dim=1) < 0.6
    low, middle, high = torch.quantile(cosines, torch.tensor([0.05, 0.5, 0.95])).tolist()
    print(f"two faces: cosine {middle:.2f} ({low:.2f} to {high:.2f}, 90 %), match {100 * close.float().mean():.1f} %")


def _small_faces(images: Sequence[np.ndarray], boxes: np.ndarray) -> None:
    """Return faces reduced to a width, side by side on one picture."""
    columns = int(len(images) ** 0.5)
    count = columns**2
    for width in WIDTHS:
        side = round(images[0].shape[1] * width / boxes[:, 2].mean())
        picture = Image.new("RGB", (side * columns, side * columns))
        for index, image in enumerate(images[:count]):
            small = Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS)
            picture.paste(small, (index % columns * side, index // columns * side))
        start = time.process_time()
        found = FaceDetector().detect(picture)
        seconds = time.process_time() - start
        wanted = boxes[:count, :2] + boxes[:count, 2:] / 2
        places = np.array([[face.x + face.width / 2, face.y + face.height / 2] for face in found]).reshape(-1, 2)
        cells = (places // side).astype(int)
        off = np.abs(places % side / side - wanted[cells[:, 1] * columns + cells[:, 0]] / images[0].shape[1]).max(1)
        right = {tuple(cell) for cell, far in zip(cells.tolist(), off, strict=True) if far < 0.1}
        print(
            f"faces {width} px wide: {len(right)} of {count} found, {len(found) - len(right)} too many; "
            f"{seconds:.2f} s of a core for {picture.width} x {picture.height}"
        )


if __name__ == "__main__":
    main()
