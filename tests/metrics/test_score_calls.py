"""Scores are anybody's code: whatever one does wrong is a sentence that names it, the face and what it returned."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from priorsr.errors import PriorsrError, ShapeError
from priorsr.metrics import Reduction, call_score
from priorsr.metrics.score_calls import SetScoring

IDS = ("ann", "bob", "cleo")
FACES = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
REDUCTION = Reduction(16, 8, "pil-bicubic", True)


class Given:
    """A score that does what a function does."""

    needs = ("ids", "lr")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, sr: Tensor, hr: Tensor, ids: tuple[str, ...], lr: Tensor) -> Any:
        assert len(sr) == len(hr) == len(ids) == len(lr)
        return self._function(sr, ids)


def asked(function: Callable[..., Any]) -> list[float]:
    found = call_score(
        Given(function), FACES, FACES, lr=FACES[..., :2, :2], reduction=REDUCTION, ids=IDS, shared={}, name="beauty"
    )
    return found.tolist()


def test_numbers_and_infinity_pass_as_they_are() -> None:
    assert asked(lambda _sr, _ids: torch.tensor([1.5, math.inf, -math.inf])) == [1.5, math.inf, -math.inf]
    assert asked(lambda _sr, _ids: torch.tensor([1, 2, 3])) == [1, 2, 3]
    assert asked(lambda _sr, _ids: torch.ones(3, requires_grad=True)) == [1, 1, 1]


WANTED = r"a tensor of one number a face, \(3,\), was expected"


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda _sr, _ids: 0.5, f"returns 0.5 for the faces 'ann' to 'cleo'; {WANTED}"),
        (lambda _sr, _ids: None, f"returns None for the faces 'ann' to 'cleo'; {WANTED}"),
        (lambda sr, _ids: sr.mean(), rf"returns float32 of shape \(\) for the faces 'ann' to 'cleo'; {WANTED}"),
        (lambda sr, _ids: sr.mean((2, 3)), rf"returns float32 of shape \(3, 3\) .*{WANTED}"),
        (lambda sr, _ids: sr.mean((1, 2, 3))[:2], rf"returns float32 of shape \(2,\) .*{WANTED}"),
        (lambda _sr, _ids: torch.ones(3) * 1j, rf"returns complex64 of shape \(3,\) .*{WANTED}"),
        (
            lambda _sr, ids: torch.tensor([math.nan if face == "bob" else 1.0 for face in ids]),
            "is NaN for the face 'bob'; a number or infinity was expected",
        ),
    ],
)
def test_what_is_no_number_for_each_face_is_told(function: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(PriorsrError, match=f"the score 'beauty' {sentence}"):
        asked(function)


def raises(error: Exception, *when: object) -> Callable[..., Any]:
    """Raise in calls that have one of these among their faces' names, or are of so many faces."""

    def function(sr: Tensor, ids: tuple[str, ...]) -> Tensor:
        if any(case in ids or case == len(ids) for case in when):
            raise error
        return sr.mean((1, 2, 3))

    return function


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (raises(ValueError("no nose"), "bob", "cleo"), r"raises ValueError \(no nose\) for the face 'bob'"),
        (raises(KeyError("x"), "cleo"), r"raises KeyError \('x'\) for the face 'cleo'"),
        (raises(RuntimeError("a\n  long\nstory"), "ann"), r"raises RuntimeError \(a long story\) for the face 'ann'"),
        (raises(AssertionError(), "ann"), "raises AssertionError for the face 'ann'"),
        (raises(MemoryError(), 3), "raises MemoryError for the faces 'ann' to 'cleo' at once, and for none of them"),
    ],
)
def test_whatever_a_score_raises_names_the_face(function: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(PriorsrError, match=f"the score 'beauty' {sentence}"):
        asked(function)


def test_a_sentence_for_users_passes_as_it_is() -> None:
    with pytest.raises(ShapeError, match="^too small$"):
        asked(raises(ShapeError("too small"), "ann"))


class Total:
    """A score of sets; `where` says which of its methods is wrong, and how."""

    def __init__(self, where: str = "", does: Any = None) -> None:
        self._where, self._does, self.count = where, does, 0

    def start(self) -> Total:
        return self._do("start", self)

    def add(self, sr: Tensor, hr: Tensor) -> None:
        self._do("add", None)
        self.count += len(sr)

    def value(self) -> Any:
        return self._do("value", self.count)

    def warning(self) -> str | None:
        return self._do("warning", "few")

    def _do(self, what: str, right: Any) -> Any:
        if what != self._where:
            return right
        if isinstance(self._does, Exception):
            raise self._does
        return self._does


def seen(score: Total) -> tuple[float, str | None]:
    scoring = SetScoring("total", score)
    scoring.add(FACES, FACES, IDS)
    return scoring.value(), scoring.warning()


@pytest.mark.parametrize("value", [math.inf, 3, torch.tensor(3.0)])
def test_a_sets_number_passes(value: Any) -> None:
    assert seen(Total("value", value)) == (float(value), "few")


@pytest.mark.parametrize(
    ("where", "does", "sentence"),
    [
        ("start", RuntimeError("cold"), r"raises RuntimeError \(cold\) at its start"),
        ("add", ValueError("no nose"), r"raises ValueError \(no nose\) for the faces 'ann' to 'cleo'"),
        (
            "value",
            ZeroDivisionError("division by zero"),
            r"raises ZeroDivisionError \(division by zero\) for its value",
        ),
        ("value", math.nan, "is NaN for the set; a number or infinity was expected"),
        ("value", torch.ones(3), "raises (ValueError|RuntimeError) .* for its value"),
        ("value", None, "raises TypeError .* for its value"),
        ("warning", KeyError("x"), r"raises KeyError \('x'\) for its warning"),
    ],
)
def test_whatever_a_score_of_sets_does_wrong_is_told(where: str, does: Any, sentence: str) -> None:
    with pytest.raises(PriorsrError, match=f"the score 'total' {sentence}"):
        seen(Total(where, does))
