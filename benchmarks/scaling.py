"""How time and memory grow: with the batch, the pixels, the tokens and the landmarks. python -m benchmarks.scaling

Writes JSON and a picture under benchmarks/results/DEVICE/: plain and ours, forward and backward, side by side.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from benchmarks.cases import kernels
from benchmarks.cases.kernels import KernelCase
from benchmarks.measure.report import device_name
from benchmarks.measure.timing import Clock
from benchmarks.measure.traffic import peak_memory
from benchmarks.sections.kernels import call, fused_backend
from priorsr.bench.running.environment import environment

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Axis:
    """A quantity that grows while all others stay: its name, its values, and the case at each."""

    name: str
    values: tuple[int, ...]
    build: Callable[[int], KernelCase]


@dataclass(frozen=True)
class Point:
    """One measurement, forward and backward."""

    axis: str
    op: str
    value: int
    variant: str
    milliseconds: float
    peak_bytes: int


def axes(device: torch.device, *, small: bool) -> Iterator[Axis]:
    """Return the four axes, shorter on a CPU and shortest in a small run."""
    many = device.type == "cuda"

    def upto(values: Sequence[int], on_cpu: int) -> tuple[int, ...]:
        return tuple(values[: 2 if small else len(values) if many else on_cpu])

    for build in (kernels.channel_gate, kernels.landmark_fusion):
        yield Axis("batch, at 32 px", upto((1, 4, 16, 64, 256), 4), partial(_at, build, side=32))
        yield Axis("pixels a side, batch 2", upto((16, 32, 64, 128, 256), 4), partial(build, 2))
    yield Axis(
        "tokens, batch 1",
        tuple(side**2 for side in upto((16, 32, 64, 128), 3)),
        lambda tokens: kernels.parsing_attention(1, round(tokens**0.5)),
    )
    yield Axis(
        "landmarks, at 64 px, batch 4",
        upto((5, 17, 68, 194, 388), 5),
        lambda landmarks: kernels.landmark_heatmap_max(4, 64, landmarks),
    )


def _at(build: Callable[[int, int], KernelCase], batch: int, *, side: int) -> KernelCase:
    return build(batch, side)


def measure(device: torch.device, *, small: bool) -> Iterator[Point]:
    """Measure every point of every axis, plain and ours in turn."""
    clock = Clock(device, queued=True)
    for axis in axes(device, small=small):
        for value in axis.values:
            case = axis.build(value)
            inputs = case.inputs(device)
            ours = partial(case.fused, backend=fused_backend(device))
            runs = {name: call(op, inputs, backward=True) for name, op in (("plain", case.plain), ("ours", ours))}
            held = {name: peak_memory(run, device) for name, run in runs.items()}
            for name, timing in clock.compare(runs, seconds=0.02 if small else 0.5).items():
                yield Point(axis.name, case.op, value, name, timing.median, held[name])


def draw(points: Sequence[Point], path: Path, title: str) -> None:
    """Draw a panel for each axis and operation: time above, memory below, both logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import LogLocator

    panels = list(dict.fromkeys((point.op, point.axis) for point in points))
    figure, grid = pyplot.subplots(
        2, len(panels), figsize=(3.1 * len(panels), 5.6), sharex="col", squeeze=False, layout="constrained"
    )
    for column, (op, axis) in enumerate(panels):
        for variant, style in (("plain", "o--"), ("ours", "o-")):
            mine = [p for p in points if (p.op, p.axis, p.variant) == (op, axis, variant)]
            values = [p.value for p in mine]
            grid[0][column].loglog(values, [p.milliseconds for p in mine], style, label=variant, markersize=4)
            grid[1][column].loglog(values, [p.peak_bytes / 1e6 for p in mine], style, label=variant, markersize=4)
        for cell in grid[:, column]:
            cell.set_xticks(values, [f"{value:,}" for value in values], fontsize=8)
            cell.minorticks_off()
            cell.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            cell.yaxis.set_major_formatter("{x:g}")
        grid[0][column].set_title(op, fontsize=10)
        grid[1][column].set_xlabel(axis)
    grid[0][0].set_ylabel("ms, forward and backward")
    grid[1][0].set_ylabel("MB held at most")
    grid[0][0].legend()
    figure.suptitle(title)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--small", action="store_true", help="only see that everything runs")
    parser.add_argument("--out", type=Path, help="a folder (default: benchmarks/results/DEVICE)")
    options = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    where = environment(device)
    folder: Path = options.out or RESULTS / device_name(where)
    folder.mkdir(parents=True, exist_ok=True)
    points = list(measure(device, small=options.small))
    content = {"format": 1, "environment": where.model_dump(mode="json"), "points": [asdict(p) for p in points]}
    (folder / "scaling.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draw(points, folder / "scaling.png", f"{where.gpu or where.cpu}, threads: {where.threads}, float32")
    print(folder / "scaling.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
