"""The goals of speed, as ratios within this run: `python -m pytest benchmarks/test_goals.py -rs -s`.

Asserted on the hardware that they are for. Elsewhere what was measured is printed, and the reason why nothing is
asserted.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import gpu
from benchmarks.cases.systems import SystemCase, images, system_cases
from benchmarks.measure.report import read
from benchmarks.measure.timing import Clock
from benchmarks.sections.systems import inference, our_step, plain_step
from priorsr.inference import accelerate

SECONDS = 15.0  # for one comparison
FASTER_THAN_PLAIN = {"kdfsrnet": 5.0, "pfsr": 5.0, "dic": 8.0, "pkdn": 4.0}
SHARE_OF_CONVOLUTION = {"kdfsrnet": 0.75, "pfsr": 0.75}
TRAINING_STEP = 2.5
CONVOLUTION = ((1, 64, 128, 128), (64, 64, 3, 3))  # image and weight
CPU = Clock(torch.device("cpu"))


def has_amx() -> bool:
    """Whether the CPU multiplies matrices of bf16 by AMX."""
    try:
        return {"amx_tile", "amx_bf16"} <= set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        return False


def hold(what: str, measured: float, wanted: float) -> None:
    """Print a ratio, and assert it where the CPU has AMX."""
    print(f"\n{what}: {measured:.2f}, goal {wanted:.2f}")
    if not has_amx():
        pytest.skip(f"{what}: {measured:.2f}; goal {wanted:.2f} not asserted here, because the CPU has no AMX")
    assert measured >= wanted


@cache
def timings(case: SystemCase) -> dict[str, float]:
    """Milliseconds of one image, plain and accelerated, and of the convolution of 64 channels at 128 px in bf16."""
    network, ours = case.pair()
    lr, fast = images(1), accelerate(ours)
    x, weight = (torch.rand(shape).bfloat16().to(memory_format=torch.channels_last) for shape in CONVOLUTION)
    with torch.inference_mode():
        runs = {
            "plain": inference(network, lr),
            "accelerated": lambda: fast(lr),
            "convolution": lambda: F.conv2d(x, weight, padding=1),
        }
        return {name: timing.median for name, timing in CPU.compare(runs, seconds=SECONDS).items()}


@pytest.mark.parametrize("case", system_cases(), ids=lambda case: case.name)
def test_accelerated_on_two_cores(case: SystemCase) -> None:
    found = timings(case)
    ratio = found["plain"] / found["accelerated"]
    hold(f"{case.name}, one image, accelerated over plain", ratio, FASTER_THAN_PLAIN[case.name])


@pytest.mark.parametrize("name", SHARE_OF_CONVOLUTION)
def test_share_of_the_convolutions_rate(name: str) -> None:
    case = next(case for case in system_cases() if case.name == name)
    found = timings(case)
    with FlopCounterMode(display=False) as flops, torch.inference_mode():
        case.build()(images(1))
    rate = 2 * 9 * 64 * 64 * 128**2 / found["convolution"]
    share = flops.get_total_flops() / found["accelerated"] / rate
    hold(f"{name}, one image, share of the convolution's rate", share, SHARE_OF_CONVOLUTION[name])


def test_a_training_step_on_two_cores() -> None:
    case = next(case for case in system_cases() if case.name == "kdfsrnet")
    network, ours = (module.train() for module in case.pair())
    lr, hr = images(4), images(4, 128)
    found = CPU.compare({"plain": plain_step(network, lr, hr), "ours": our_step(ours, lr, hr)}, seconds=2 * SECONDS)
    ratio = found["plain"].median / found["ours"].median
    hold("kdfsrnet, training step of 4, ours over plain", ratio, TRAINING_STEP)


def test_on_a_gpu(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("the goals for a GPU are not asserted here, because there is none")
    assert gpu.main(["--out", str(tmp_path)]) == 0
    missed = [goal for goal in read(tmp_path / "gpu.json").goals if goal.verdict == "missed"]
    assert not missed
