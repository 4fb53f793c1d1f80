"""The goals of speed and memory, beside what a run of `benchmarks.gpu` measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.cases.kernels import KernelCase, landmark_heatmap_max, parsing_attention
from benchmarks.cases.systems import inference_case, system_cases
from benchmarks.measure.report import Goal, Row, What

HARDWARE = "H200"
BATCH = 64
COPY_SHARE = 0.9  # of the copy's rate on the same bytes, and so of the ratio of eager's bytes to the fewest
HEATMAP_SPEED, FLEX_SPEED, SDPA_SPEED, SYSTEM_SPEED = 10.0, 1.5, 3.0, 4.0
SAME_MEMORY = 1.05
BOTH: What = "forward and backward"


def goals(rows: Sequence[Row], cases: Sequence[KernelCase], device: str, *, small: bool) -> tuple[Goal, ...]:
    """Return every goal for a GPU: reached or missed on its hardware, otherwise shown with the reason.

    rows: all that were measured. cases: the operations that were to be. device: the GPU's or the CPU's name.
    """
    reason = ""
    if small:
        reason = "a small run, whose times say nothing"
    elif HARDWARE not in device:
        reason = f"it is for an {HARDWARE}, and this is {device}"
    found = _Measured(rows)
    goals = (*_operations(found, cases), *_heatmap_memory(found), *_attention(found), *_systems(found))
    return tuple(judged(goal, reason) for goal in goals)


def judged(goal: Goal, reason: str) -> Goal:
    """Return a goal with its verdict, unless a reason forbids one."""
    if goal.measured is None:
        reason = reason or "it was not measured"
    if reason or goal.measured is None:
        return goal.model_copy(update={"verdict": "not asserted", "reason": reason})
    reached = goal.measured <= goal.wanted if goal.at_most else goal.measured >= goal.wanted
    return goal.model_copy(update={"verdict": "reached" if reached else "missed"})


class _Measured:
    """Rows by what they are of."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows

    def find(self, section: str, case: str, what: What, variant: str) -> Row | None:
        key = (section, case, what, variant, "float32")
        return next((r for r in self.rows if (r.section, r.case, r.what, r.variant, r.dtype) == key), None)

    def faster(self, section: str, case: str, what: What, which: str, than: str) -> float | None:
        """Return how many times faster one variant is than another."""
        mine, other = (self.find(section, case, what, variant) for variant in (which, than))
        if mine is None or other is None or not mine.milliseconds or not other.milliseconds:
            return None
        return other.milliseconds / mine.milliseconds


def _operations(found: _Measured, cases: Sequence[KernelCase]) -> Iterator[Goal]:
    """Return the goals of operations bound by memory: over the copy's rate, eager and torch.compile."""
    for case in cases:
        if case.batch != BATCH:
            continue
        over_eager = found.faster(case.op, case.name, BOTH, "ours", "eager")
        if case.memory_bound:
            ours, eager = (found.find(case.op, case.name, BOTH, variant) for variant in ("ours", "eager"))
            yield _goal(case.name, "share of the copy's rate", COPY_SHARE, ours.of_floor if ours else None)
            if eager is not None and eager.moved_bytes and eager.least_bytes:
                wanted = COPY_SHARE * eager.moved_bytes / eager.least_bytes
                yield _goal(case.name, "times as fast as eager", wanted, over_eager)
            over_compile = found.faster(case.op, case.name, BOTH, "ours", "torch.compile")
            yield _goal(case.name, "times as fast as torch.compile", case.compile_goal, over_compile)
        if case.op.startswith("landmark_heatmap") and case.side == 128:
            yield _goal(case.name, "times as fast as eager", HEATMAP_SPEED, over_eager)


def _heatmap_memory(found: _Measured) -> Iterator[Goal]:
    """Return the goal that the attention map of 194 landmarks takes no more memory than that of 68."""
    few, many = (landmark_heatmap_max(BATCH, 128, landmarks) for landmarks in (68, 194))
    peaks = [row and row.peak_bytes for row in (found.find(case.op, case.name, BOTH, "ours") for case in (few, many))]
    ratio = peaks[1] / peaks[0] if peaks[0] and peaks[1] else None
    yield _goal(few.name, "memory at 194 landmarks over that at 68", SAME_MEMORY, ratio, at_most=True)


def _attention(found: _Measured) -> Iterator[Goal]:
    """4,096 tokens: over its rivals, and what is held for a token as tokens grow from 1,024 to 16,384."""
    op, case = "parsing_attention", parsing_attention(8, 64)
    for rival, wanted in (("flex attention", FLEX_SPEED), ("sdpa, stored bias", SDPA_SPEED)):
        ratio = found.faster(op, case.name, BOTH, "ours", rival)
        yield _goal(case.name, f"times as fast as {rival}", wanted, ratio)
    few, many = (found.find(op, memory_case(side), BOTH, "ours") for side in (32, 128))
    ratio = None
    if few is not None and many is not None and few.peak_bytes and many.peak_bytes:
        ratio = many.peak_bytes / few.peak_bytes / (128 / 32) ** 2
    yield _goal(op, "memory a token at 16,384 over that at 1,024", SAME_MEMORY, ratio, at_most=True)


def memory_case(side: int) -> str:
    """Return the name of a case that is measured for memory alone."""
    return f"memory, {side**2} tokens"


def _systems(found: _Measured) -> Iterator[Goal]:
    """Accelerated against plain, one image and many."""
    for system in system_cases():
        for batch in (1, BATCH):
            case = inference_case(batch)
            ratio = found.faster(system.name, case, "forward", "accelerated", "plain")
            yield _goal(f"{system.name}, {case}", "times as fast, accelerated, as plain", SYSTEM_SPEED, ratio)


def _goal(case: str, goal: str, wanted: float, measured: float | None, *, at_most: bool = False) -> Goal:
    """Without a verdict yet."""
    return Goal(case=case, goal=goal, wanted=wanted, measured=measured, at_most=at_most, verdict="not asserted")
