"""Labels of rows: the common part of their records' labels, made unique."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import takewhile

_SEED_AT_THE_END = re.compile(r"([-_., ]+(seed|s)?|seed)[-_. ]*[0-9]*$", re.IGNORECASE)


def common_label(labels: Sequence[str], name: str) -> str:
    """Return the common part of the labels of a method's runs, without the seed at its end; or the model's name."""
    if len(set(labels)) == 1:
        return labels[0]
    return _SEED_AT_THE_END.sub("", _shared_start(labels)) or name


def unique_labels(labels: Sequence[str], facts: Sequence[tuple[str, ...]]) -> list[str]:
    """Return unique labels: a label of several things gets the facts that distinguish them, in brackets.

    facts: the facts behind each label, of the same kinds for all, best known first. A label gets as few kinds as
    distinguish all its things.
    """
    meanings: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for label, own in zip(labels, facts, strict=True):
        meanings[label].add(own)
    telling = {label: _telling(found) for label, found in meanings.items()}
    shown = (", ".join(own[kind] for kind in telling[label]) for label, own in zip(labels, facts, strict=True))
    return [f"{label} ({words})" if words else label for label, words in zip(labels, shown, strict=True)]


def _telling(meanings: Collection[tuple[str, ...]]) -> list[int]:
    """Return the fewest first kinds of facts that together differ for each thing."""
    chosen: list[int] = []
    different = 1
    for kind in range(len(next(iter(meanings)))):
        more = len({tuple(own[place] for place in (*chosen, kind)) for own in meanings})
        if more > different:
            chosen.append(kind)
            different = more
    return chosen


def _shared_start(texts: Sequence[str]) -> str:
    columns = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in columns)
