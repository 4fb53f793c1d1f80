from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch._dynamo.backends.debugging import aot_eager

from priorsr.errors import BackendError, OptionError
from priorsr.kernels import dispatch, landmark_fusion, use_backend
from priorsr.kernels.dispatch import explain, recorded, takes_triton

CPU = torch.device("cpu")
ON_CPU = torch.zeros(1)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(dispatch.VARIABLE, raising=False)
    monkeypatch.setattr(dispatch, "_told", set())


def on_gpu(dtype: torch.dtype = torch.float32) -> SimpleNamespace:
    """As much of a tensor on a GPU as the choice looks at."""
    return SimpleNamespace(device=torch.device("cuda", 0), dtype=dtype, is_floating_point=lambda: True)


def test_auto_on_a_cpu_is_the_reference_and_no_news() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not takes_triton("op", "auto", ON_CPU)
        assert not takes_triton("op", "auto", ON_CPU.double(), limit="they are too large")


def test_auto_on_a_gpu_takes_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "obstacle", lambda device: None)
    assert takes_triton("op", "auto", on_gpu(), None)
    assert not takes_triton("op", "reference", on_gpu())


@pytest.mark.parametrize(
    ("dtype", "limit", "obstacle", "reason"),
    [
        (torch.float64, None, None, "a tensor is torch.float64"),
        (torch.float32, "300 is too many", None, "300 is too many"),
        (torch.float32, None, "Triton is not installed", "Triton is not installed"),
    ],
)
def test_auto_tells_once_why_it_falls_back(monkeypatch, dtype, limit, obstacle, reason) -> None:
    monkeypatch.setattr(dispatch, "obstacle", lambda device: obstacle)
    with pytest.warns(RuntimeWarning, match=f"op takes the reference, since {reason}"):
        assert not takes_triton("op", "auto", on_gpu(dtype), limit=limit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not takes_triton("op", "auto", on_gpu(dtype), limit=limit)
    with pytest.raises(BackendError, match=f"op: the backend triton was asked for, but {reason}"):
        takes_triton("op", "triton", on_gpu(dtype), limit=limit)


def test_triton_on_a_cpu_needs_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    assert takes_triton("op", "triton", ON_CPU)
    monkeypatch.delenv("TRITON_INTERPRET")
    with pytest.raises(BackendError, match=r"on the CPU, where Triton only runs if TRITON_INTERPRET=1"):
        takes_triton("op", "triton", ON_CPU)


def test_tensors_of_two_devices_are_refused() -> None:
    for backend in ("auto", "reference", "triton"):
        with pytest.raises(BackendError, match="op: tensors lie on cpu and on meta"):
            takes_triton("op", backend, ON_CPU, None, torch.zeros(1, device="meta"))
    with pytest.raises(BackendError, match="tensors lie on meta, and the kernels are written for NVIDIA"):
        takes_triton("op", "triton", torch.zeros(1, device="meta"))


def test_the_environment_says_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIORSR_BACKEND", "triton")
    assert takes_triton("op", "auto", ON_CPU)
    assert not takes_triton("op", "reference", ON_CPU)
    with use_backend("reference"):
        assert not takes_triton("op", "auto", ON_CPU)
        with use_backend("triton"):
            assert takes_triton("op", "auto", ON_CPU)
    assert takes_triton("op", "auto", ON_CPU)
    monkeypatch.setenv("PRIORSR_BACKEND", "cuda")
    with pytest.raises(OptionError, match=r"PRIORSR_BACKEND is 'cuda'; one of auto, reference, triton was expected"):
        takes_triton("op", "auto", ON_CPU)
    with pytest.raises(OptionError, match="backend is 'Triton'"):
        takes_triton("op", "Triton", ON_CPU)  # type: ignore[arg-type]


def test_what_ran_is_recorded() -> None:
    with recorded() as used:
        takes_triton("one", "auto", ON_CPU)
        takes_triton("two", "auto", ON_CPU)
        takes_triton("two", "triton", ON_CPU)
    takes_triton("three", "auto", ON_CPU)
    assert used == {"one": "reference", "two": "reference, triton"}


def test_each_choice_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    assert explain(CPU) == 'reference on cpu: "auto" takes kernels on a GPU only'
    monkeypatch.setenv("PRIORSR_BACKEND", "triton")
    assert explain(CPU) == "triton on cpu"
    monkeypatch.delenv("TRITON_INTERPRET")
    assert explain(CPU).startswith("none on cpu: PRIORSR_BACKEND=triton, but the tensors lie on the CPU")
    monkeypatch.setenv("PRIORSR_BACKEND", "reference")
    assert explain(CPU) == "reference on cpu: PRIORSR_BACKEND=reference"
    monkeypatch.setenv("PRIORSR_BACKEND", "nothing")
    assert explain(CPU).startswith("none on cpu: PRIORSR_BACKEND is 'nothing'")


@pytest.mark.parametrize("meaning", ["reference", "triton"])
def test_it_compiles_as_one_graph(meaning: dispatch.Backend) -> None:
    traced: list[str] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> object:
        traced.append(graph.code)
        return aot_eager(graph, inputs)

    torch._dynamo.reset()  # it would find the graph of the other backend

    @torch.compile(fullgraph=True, backend=backend)
    def fused(features: torch.Tensor, heatmaps: torch.Tensor) -> torch.Tensor:
        return landmark_fusion(features, heatmaps, ((0, 1), (2,))) * 2

    inputs = torch.randn(1, 4, 3, 5), torch.rand(1, 3, 3, 5)
    with use_backend(meaning):
        torch.testing.assert_close(fused(*inputs), 2 * landmark_fusion(*inputs, ((0, 1), (2,)), backend="reference"))
    (code,) = traced
    assert ("ops.priorsr.landmark_fusion" in code) == (meaning == "triton")


def test_only_an_exported_graph_is_exporting() -> None:
    class Asks(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + 1 if dispatch.exporting() else x - 1

    x = torch.zeros(1)
    assert torch.compile(Asks(), fullgraph=True, backend="eager")(x).item() == -1
    assert Asks()(x).item() == -1
    for strict in (True, False):
        assert torch.export.export(Asks(), (x,), strict=strict).module()(x).item() == 1
    assert torch.jit.trace(Asks(), (x,), check_trace=False)(x).item() == 1


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (None, "Triton is not installed"),
        ("raise OSError('no libcuda')", "Triton cannot be imported: OSError: no libcuda"),
        ("import nowhere_at_all", "Triton cannot be imported: No module named 'nowhere_at_all'"),
    ],
)
def test_a_triton_that_does_not_import_is_told(monkeypatch, tmp_path: Path, broken: str | None, reason: str) -> None:
    monkeypatch.setitem(sys.modules, "triton", None)  # as if it was not installed
    if broken is not None:
        (tmp_path / "triton.py").write_text(broken)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "triton")
    dispatch._triton_trouble.cache_clear()
    try:
        with pytest.raises(BackendError, match=f"op: the backend triton was asked for, but {reason}"):
            takes_triton("op", "triton", ON_CPU)
    finally:
        dispatch._triton_trouble.cache_clear()


def test_kernels_are_loaded_when_they_are_asked_for() -> None:
    program = "import sys, priorsr.kernels; print([name for name in sys.modules if name.startswith('priorsr.')])"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert "priorsr.kernels.landmark_fusion.op" in loaded
    assert "priorsr.kernels.registration" not in loaded  # which every module with kernels imports


def test_functions_are_marked_as_torch_marks_them_and_the_compiler_is_not_loaded() -> None:
    def ours() -> None: ...
    def theirs() -> None: ...

    dispatch._constant(ours)
    torch.compiler.assume_constant_result(theirs)
    assert vars(ours) == vars(theirs) != {}
    program = "import sys, priorsr.models, priorsr.inference; print('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "False"
