"""Compiled forms: the same answers, programs on disk, and a program a shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from small_models import toy
from torch.utils._pytree import tree_leaves

import priorsr
from priorsr.containers import Prior
from priorsr.errors import BackendError, OptionError
from priorsr.inference.engines import inductor, openvino
from priorsr.inference.engines.inductor import obstacle
from priorsr.inference.engines.program import Compiled
from priorsr.inference.form import Form, Shaped

CPU = torch.device("cpu")
needs_compiler = pytest.mark.skipif(obstacle(CPU) is not None, reason=f"{obstacle(CPU)}")


@needs_compiler
def test_a_compiled_model(cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    model, lr = toy().eval(), torch.rand(1, 3, 16, 16)
    form = priorsr.accelerate(model, precision="float32", engine="inductor")
    assert form.report.engine == "inductor"
    assert any("compiled the program for 1 x 3 x 16 x 16" in sentence for sentence in form.report.done)
    (package,) = (cache / "accelerated").glob("*.pt2")
    assert "accelerate Toy: 1 x 3 x 16 x 16: compiling" in capsys.readouterr().err
    with torch.no_grad():
        expected, answer = model(lr), form(lr)
    assert type(answer) is type(expected)
    torch.testing.assert_close(answer.sr, expected.sr, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(answer.stages, expected.stages, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(form(lr.to(memory_format=torch.channels_last)).sr, answer.sr)

    again = priorsr.accelerate(model, precision="float32", engine="inductor", show=False)
    assert any("loaded the program" in sentence for sentence in again.report.done)
    assert torch.equal(again(lr).sr, answer.sr)

    whole = package.read_bytes()
    package.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # which torch would load, and run
    with monkeypatch.context() as patched:  # the compiler takes long, and would make the same again
        patched.setattr(torch._inductor, "aoti_compile_and_package", partial(compiled_before, whole))
        mended = priorsr.accelerate(model, precision="float32", engine="inductor")
    said = "".join(capsys.readouterr().err.split("\n"))
    assert f"{package} cannot be loaded (it was changed since it was compiled)" in said
    assert package.read_bytes() == whole
    assert torch.equal(mended(lr).sr, answer.sr)

    with torch.no_grad():
        model.identity.bias += 0.1  # other weights are another program
    other = priorsr.accelerate(model, precision="float32", engine="inductor", show=False)
    assert not any("loaded" in sentence for sentence in other.report.done)
    torch.testing.assert_close(other(lr).sr, answer.sr + 0.1, rtol=1e-5, atol=1e-5)


def compiled_before(package: bytes, *_: object, package_path: str, **__: object) -> str:
    Path(package_path).write_bytes(package)
    return package_path


def fail(*_: object) -> None:
    raise RuntimeError("this graph\nhas a hole")


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "find_spec", lambda name: None)


@needs_compiler
@pytest.mark.usefixtures("without_openvino")
def test_what_cannot_be_compiled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inductor, "_ahead_of_time", fail)
    form = priorsr.accelerate(toy(), precision="float32", show=False)
    assert form.report.engine == "eager"
    assert form.report.refused[-1].startswith(
        "compiling for 1 x 3 x 16 x 16: RuntimeError: this graph; computed eagerly"
    )
    with pytest.raises(BackendError, match="Toy could not be compiled; compiling for 1 x 3 x 16 x 16: RuntimeError"):
        priorsr.accelerate(toy(), engine="inductor", show=False)


@needs_compiler
@pytest.mark.usefixtures("without_openvino")
def test_a_program_that_is_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(network: torch.nn.Module, *_: object) -> object:
        return Compiled(lambda given: tuple(tensor + 0.1 for tensor in network(*given)), "compiled")

    monkeypatch.setattr(inductor, "_ahead_of_time", wrong)
    form, lr = priorsr.accelerate(toy(), precision="float32", show=False), torch.rand(1, 3, 16, 16)
    assert form.report.engine == "eager"
    assert form.report.refused[-1].startswith("float32 by inductor: PSNR moved by")
    with torch.no_grad():
        torch.testing.assert_close(form(lr).sr, toy().eval()(lr).sr)
    with pytest.raises(OptionError, match="'float32' was asked for, but is refused: float32 by inductor: PSNR moved"):
        priorsr.accelerate(toy(), precision="float32", engine="inductor", show=False)


@needs_compiler
def test_a_program_is_for_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def traced(network: torch.nn.Module, tensors: tuple[torch.Tensor, ...], _: object) -> object:
        shapes.append([tuple(tensor.shape) for tensor in tensors])
        network(*tensors)
        return Compiled(lambda given: network(*given), "compiled")

    monkeypatch.setattr(inductor, "_ahead_of_time", traced)
    form = priorsr.accelerate(toy(), engine="inductor", precision="float32", show=False)
    lr = torch.rand(2, 3, 16, 16)
    for _ in range(2):
        form(lr), form(lr, strength=torch.tensor(1.0)), form(lr, strength=torch.tensor(2.0)), form(lr, half=True)
    assert shapes == [[(1, 3, 16, 16)], [(2, 3, 16, 16)], [(2, 3, 16, 16), ()], [(2, 3, 16, 16)]]
    assert torch.equal(form(lr, half=True).sr, form(lr).stages[0])


@torch.no_grad()
def test_every_graph_is_whole() -> None:
    """What a GPU replays cannot go back to Python in between."""
    lr, prior = torch.rand(1, 3, 16, 16), Prior(parsing=torch.rand(1, 19, 128, 128))
    for name in ("kdfsrnet-teacher", "dic", "pfsr"):
        model = priorsr.create("model", name, preset="nano").eval()
        call = ((lr, prior if model.prior == "required" else None), {})
        shaped = Shaped(Form(model, "float32"), call)
        tensors = [leaf for leaf in tree_leaves(call) if leaf is not None]
        compiled = torch.compile(shaped, fullgraph=True, dynamic=False, backend="eager")
        for wanted, got in zip(shaped(*tensors), compiled(*tensors), strict=True):
            torch.testing.assert_close(got, wanted)


@torch.no_grad()
def test_a_process_may_hold_many_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch counts those of all networks together, and takes 8 by itself."""
    monkeypatch.setattr(torch, "compile", partial(stand_in, torch.compile))
    torch._dynamo.reset()
    lrs = [torch.rand(1, 3, side, side) for side in range(4, 24, 2)]
    networks = [Shaped(Form(toy(), "float32"), ((lr,), {})) for lr in lrs]
    programs = [inductor._with_cuda_graphs(network, (lr,)) for network, lr in zip(networks, lrs, strict=True)]
    for program, network, lr in zip(programs, networks, lrs, strict=True):
        torch.testing.assert_close(program((lr,)), network(lr))


def stand_in(compile_: Callable[..., object], network: torch.nn.Module, mode: str, **options: bool) -> object:
    """As GPUs have it compiled, without the compiler."""
    assert mode == "reduce-overhead"
    return compile_(network, backend="eager", **options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_cuda_graph_does_not_overwrite_its_answers() -> None:
    model = toy().cuda().eval()
    form = priorsr.accelerate(model, engine="inductor", show=False)
    one, two = torch.rand(2, 1, 3, 16, 16, device="cuda")
    first = form(one).sr
    kept = first.clone()
    form(two)
    assert torch.equal(first, kept)
    torch.testing.assert_close(first, model(one).sr, rtol=0.01, atol=0.01)
