from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from priorsr.errors import OptionError
from priorsr.training import Optimiser, Stage, fraction, steps


def stage(**changes: Any) -> Stage:
    fields: dict[str, Any] = {
        "name": "student",
        "modules": {"student": nn.Linear(1, 1), "teacher": nn.Linear(1, 1), "loss": nn.Identity()},
        "frozen": frozenset({"teacher"}),
        "optimisers": {"student": Optimiser(("student", "loss"))},
        "step": lambda modules, batch, progress: {},
        "length": steps(10),
        "product": "student",
    }
    return Stage(**{**fields, **changes})


def test_a_sound_stage_is_accepted() -> None:
    assert stage().share == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"product": "studnt"}, "product names 'studnt'; did you mean 'student'"),
        ({"frozen": frozenset({"techer"})}, "frozen names 'techer'; did you mean 'teacher'"),
        ({"starts_from": {"pupil": "first"}}, "starts_from names 'pupil'"),
        ({"optimisers": {"adam": Optimiser(("studnet",))}}, "the optimiser 'adam' names 'studnet'"),
        ({"optimisers": {"a": Optimiser(("student", "teacher"))}}, "'teacher' is frozen, but the optimiser 'a' trains"),
        ({"optimisers": {"a": Optimiser(("student",)), "b": Optimiser(("student",))}}, "trained by the optimisers"),
        ({"frozen": frozenset()}, "'teacher' is neither frozen nor trained"),
        ({"optimisers": {"a": Optimiser(("student",)), "b": Optimiser(("loss",))}}, "'b' has no parameters"),
        ({"length": fraction(0.5)}, "steps or epochs were expected"),
        ({"share": 0}, "share 0"),
        ({"ema": 1.0}, "ema = 1.0"),
        ({"ema": 0.9, "product": None}, "ema = 0.9"),
        ({"batch_size": 0}, "batch size 0"),
        ({"name": "a/b"}, "'a/b'"),
    ],
)
def test_a_stage_that_cannot_run_says_why(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        stage(**changes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"modules": "student"},
        {"modules": ()},
        {"kind": "sgd"},
        {"lr": -1.0},
        {"lr": math.nan},
        {"weight_decay": math.inf},
        {"betas": (2.0, 0.9)},
        {"betas": (0.9,)},
        {"clip": 0},
        {"clip": -1.0},
    ],
)
def test_an_optimiser_that_cannot_run_says_why(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="optimiser"):
        Optimiser(**{"modules": ("student",), **wrong})


def test_an_optimiser_is_built_as_declared() -> None:
    weight = nn.Parameter(torch.ones(2))
    built = Optimiser(("x",), "adamw", lr=0.5, betas=(0.8, 0.9), weight_decay=0.3).build([weight])
    assert isinstance(built, torch.optim.AdamW)
    assert built.defaults.items() >= {"lr": 0.5, "betas": (0.8, 0.9), "weight_decay": 0.3, "fused": True}.items()
