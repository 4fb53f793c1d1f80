"""A model's page: its standing in every table, its best and worst faces, its card, and its records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from priorsr.bench.board.numbers import number, score_label
from priorsr.bench.board.reported import Reported
from priorsr.bench.board.rows import Row
from priorsr.bench.pages.rendering import card_in_words
from priorsr.bench.pages.site.copied_images import image_url
from priorsr.bench.pages.site.face_comparison import FaceComparison, Shown
from priorsr.bench.pages.site.row_page import row_key
from priorsr.bench.pages.site.section import Section, Standing
from priorsr.bench.scoring.scorer import known_components
from priorsr.bench.store.records import Record
from priorsr.sources import PROTOCOL

SHOWN_FACES = 6


@dataclass(frozen=True)
class GalleryFace:
    """A face as the model made it, its score, and its HR image if that was kept; URLs from the site's folder."""

    face: str
    sr: str
    hr: str
    score: str


@dataclass(frozen=True)
class Gallery:
    """Some faces of a model. of: the row's label, see `Shown`. link: the comparison's address of them, after the #."""

    title: str
    of: str
    score: str
    board_title: str
    link: str
    pairs: tuple[GalleryFace, ...]


@dataclass(frozen=True)
class ModelPage:
    """The content of a model's page. by_scores: its standings, those with the same scores in one table."""

    row: Row
    standings: tuple[Standing, ...]
    by_scores: tuple[tuple[Standing, ...], ...]
    card: Mapping[str, str]
    galleries: tuple[Gallery, ...]
    reported: tuple[Reported, ...]


def model_pages(sections: Sequence[Section], reported: Iterable[Reported]) -> list[ModelPage]:
    """Return a page for each model of the tables, in the order of the first table that has it."""
    found: dict[str, list[tuple[Section, Standing]]] = {}
    for section in sections:
        for row in section.board.rows:
            ranked = any(row is other for other in section.board.ranked)
            found.setdefault(row_key(row), []).append((section, Standing(section.anchor, section.board, row, ranked)))
    published = list(reported)
    return [_page(places, published) for places in found.values()]


def made_by(record: Record) -> list[str]:
    """Return the components of a record in words, each once; none where they are unknown."""
    parts = [part for part in known_components(record) if part.kind != PROTOCOL]
    words = (
        f"{part.kind} {part.name} ({part.distribution}{f' {part.version}' * bool(part.version)})" for part in parts
    )
    return list(dict.fromkeys(words))


def _page(places: Sequence[tuple[Section, Standing]], reported: Sequence[Reported]) -> ModelPage:
    standings = tuple(standing for _, standing in places)
    row = standings[0].row
    alike: dict[tuple[str, ...], list[Standing]] = {}
    for standing in standings:
        alike.setdefault(standing.board.scores, []).append(standing)
    return ModelPage(
        row=row,
        standings=standings,
        by_scores=tuple(map(tuple, alike.values())),
        card=card_in_words(row.record.model.card),
        galleries=_galleries(places),
        reported=tuple(value for value in reported if value.model == row.record.model.name),
    )


def _galleries(places: Iterable[tuple[Section, Standing]]) -> tuple[Gallery, ...]:
    """Return the worst and the best faces under the first table whose images were kept."""
    for section, standing in places:
        comparison = section.comparison
        shown = next((found for found in comparison.models if found.row is standing.row), None) if comparison else None
        score = shown.record.scores.get(section.board.scores[0]) if shown else None
        if comparison and shown and score:
            finite = [face for face in comparison.faces if math.isfinite(score.per_image[face])]
            best_first = sorted(finite, key=score.per_image.__getitem__, reverse=score.higher_is_better)
            few = min(SHOWN_FACES, len(finite) // 2)
            ends = {"worst": best_first[::-1][:few], "best": best_first[:few]}
            return tuple(_gallery(section, comparison, shown, faces, order) for order, faces in ends.items() if faces)
    return ()


def _gallery(section: Section, comparison: FaceComparison, shown: Shown, faces: Iterable[str], order: str) -> Gallery:
    """Return some faces of a model; `order` is "worst" or "best", as in the comparison."""
    name = section.board.scores[0]
    score = shown.record.scores[name]
    key = row_key(shown.row)
    return Gallery(
        title=f"{order.capitalize()} faces",
        of=shown.label,
        score=score_label(name),
        board_title=section.board.title,
        link=urlencode({"table": section.anchor, "models": key, "order": order, "of": key}),
        pairs=tuple(
            GalleryFace(
                face=face,
                sr=image_url(shown.folder, face),
                hr=image_url(comparison.hr, face) if face in comparison.with_hr else "",
                score=number(score.per_image[face], score),
            )
            for face in faces
        ),
    )
