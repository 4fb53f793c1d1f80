"""The settings of a run, and their comparison with those of a resumed run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from priorsr.bounds import MOST
from priorsr.errors import OptionError


@dataclass(frozen=True)
class Settings:
    """The settings given to a run; None for those not given."""

    recipe: str
    preset: str | None = None
    overrides: Mapping[str, Any] | None = None
    steps: int | None = None
    minutes: float | None = None
    seed: int | None = None
    precision: str | None = None
    channels_last: bool | None = None
    validate_every: int | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.minutes is not None:
            raise OptionError(f"both steps = {self.steps} and minutes = {self.minutes} were given; one was expected")
        for name in ("steps", "minutes", "validate_every"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= MOST:
                raise OptionError(f"{name} is {value}; a number above 0, and of at most {MOST}, was expected")
        if self.seed is not None and not 0 <= self.seed < 2**32:  # NumPy's range
            raise OptionError(f"seed is {self.seed}; a number from 0 to {2**32 - 1} was expected")

    def completed(self) -> Settings:
        """Return the settings with defaults for those not given."""
        return replace(
            self,
            overrides=self.overrides or {},
            seed=self.seed or 0,
            precision=self.precision or "auto",
            channels_last=self.channels_last is not False,
        )

    def agreed(self, stored: Mapping[str, Any], where: object) -> Settings:
        """Return the settings that a run was started with; raises OptionError if another value of one is given."""
        for name, value in asdict(self).items():
            if value is not None and value != stored[name]:
                raise OptionError(
                    f"{where}: the run was started with {name} = {stored[name]!r}, and {value!r} is given now; "
                    "leave it out to resume, or start another run in another folder"
                )
        return Settings(**{name: stored[name] for name in SETTINGS})


SETTINGS = tuple(field.name for field in fields(Settings))
