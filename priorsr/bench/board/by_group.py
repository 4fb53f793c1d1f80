"""Scores by groups of faces: where each model of a results folder fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from priorsr.bench.board.leaderboard import Leaderboard, leaderboards
from priorsr.bench.board.rows import Row
from priorsr.bench.statistics.means import MeanEstimate, estimate_difference, estimate_mean
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.store.results import read_results
from priorsr.data import FaceSet
from priorsr.data.face_groups import GROUPS, face_groups
from priorsr.errors import DataError, OptionError, UnknownNameError, did_you_mean

ALL, NONE = "all", "none of these"


@dataclass(frozen=True)
class GroupScore:
    """A row's score on one group of faces.

    mean: of the group's faces, with its interval. gain: the difference to the table's baseline on the same faces; None
    for the baseline, or where there is none.
    """

    mean: MeanEstimate
    gain: MeanEstimate | None


@dataclass(frozen=True)
class GroupTable:
    """The scores of one table's rows by group.

    groups: the faces of each group, by its name; "all" first, "none of these" last. A face may belong to several.
    scores: (row's label, group) -> score; groups without faces are left out.
    """

    board: Leaderboard
    score: str
    groups: Mapping[str, tuple[str, ...]]
    scores: Mapping[tuple[str, str], GroupScore]


def by_group(
    results: str | Path, faces: FaceSet, *, protocols: Sequence[str] = (), score: str | None = None
) -> list[GroupTable]:
    """Return the scores by group of every table of a results folder whose records are of these faces.

    faces: a set with parsing maps, which define the groups: `priorsr.data.face_groups`. protocols: only those of these
    ids; all by default. score: by name; each protocol's first by default.

    Raises DataError if the set has no parsing maps, OptionError if no record is of it, UnknownNameError for a protocol
    or score that no record has.
    """
    if not faces.has_parsing:
        raise DataError(f"{faces.path}: has no parsing maps, by which faces are grouped")
    boards = [board for board in leaderboards(read_results(results)) if board.data.hash == faces.hash]
    if not boards:
        raise OptionError(f"{results}: no record is of the faces in {faces.path}, by the set's hash")
    known = {board.protocol.id for board in boards}
    for protocol in protocols:
        if protocol not in known:
            raise UnknownNameError(f"{results}: there is no record under {protocol!r}; {did_you_mean(protocol, known)}")
    chosen = [board for board in boards if not protocols or board.protocol.id in protocols]
    scores = {name for board in chosen for name in board.scores}
    if score is not None and score not in scores:
        raise UnknownNameError(f"{results}: no record has the score {score!r}; {did_you_mean(score, scores)}")
    grouped = {split: _groups(faces, split) for split in {board.data.split for board in chosen}}
    return [
        _table(board, score or board.scores[0], grouped[board.data.split])
        for board in chosen
        if score is None or score in board.scores
    ]


def _groups(faces: FaceSet, split: str) -> dict[str, tuple[str, ...]]:
    """Return the faces of each group that has any."""
    groups_of = {face: face_groups(faces[face], faces.label_map) for face in faces.ids(split)}
    groups = {ALL: tuple(groups_of)}
    groups |= {group: tuple(face for face, found in groups_of.items() if found.get(group)) for group in GROUPS}
    groups[NONE] = tuple(face for face, found in groups_of.items() if found and not any(found.values()))
    return {group: members for group, members in groups.items() if members}


def _table(board: Leaderboard, score: str, groups: Mapping[str, tuple[str, ...]]) -> GroupTable:
    base = board.baseline if board.baseline and score in board.baseline.scores else None
    scores = {
        (row.label, group): _group_score(row, score, members, None if row is base else base)
        for row in board.rows
        if score in row.scores
        for group, members in groups.items()
    }
    return GroupTable(board, score, groups, scores)


def _group_score(row: Row, score: str, members: Sequence[str], base: Row | None) -> GroupScore:
    ours = _sample(row, score, members)
    gain = None if base is None else estimate_difference(ours, _sample(base, score, members))
    return GroupScore(estimate_mean(ours), gain)


def _sample(row: Row, score: str, members: Sequence[str]) -> Sample:
    """Return a row's sample of these faces alone."""
    whole = row.sample(score)
    chosen = np.isin(sorted(row.record.scores[score].per_image), members)
    return whole._replace(values=whole.values[:, chosen])
