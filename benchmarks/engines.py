"""Engines of inference on a CPU beside what a user would take by hand. python -m benchmarks.engines

Compares, in one run, our plain eager networks, `priorsr.accelerate` by every engine and precision, and the rivals: ONNX
Runtime and OpenVINO, given the export of `priorsr export`, as their documentation shows. Writes JSON and a table under
benchmarks/results/DEVICE/.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.cases.systems import SystemCase, images, inference_case, system_cases
from benchmarks.measure.report import device_name
from benchmarks.measure.timing import Clock, Run
from benchmarks.sections.systems import inference
from priorsr import load
from priorsr.bench.running.environment import environment
from priorsr.containers import Batch
from priorsr.inference import accelerate
from priorsr.inference.engines.openvino import core
from priorsr.inference.exporting.export import export
from priorsr.inference.trial_faces import synthetic_faces
from priorsr.registry import names, weights_offers

RESULTS = Path(__file__).parent / "results"
ANY_CHANGE = (1e3, 1e3)  # dB: the PSNR of random weights means nothing
CALIBRATION = 8  # faces, of drawn ones
OURS: Mapping[str, dict[str, Any]] = {
    "eager float32": {"engine": "eager", "precision": "float32"},
    "eager bf16": {"engine": "eager", "precision": "bf16"},
    "openvino float32": {"engine": "openvino", "precision": "float32"},
    "openvino bf16": {"engine": "openvino", "precision": "bf16"},
    "openvino int8": {"engine": "openvino", "precision": "int8"},
}


@dataclass(frozen=True)
class EngineRow:
    """One variant of a network. Where it cannot run, times are None and a note holds the reason.

    milliseconds, low, high: of a call, the median and the quartiles. prepared: seconds that making it took.
    """

    network: str
    case: str
    variant: str
    milliseconds: float | None = None
    low: float | None = None
    high: float | None = None
    prepared: float | None = None
    note: str = ""


def networks() -> Mapping[str, Callable[[], nn.Module]]:
    """Return what makes each network: the four at their papers' sizes with random weights, then the shipped ones."""
    found: dict[str, Callable[[], nn.Module]] = {}
    for case in system_cases():
        found[f"{case.name}, paper"] = partial(_ours_of, case)
    for offer in weights_offers():
        if offer.name in names("model"):  # no estimator's
            found[f"{offer.name}, shipped"] = partial(load, offer.name)
    return found


def _ours_of(case: SystemCase) -> nn.Module:
    return case.pair()[1]


def compare(name: str, model: nn.Module, batch: int, seconds: float) -> Iterator[EngineRow]:
    """Yield the rows of a network for a number of images."""
    lr = images(batch)
    runs: dict[str, Run] = {"plain": inference(lambda lr: model(lr).sr, lr)}
    prepared: dict[str, float] = {"plain": 0.0}
    notes: dict[str, str] = {}
    for variant, make in (*_ours(model, lr), *_rivals(model, lr)):
        began = time.perf_counter()
        try:
            runs[variant] = make()
        except Exception as error:  # whatever an engine raises is the row's note
            notes[variant] = f"{type(error).__name__}: {error}".partition("\n")[0]
            continue
        prepared[variant] = time.perf_counter() - began
    timings = Clock(torch.device("cpu")).compare(runs, seconds=seconds)
    case = inference_case(batch)
    for variant, timing in timings.items():
        yield EngineRow(name, case, variant, timing.median, timing.low, timing.high, prepared[variant])
    for variant, note in notes.items():
        yield EngineRow(name, case, variant, note=note)


def _ours(model: nn.Module, lr: Tensor) -> Iterator[tuple[str, Callable[[], Run]]]:
    drawn = synthetic_faces(model, CALIBRATION if len(lr) == 1 else len(lr))
    for variant, options in OURS.items():
        yield variant, partial(_accelerated, model, drawn, lr, options)


def _accelerated(model: nn.Module, drawn: Batch, lr: Tensor, options: dict[str, Any]) -> Run:
    fast = accelerate(model, drawn, batch_size=len(lr), bounds=ANY_CHANGE, show=False, **options)
    return lambda: fast(lr)


def _rivals(model: nn.Module, lr: Tensor) -> Iterator[tuple[str, Callable[[], Run]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = export(copy.deepcopy(model), Path(folder) / "model.onnx").path
        content = path.read_bytes()
    yield "ONNX Runtime by hand", partial(_onnx_runtime, content, lr)
    for precision in ("f32", "bf16"):
        yield f"OpenVINO {precision} by hand", partial(_openvino, content, lr, precision)


def _onnx_runtime(content: bytes, lr: Tensor) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: lr.numpy()}
    return lambda: session.run(None, given)


def _openvino(content: bytes, lr: Tensor, precision: str) -> Run:
    model = core().read_model(model=content)
    model.reshape(list(lr.shape))
    properties = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core().compile_model(model, "CPU", properties).create_infer_request()
    given = lr.numpy()
    return lambda: request.infer([given])


def table(rows: Sequence[EngineRow]) -> str:
    """Return the rows as a Markdown table: for each network and case, milliseconds and times as fast as plain."""
    variants = list(dict.fromkeys(row.variant for row in rows))
    lines = ["| | " + " | ".join(variants) + " |", "|---|" + "---:|" * len(variants)]
    for network, case in dict.fromkeys((row.network, row.case) for row in rows):
        found = {row.variant: row for row in rows if (row.network, row.case) == (network, case)}
        plain = found["plain"].milliseconds
        cells = [_cell(found.get(variant), plain) for variant in variants]
        lines.append(f"| {network}, {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(row: EngineRow | None, plain: float | None) -> str:
    if row is None or row.milliseconds is None or plain is None:
        return ""
    return f"{row.milliseconds:.1f} ms ({plain / row.milliseconds:.1f} x)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison, and write engines.json and engines.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder to write into; by default benchmarks/results/DEVICE")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16], help="numbers of images at once")
    parser.add_argument("--network", nargs="+", default=[], help="only those whose names begin so, such as pkdn")
    parser.add_argument("--seconds", type=float, default=10.0, help="time for one comparison, after preparing")
    options = parser.parse_args(arguments)
    rows: list[EngineRow] = []
    for name, make in networks().items():
        if options.network and not name.startswith(tuple(options.network)):
            continue
        model = make()
        for batch in options.batch:
            print(f"{name}, batch {batch}", file=sys.stderr)
            rows += compare(name, model.eval(), batch, options.seconds)
    machine = environment(torch.device("cpu"))
    out = options.out or RESULTS / device_name(machine)
    out.mkdir(parents=True, exist_ok=True)
    facts = {"environment": machine.model_dump(), "rows": [asdict(row) for row in rows]}
    (out / "engines.json").write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (out / "engines.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
