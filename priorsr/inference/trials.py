"""Trials of candidates: each is made, checked on faces, and timed; the fastest that passes is taken."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from torch import nn
from torch.utils._pytree import tree_structure, tree_unflatten

from priorsr.containers import SROutput
from priorsr.errors import OptionError
from priorsr.inference.accelerated import Accelerated
from priorsr.inference.acceleration_report import AccelerationReport, PsnrChange, Timing
from priorsr.inference.calls import tensors_of
from priorsr.inference.candidates import Candidate
from priorsr.inference.engines.inductor import Inductor
from priorsr.inference.engines.int8 import Excess, QuantisedOpenVINO
from priorsr.inference.engines.openvino import OpenVINO
from priorsr.inference.engines.program import Engine, Program
from priorsr.inference.form import Form, Shaped
from priorsr.inference.trial_faces import Check
from priorsr.sources import Component

ROUNDS = 5  # of timing, in turn, of which the best counts, as the one that was disturbed least


class PsnrBounds(NamedTuple):
    """Limits in dB to a change of the PSNR. mean: of the faces' mean. face: of any face."""

    mean: float
    face: float

    @classmethod
    def check(cls, bounds: Sequence[float]) -> Self:
        """Return bounds from two numbers; raises OptionError for anything else."""
        if len(bounds) != 2 or not all(bound > 0 for bound in bounds):
            raise OptionError(f"accelerate: bounds is {bounds!r}; two numbers of dB above 0 were expected")
        return cls(*bounds)

    def excess(self, change: PsnrChange) -> float:
        """Return the larger share of a bound that a change takes: above 1, it is too large. NaN for a NaN change."""
        return float(np.max([change.mean / self.mean, change.most / self.face]))

    def __str__(self) -> str:
        return f"at most {self.mean} dB on average and {self.face} dB for a face were expected"


BOUNDS: dict[str, PsnrBounds] = {
    "auto": PsnrBounds(0.01, 0.05),
    "float32": PsnrBounds(0.01, 0.05),
    "bf16": PsnrBounds(0.01, 0.05),
    "int8": PsnrBounds(0.03, 0.15),
}


class Trials:
    """The trials of a model's candidates.

    check: the model on the faces. network: its folded form. report: what was done and refused before. strict: whether
    a candidate that cannot be compiled raises BackendError. say: called with a sentence before what takes long.
    """

    def __init__(
        self,
        check: Check,
        network: nn.Module,
        bounds: PsnrBounds,
        report: AccelerationReport,
        components: Iterable[Component],
        *,
        strict: bool,
        say: Callable[[str], None],
    ) -> None:
        self._check, self._network, self._bounds = check, network, bounds
        self._report, self._components = report, tuple(components)
        self._strict, self._say = strict, say
        self._refused: list[str] = []

    def fastest(self, candidates: Sequence[Candidate]) -> Accelerated | None:
        """Return the fastest of the candidates that pass the check, or None; `refusal` is the reason for the others.

        Inductor, which compiles for minutes, is tried in the precision that is the fastest without compiling.
        """
        quick = [candidate for candidate in candidates if candidate.engine != "inductor"]
        passed = self._passing(quick)
        slow = [candidate for candidate in candidates if candidate.engine == "inductor"]
        if len(slow) > 1:
            plain = [form for form in passed if form.report.engine == "eager"]
            plain = plain or self._passing([Candidate("eager", candidate.precision) for candidate in slow])
            best = self._by_time(plain)[0][1].precision if plain else slow[0].precision
            slow = [candidate for candidate in slow if candidate.precision == best]
        passed += self._passing(slow)
        if not passed:
            return None
        timed = self._by_time(passed) if len(passed) > 1 else [(0.0, passed[0])]
        timings = tuple(Timing(form.report.engine, form.report.precision, 1000 * time) for time, form in timed)
        found = timed[0][1]
        refused = (*self._report.refused, *dict.fromkeys(self._refused))
        found.report = replace(found.report, refused=refused, timings=timings if len(passed) > 1 else ())
        return found

    def unchecked(self) -> Accelerated:
        """Return the folded model in float32, eager, whatever the check finds."""
        found = self._make(Candidate("eager", "float32"))
        refused = (*self._report.refused, *dict.fromkeys(self._refused))
        found.report = replace(found.report, refused=refused, psnr_change=self._check.change(found))
        return found

    @property
    def refusal(self) -> str:
        """Return the last reason for which a candidate was refused."""
        return self._refused[-1]

    def _passing(self, candidates: Iterable[Candidate]) -> list[Accelerated]:
        return [form for form in map(self._checked, candidates) if form is not None]

    def _checked(self, candidate: Candidate) -> Accelerated | None:
        """Return a candidate's form if it is within the bounds; else note why not."""
        found = self._make(candidate)
        change = self._check.change(found)
        if candidate.engine != "eager" and not found.has_programs:
            self._refused += found.report.refused[len(self._report.refused) :]
            return None
        if not self._bounds.excess(change) < 1:  # nor for NaN
            self._refused.append(f"{candidate}: {change}; {self._bounds}")
            return None
        found.report = replace(found.report, psnr_change=change)
        return found

    def _make(self, candidate: Candidate) -> Accelerated:
        in_bf16 = candidate.precision == "bf16" and candidate.engine != "openvino"  # which casts by itself
        form = Form(copy.deepcopy(self._network), "bf16" if in_bf16 else "float32")
        quantised = candidate.precision == "int8"
        return Accelerated(
            self._check.model,
            form,
            replace(self._report, precision=candidate.precision, engine=candidate.engine),
            self._components,
            engine=self._engine(candidate, form),
            group=self._check.batch_size if quantised else None,
            must_compile=self._strict or quantised,
            say=self._say,
        )

    def _engine(self, candidate: Candidate, form: Form) -> Engine | None:
        if candidate.engine == "eager":
            return None
        if candidate.engine == "inductor":
            return Inductor()
        if candidate.precision != "int8":
            return OpenVINO(candidate.precision)
        return QuantisedOpenVINO([tensors_of(call) for call in self._check.calls], self._excess(form))

    def _excess(self, form: Form) -> Excess:
        """Return the measure by which quantising is controlled: the share of the bounds that a program takes."""
        first = self._check.calls[0]
        structure = tree_structure(Shaped(form, first).result(tensors_of(first)))

        def run(program: Program, *args: Any) -> SROutput:
            result: SROutput = tree_unflatten(list(program(tensors_of((args, {})))), structure)
            return result

        return lambda program: self._bounds.excess(self._check.change(partial(run, program)))

    def _by_time(self, forms: Sequence[Accelerated]) -> list[tuple[float, Accelerated]]:
        """Return the forms with the best of their times on the first batch, fastest first."""
        rounds = [[self._check.seconds(form) for form in forms] for _ in range(ROUNDS)]
        best = [min(times) for times in zip(*rounds, strict=True)]
        return sorted(zip(best, forms, strict=True), key=lambda timed: timed[0])
