"""The context of a section of `benchmarks.gpu`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch

from benchmarks.measure.report import Row, What
from benchmarks.measure.timing import Clock, Run
from benchmarks.measure.traffic import peak_memory

SECONDS = 0.4  # for the timings of one comparison
FASTER = {"float32": "tf32"}


@dataclass
class Context:
    """A device, the time that is left on it, and what it can do at best.

    small: only to see that everything runs. deadline: `time.monotonic()` at which to be done. queued: see `Clock`.
    copy_rate: bytes a second, those read and those written. product_rates: operations a second in matrix products, by
    dtype.
    """

    device: torch.device
    small: bool
    deadline: float
    queued: bool = False
    copy_rate: float | None = None
    product_rates: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = Clock(self.device, queued=self.queued)

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def product_time(self, flops: int, dtype: str) -> float | None:
        """Milliseconds that so many operations take at least, by the fastest unit that takes numbers of this dtype."""
        rate = max((self.product_rates.get(name, 0.0) for name in {dtype, FASTER.get(dtype, dtype)}), default=0.0)
        return 1000 * flops / rate if flops and rate else None

    def learn(self, row: Row) -> None:
        """Take over a ceiling that was measured."""
        seconds = (row.milliseconds or 0) / 1000
        if seconds and row.what == "copy" and row.least_bytes:
            self.copy_rate = row.least_bytes / seconds
        if seconds and row.what == "product" and row.least_flops:
            self.product_rates[row.dtype] = row.least_flops / seconds

    def measured(
        self,
        runs: Mapping[str, Run],
        *,
        section: str,
        case: str,
        what: What,
        dtype: str = "float32",
        memory: bool = True,
    ) -> Iterator[Row]:
        """Return a row for each of the calls, timed in turn; one that fails gets the reason as its note.

        A failure is reported, and does not end the others: a rival may lack the memory for its N x N bias.
        """
        working: dict[str, Run] = {}
        held: dict[str, int | None] = {}
        for variant, run in runs.items():
            try:
                run()  # compiles what is compiled
                held[variant] = peak_memory(run, self.device) if memory else None
                working[variant] = run
            except Exception as error:
                yield Row(section=section, case=case, variant=variant, what=what, dtype=dtype, note=failure(error))
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
        for variant, timing in self.clock.compare(working, seconds=0.02 if self.small else SECONDS).items():
            yield Row(
                section=section,
                case=case,
                variant=variant,
                what=what,
                dtype=dtype,
                milliseconds=timing.median,
                quartiles=(timing.low, timing.high),
                runs=timing.runs,
                peak_bytes=held[variant],
            )


def failure(error: Exception) -> str:
    """Return the note of a row for a variant that failed."""
    return f"failed: {type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
