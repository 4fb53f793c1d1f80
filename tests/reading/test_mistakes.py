"""What pydantic finds wrong is told in words."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError, field_validator, model_validator

from priorsr.reading.mistakes import first_mistake


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"size": "wide", "part": {"name": "a"}}, "size is 'wide': input should be a valid integer"),
        ({"part": {"name": "a"}}, "size: field required"),
        ({"size": 1, "part": {"name": "B" * 99}}, f"part.name is '{'B' * 79}: ten Bs are too many"),
        ({"size": 1, "part": {"name": "a", "odd": [2]}}, r"part.odd is \[2\]: extra inputs are not permitted"),
        ({"size": 7, "part": {"name": "a"}}, "the note: 7 is never right"),
        ([], r"the note is \[\]: input should be a valid dictionary"),
    ],
)
def test_pydantics_first_error_is_told_in_words(content: object, told: str) -> None:
    class Part(BaseModel, extra="forbid"):
        name: str

        @field_validator("name")
        @classmethod
        def _short(cls, name: str) -> str:
            if len(name) > 9:
                raise ValueError("Ten Bs are too many")
            return name

    class Note(BaseModel):
        size: int
        part: Part

        @model_validator(mode="after")
        def _right(self) -> Note:
            if self.size == 7:
                raise ValueError("7 is never right")
            return self

    with pytest.raises(ValidationError) as raised:
        Note.model_validate(content)
    assert re.match(told, first_mistake(raised.value, "the note"))


def test_leading_parts_that_are_not_the_files_are_left_out() -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(list[int]).validate_python(["x"])
    assert first_mistake(raised.value, "the line", skip=1).startswith("the line is 'x': ")
