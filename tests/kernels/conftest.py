"""Kernels run in Triton's interpreter (see the conftest above), on poisoned memory, held to one table of tolerances."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from priorsr.bench.running.profile import LiveMemory

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for `import interpreter`
import interpreter  # noqa: E402

TOLERANCES = {torch.float32: 5e-6, torch.float16: 2e-3, torch.bfloat16: 1.5e-2}
"""|found - exact| / |exact| (2-norms), at most, by the dtype of what was found; exact is in float64."""


if interpreter.remedy() == "triton":
    collect_ignore_glob = ["*_kernels.py"]  # they import it


@pytest.hookimpl(trylast=True)  # when deselected tests are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fail the first test that needs the interpreter, and skip the others, where it runs no kernel: no run passes then.

    These tests are every module of kernels, and tests of either form in others.
    """
    trouble = interpreter.trouble()
    if trouble is None:
        return
    interpreted = [
        item
        for item in items
        if item.path.parent == HERE and (item.path.name.endswith("_kernels.py") or item.name.endswith("[triton]"))
    ]
    for item in interpreted[:1]:
        item.runtest = partial(pytest.fail, trouble, pytrace=False)
    for item in interpreted[1:]:
        item.add_marker(pytest.mark.skip(reason=trouble))


@pytest.fixture
def agree() -> Callable[[Tensor, Tensor], None]:
    """Fail unless what a kernel found is what the reference says in float64."""

    def check(found: Tensor, exact: Tensor) -> None:
        assert exact.dtype == torch.float64
        assert found.shape == exact.shape
        error = torch.linalg.vector_norm(found.double() - exact)
        rounding = 4 * torch.finfo(torch.float32).eps * exact.numel() ** 0.5  # is left of terms that cancel each other
        assert error <= TOLERANCES[found.dtype] * torch.linalg.vector_norm(exact) + rounding  # NaN never passes

    return check


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    """Memory that nothing has written holds NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.use_deterministic_algorithms(False)


class Unlaunched:
    """In the place of a kernel: launches nothing."""

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
        return lambda *_, **__: None


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """held(kernels, launch): the most bytes alive at once in `launch`, which makes its inputs and launches kernels."""

    def measure(kernels: ModuleType, launch: Callable[[], object]) -> int:
        for name in dir(kernels):
            if name.endswith("_kernel"):
                monkeypatch.setattr(kernels, name, Unlaunched())
        with FakeTensorMode(), LiveMemory() as live:
            launch()
        return live.peak

    return measure
