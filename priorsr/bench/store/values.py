"""The types of fields that records and other files of a benchmark have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Count = Annotated[int, Field(ge=0)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s\"'<>\\]+$", max_length=2000)]
Links = dict[Literal["paper", "code"], Url]


class RecordPart(BaseModel):
    """A part of a file that a benchmark writes: its types are strict, and no other field is allowed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
