"""Kernels run in Triton's interpreter (see the conftest above), on poisoned memory, held to one table of tolerances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
import torch
from packaging.version import Version
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from priorsr.bench.running.profile import LiveMemory

TOLERANCES = {torch.float32: 5e-6, torch.float16: 2e-3, torch.bfloat16: 1.5e-2}
"""|found - exact| / |exact| (2-norms), at most, by the dtype of what was found; exact is in float64."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the interpreter where it is broken: older ones read numbers in a way that NumPy 2.4 took away.

    That is every module of kernels, and tests of either form in others.
    """
    try:
        triton, numpy = (Version(metadata.version(name)) for name in ("triton", "numpy"))
    except metadata.PackageNotFoundError:  # no Triton
        return
    if triton < Version("3.9") and numpy >= Version("2.4"):
        reason = f"the interpreter of Triton {triton} does not run with NumPy {numpy}; install numpy<2.4"
        for item in items:
            of_kernels = item.path.name.endswith("_kernels.py") or item.name.endswith("[triton]")
            if of_kernels and item.path.parent == Path(__file__).parent:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def agree() -> Callable[[Tensor, Tensor], None]:
    """Fail unless what a kernel found is what the reference says in float64."""

    def check(found: Tensor, exact: Tensor) -> None:
        assert exact.dtype == torch.float64
        assert found.shape == exact.shape
        error = torch.linalg.vector_norm(found.double() - exact)
        assert error <= TOLERANCES[found.dtype] * torch.linalg.vector_norm(exact)  # NaN never passes

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
