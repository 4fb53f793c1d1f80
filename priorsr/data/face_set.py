"""Face sets: folders of images, parsing maps and landmarks, with a manifest and splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from priorsr.data.images import read_image
from priorsr.data.landmarks_file import Points, read_landmarks
from priorsr.data.manifest import LANDMARKS, NAME, Manifest, read_manifest
from priorsr.data.maps import read_parsing
from priorsr.data.names import is_stray
from priorsr.errors import DataError, OptionError, UnknownNameError, did_you_mean
from priorsr.execution.parallel import parallel_map
from priorsr.files import sha256_json
from priorsr.priors import LabelMap, LandmarkScheme, label_map, landmark_scheme
from priorsr.reading.content import read_content
from priorsr.text import one_line

PARTS = ("images", "parsing", "splits")
MOST_BYTES = 2**32  # of a file; landmarks of a million faces have half of it


def image_path(face: str) -> str:
    """Return where a face's image lies in its set."""
    return f"images/{face}.png"


def parsing_path(face: str) -> str:
    """Return where a face's parsing map lies in its set."""
    return f"parsing/{face}.png"


def split_path(split: str) -> str:
    """Return where a split's list of ids lies in its set."""
    return f"splits/{split}.txt"


class LoadedFace(NamedTuple):
    """A face of a set. image: uint8 (H,W,3). parsing: class indices, uint8 (H,W), or None.

    landmarks: points (L,2) float32 in HR pixels and which are valid, (L), or None.
    """

    id: str
    image: np.ndarray
    parsing: np.ndarray | None
    landmarks: Points | None


class FaceSet:
    """Faces on disk: `manifest.json`, `images/ID.png`, `parsing/ID.png`, `landmarks.npz` and `splits/NAME.txt`.

    All faces, some, or none may have parsing maps and landmarks. Open a set with `FaceSet.open`.
    """

    def __init__(self, path: Path, manifest: Manifest, splits: dict[str, tuple[str, ...]]) -> None:
        self.path = path
        self.manifest = manifest
        self._splits = splits

    @classmethod
    def open(cls, path: str | Path) -> FaceSet:
        """Open the face set in the folder `path`.

        Images are read on request, and every file's hash is compared when it is read. Raises DataError if its manifest
        or splits are broken, and OptionError for something that is no path.
        """
        if not isinstance(path, str | Path):
            raise OptionError(f"the face set is {path!r:.80}; the path of its folder was expected")
        folder = Path(path)
        manifest = read_manifest(folder)
        there, splits = set(manifest.faces), {}
        for name in manifest.splits:
            path = folder / split_path(name)
            splits[name] = _read_split(path)
            missing = [face for face in splits[name] if face not in there]
            if missing:
                raise DataError(f"{path}: lists {missing[0]!r}, which has no image in the set")
        return cls(folder, manifest, splits)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(ids)}" for name, ids in self._splits.items())
        return f"FaceSet({self.manifest.name!r}, {sizes})"

    def __len__(self) -> int:
        """Return the number of faces in all splits together, and outside of any."""
        return len(self.manifest.faces)

    def __contains__(self, face: object) -> bool:
        """Return whether there is a face with that id."""
        return isinstance(face, str) and image_path(face) in self.manifest.files

    def __iter__(self) -> Iterator[str]:
        """Return the ids of all faces, sorted."""
        return iter(sorted(self.manifest.faces))

    def __getitem__(self, face: str) -> LoadedFace:
        """Read a face with what is known of it; raises DataError as `image`."""
        return LoadedFace(face, self.image(face), self.parsing(face), self.landmarks(face))

    @property
    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits, sorted."""
        return tuple(self._splits)

    def ids(self, split: str) -> tuple[str, ...]:
        """Return the ids of a split's faces, sorted; raises UnknownNameError with the splits that there are."""
        if split not in self._splits:
            raise UnknownNameError(f"{self.path}: there is no split {split!r}; {did_you_mean(split, self._splits)}")
        return self._splits[split]

    @property
    def label_map(self) -> LabelMap:
        """Return the label map of the parsing maps."""
        return label_map(self.manifest.label_map)

    @property
    def landmark_scheme(self) -> LandmarkScheme:
        """Return the scheme of the landmarks."""
        return landmark_scheme(self.manifest.landmark_scheme)

    @property
    def has_parsing(self) -> bool:
        """Return whether any face has a parsing map."""
        return "parsing" in self.manifest.priors

    @property
    def has_landmarks(self) -> bool:
        """Return whether any face has landmarks."""
        return "landmarks" in self.manifest.priors

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of the set's content: of every file's name and hash. Renaming or moving the set keeps
        it.
        """
        return sha256_json(self.manifest.files)

    def content(self, name: str) -> bytes:
        """Return the bytes of a file that the manifest lists; raises DataError unless they have the listed hash."""
        path = self.path / name
        try:
            path.stat()  # exists() is False too for a name that the locale cannot spell
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(f"{path}: is listed in {NAME}, but is not there") from None
        content = read_content(path, f"the file that {NAME} lists", MOST_BYTES)
        if hashlib.sha256(content).hexdigest() != self.manifest.files[name]:
            raise DataError(f"{path}: has changed since the set was made: its hash is not the one in {NAME}")
        return content

    def image(self, face: str) -> np.ndarray:
        """Return a face's image, uint8 (H,W,3).

        Raises DataError, also where the file has changed since the set was made, or has a size that the manifest lacks.
        """
        name = image_path(face)
        if name not in self.manifest.files:
            raise DataError(f"{self.path}: there is no face {face!r} in the set")
        return read_image(self.path / name, self.content(name), self.manifest.image_sizes)

    def has_parsing_of(self, face: str) -> bool:
        """Return whether this face has a parsing map."""
        return parsing_path(face) in self.manifest.files

    def parsing(self, face: str) -> np.ndarray | None:
        """Return a face's class indices, uint8 (H,W), or None if it has no parsing map; raises DataError as `image`."""
        if not self.has_parsing_of(face):
            return None
        name = parsing_path(face)
        return read_parsing(self.path / name, self.label_map, self.content(name), self.manifest.image_sizes)

    def landmarks(self, face: str) -> Points | None:
        """Return a face's landmarks (L,2) float32 in HR pixels and valid (L), or None; raises DataError as `image`."""
        return self._landmarks.get(face)

    @cached_property
    def _landmarks(self) -> dict[str, Points]:
        if LANDMARKS not in self.manifest.files:
            return {}
        return read_landmarks(self.path / LANDMARKS, self.landmark_scheme, self.content(LANDMARKS))

    def verify(self) -> list[str]:
        """Compare all files with the manifest: a sentence for each that is missing, changed, or not listed."""
        return [f"{self.path / name}: {problem}" for name, problem in self.differences()]

    def differences(self) -> list[tuple[str, str]]:
        """Return the files that differ from the manifest, as `verify`: their names, and in what they differ."""

        def check(name: str) -> tuple[str, str] | None:
            try:
                self.content(name)
            except DataError as error:
                return name, str(error).removeprefix(one_line(f"{self.path / name}:")).strip()
            return None

        found = [problem for problem in parallel_map(check, sorted(self.manifest.files), "Hashing") if problem]
        for part in PARTS:
            there = {f"{part}/{path.name}" for path in (self.path / part).glob("*") if not is_stray(path)}
            found += [(name, f"is not listed in {NAME}") for name in sorted(there - self.manifest.files.keys())]
        return found


def _read_split(path: Path) -> tuple[str, ...]:
    try:
        text = read_content(path, "a list of ids", MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: cannot be read as a list of ids ({error})") from error
    ids = sorted(line for line in text.splitlines() if line)
    if not ids:
        raise DataError(f"{path}: lists no faces")
    for first, second in pairwise(ids):
        if first == second:
            raise DataError(f"{path}: lists {first!r} twice")
    return tuple(ids)
