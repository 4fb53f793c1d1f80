"""Scores of pairs of images under a protocol, for `priorsr.score` and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from priorsr.bench.board.numbers import half_width, number, score_label
from priorsr.bench.made_elsewhere.folders import ImageFile, images_by_stem, is_folder_of_images, paired
from priorsr.bench.made_elsewhere.given_images import ImageLike, image_of, image_of_pixels, separate
from priorsr.bench.scoring.summaries import protocol_score_facts
from priorsr.bench.store.score_facts import RecordedScore
from priorsr.errors import DataError, PriorsrError, ShapeError, UnknownNameError, did_you_mean
from priorsr.metrics import Protocol, Scores, load_protocol, score_many

_AT_ONCE = 16  # pairs


class ImagePair(NamedTuple):
    """An SR and an HR image of one face, read when they are asked for: (3,H,W) each."""

    face: str
    sr: Callable[[], Tensor]
    hr: Callable[[], Tensor]


@dataclass(frozen=True)
class ImageScores:
    """Scores of images under a protocol.

    protocol: its id, with what it was adapted to. hash: of its content.
    scores: by name, each with `value` (of the set, as the protocol aggregates), `mean`, `interval95`, `per_image`.
    """

    protocol: str
    hash: str
    scores: Mapping[str, RecordedScore]

    def __getitem__(self, name: str) -> RecordedScore:
        """Return a score by its name in the protocol; raises UnknownNameError with the closest names."""
        if name not in self.scores:
            known = did_you_mean(name, self.scores)
            raise UnknownNameError(f"the protocol {self.protocol} has no score {name!r}; {known}")
        return self.scores[name]

    @property
    def means(self) -> dict[str, float]:
        """Return the mean of each score over the images."""
        return {name: score.mean for name, score in self.scores.items()}

    def __str__(self) -> str:
        count = len(next(iter(self.scores.values())).per_image)
        lines = [f"{self.protocol} ({self.hash[:12]}), {count} image{'s' * (count > 1)}"]
        for name, score in self.scores.items():
            lines.append(f"{score_label(name)}  {number(score.value, score)} {half_width(score.interval95, score)}")
        return "\n".join(line.rstrip() for line in lines)


def score(
    sr: ImageLike | Iterable[ImageLike],
    hr: ImageLike | Iterable[ImageLike],
    protocol: str | Path | Protocol = "priorsr@1",
    *,
    pairs: Mapping[str, str] | None = None,
) -> ImageScores:
    """Score SR images against HR images under a protocol, wherever they were made.

    sr, hr: one image or several, in any form: files, Pillow images, NumPy arrays (H,W,3) or (B,H,W,3), tensors
        (3,H,W) or (B,3,H,W); of 8 bits, or floating point in [0, 1]. Or two folders or zips of images, which are paired
        by stem, never by order. Several images in a list, array or tensor are pairs by their places, and are called
        "0", "1", ... in the result.
    protocol: its id, a file NAME@V.toml, or a protocol. Only its scoring half is used: nothing is reduced here.
    pairs: for folders: by the stem of an HR image, the stem of its SR image, where these differ.

    Returns the mean of each score with its 95 % interval, and the value of each image. Raises PriorsrError, naming the
    image, for wrong types, ranges, sizes and missing partners.
    """
    loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    return score_pairs(list(_pairs(sr, hr, pairs)), [loaded])[0]


def score_pairs(
    pairs: Sequence[ImagePair], protocols: Sequence[Protocol], advance: Callable[[int], object] = int
) -> list[ImageScores]:
    """Score pairs of images under each protocol; `advance` is called with the number of pairs that were just scored."""
    if not pairs:
        raise PriorsrError("there are no images to score; at least one pair of SR and HR was expected")
    found, sizes = [], set[tuple[int, ...]]()
    for sr, hr in _batches(pairs):
        sizes.add(tuple(hr.shape[2:]))
        found.append(score_many([protocol.scoring for protocol in protocols], sr, hr))
        advance(len(sr))
    faces = [pair.face for pair in pairs]
    results = []
    for protocol, parts in zip(protocols, zip(*found, strict=True), strict=True):
        facts = protocol_score_facts(faces, Scores.join(parts), protocol)
        results.append(ImageScores(_shown_id(protocol, sizes), protocol.content_hash, facts))
    return results


def pairs_of_folders(sr: Path, hr: Path, pairs: Mapping[str, str] | None = None) -> list[ImagePair]:
    """Return the pairs of two folders or zips of images, by stem; raises DataError for images without a partner."""
    faces = images_by_stem(hr)
    found = paired(images_by_stem(sr), faces, pairs, str(sr))
    return [ImagePair(face, _reader(found[face]), _reader(file)) for face, file in faces.items()]


def _pairs(
    sr: ImageLike | Iterable[ImageLike], hr: ImageLike | Iterable[ImageLike], pairs: Mapping[str, str] | None
) -> Iterator[ImagePair]:
    folders = [isinstance(given, str | Path) and is_folder_of_images(Path(given)) for given in (sr, hr)]
    if all(folders):
        assert isinstance(sr, str | Path)
        assert isinstance(hr, str | Path)
        yield from pairs_of_folders(Path(sr), Path(hr), pairs)
        return
    for given in (sr, hr):
        if isinstance(given, str | Path) and not Path(given).exists():
            raise DataError(
                f"{given}: there is no such file or folder; an image, or a folder or zip of images, was expected"
            )
    if any(folders):
        raise PriorsrError(
            "one of SR and HR is a folder, and the other is none; two folders, or two images, were expected"
        )
    ours, theirs = separate(sr, "SR"), separate(hr, "HR")
    if len(ours) != len(theirs):
        raise PriorsrError(f"there are {len(ours)} SR and {len(theirs)} HR images; as many of each were expected")
    for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        yield ImagePair(str(place), _maker(one, f"SR image {place}"), _maker(other, f"HR image {place}"))


def _maker(given: ImageLike, who: str) -> Callable[[], Tensor]:
    return lambda: image_of(given, who)


def _reader(file: ImageFile) -> Callable[[], Tensor]:
    return lambda: image_of_pixels(file.read())


def _batches(pairs: Sequence[ImagePair]) -> Iterator[tuple[Tensor, Tensor]]:
    """Read pairs in batches of images of one size, (B,3,H,W) each."""
    waiting: list[tuple[Tensor, Tensor]] = []
    for pair in pairs:
        sr, hr = pair.sr(), pair.hr()
        if sr.shape != hr.shape:
            sizes = [" x ".join(map(str, image.shape[1:])) for image in (sr, hr)]
            raise ShapeError(f"the SR image of {pair.face!r} is {sizes[0]}, and HR {sizes[1]}; one size was expected")
        if waiting and (len(waiting) == _AT_ONCE or waiting[0][0].shape != sr.shape):
            yield _stacked(waiting)
            waiting = []
        waiting.append((sr, hr))
    yield _stacked(waiting)


def _stacked(waiting: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    sr, hr = zip(*waiting, strict=True)
    return torch.stack(sr), torch.stack(hr)


def _shown_id(protocol: Protocol, sizes: set[tuple[int, ...]]) -> str:
    """Return the protocol's id, and which sizes it was used for where these are not the published one."""
    published = (protocol.hr_size, protocol.hr_size)
    if sizes == {published}:
        return protocol.id
    shown = " x ".join(map(str, next(iter(sizes)))) if len(sizes) == 1 else f"{len(sizes)} sizes"
    return f"{protocol.id}, on images of {shown}"
