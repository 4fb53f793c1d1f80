"""accelerate: the same call and the same answers; what is refused is told, and explicit requests run or raise."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from small_models import Toy, ToyConfig, assert_same_results, toy, with_weights
from torch import Tensor, nn
from torch._inductor import config as inductor
from torch._inductor import cpp_builder
from torch.utils._pytree import tree_leaves

import priorsr
from priorsr.containers import Batch, Prior
from priorsr.errors import BackendError, OptionError, ShapeError, WrongKindError
from priorsr.inference import folding, trial_faces
from priorsr.inference.engines import openvino
from priorsr.inference.trial_faces import Check, in_batches, synthetic_faces
from priorsr.models.weights import weights_hash


def eager(model: nn.Module, **options: Any) -> nn.Module:
    return priorsr.accelerate(model, engine="eager", show=False, **options)


@pytest.fixture
def without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})


@pytest.fixture
def with_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow instructions will do for a test."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})


@pytest.mark.parametrize("name", ["bicubic", "kdfsrnet", "kdfsrnet-teacher", "pkdn", "dic", "pfsr"])
@torch.no_grad()
def test_every_model_answers_as_before(name: str) -> None:
    model = priorsr.create("model", name, preset="nano") if name != "bicubic" else priorsr.create("model", name)
    form = eager(with_weights(model), precision="float32")
    assert_same_results(form, model, synthetic_faces(model, 2))
    assert form.report.psnr_change.most < 0.01


def test_the_model_itself_is_left_alone_and_described() -> None:
    model = toy().train()
    before = copy.deepcopy(model)
    model.card = {"data": "none"}
    form = eager(model)
    assert model.training
    assert weights_hash(model) == weights_hash(before) == form.weights_hash
    assert [type(a) for a in model.modules()] == [type(a) for a in before.modules()]
    assert (form.kind, form.scale, form.prior, form.size_multiple) == ("model", 2, "none", 1)
    assert (form.original_class, form.config, form.card, form.accelerated) == (Toy, ToyConfig(), model.card, True)


@pytest.mark.usefixtures("with_bf16")
def test_bf16_is_taken_where_the_psnr_stays() -> None:
    form = eager(toy(), precision="bf16")
    assert form.precision == form.report.precision == "bf16"
    mean, most = form.report.psnr_change
    assert 0 < mean <= most < 0.01
    result = form(torch.rand(1, 3, 16, 16))
    assert {leaf.dtype for leaf in tree_leaves(result)} == {torch.float32}
    assert form.form.network.layers[0].weight.dtype == torch.bfloat16


@pytest.mark.usefixtures("with_bf16")
def test_bf16_is_refused_where_the_psnr_moves() -> None:
    form = eager(toy(offset=100.0))
    assert form.precision == "float32"
    (refused,) = form.report.refused
    assert refused.startswith("bf16, eager: PSNR moved by ")
    assert refused.endswith("; at most 0.01 dB on average and 0.05 dB for a face were expected")
    assert "refused: bf16" in str(form.report)
    with pytest.raises(OptionError, match="precision='bf16' was asked for, but is refused: bf16, eager: PSNR moved"):
        eager(toy(offset=100.0), precision="bf16")
    assert eager(toy(offset=100.0), precision="bf16", bounds=(100, 100)).precision == "bf16"


@pytest.mark.usefixtures("with_bf16")
@pytest.mark.parametrize(("slow", "taken"), [("bf16", "float32"), ("float32", "bf16")])
def test_the_fastest_that_passes_is_taken(monkeypatch: pytest.MonkeyPatch, slow: str, taken: str) -> None:
    seconds = {slow: 0.02, taken: 0.01}
    monkeypatch.setattr(Check, "seconds", lambda _, form: seconds[form.precision])
    report = eager(toy()).report
    assert report.precision == taken
    assert report.timings == (("eager", taken, 10.0), ("eager", slow, 20.0))
    assert f"timed: eager {taken} 10.0 ms, eager {slow} 20.0 ms" in str(report)


@pytest.mark.usefixtures("without_bf16")
def test_bf16_is_refused_without_instructions_for_it() -> None:
    assert eager(toy()).report.refused == ("bf16: cpu has no instructions for bf16",)
    with pytest.raises(BackendError, match="precision='bf16' was asked for, but cpu has no instructions"):
        eager(toy(), precision="bf16")
    assert eager(toy(), precision="float32").report.refused == ()


class Lying(nn.Conv2d):
    """Says that it folds into something, which is something else."""

    def folded(self) -> nn.Module:
        return nn.Identity()


def test_folding_that_changes_the_answer_is_refused() -> None:
    model = toy()
    model.identity = Lying(3, 3, 1)
    form = eager(model, precision="float32")
    assert any(sentence.startswith("folding: it changes an output by") for sentence in form.report.refused)
    lr = torch.rand(1, 3, 16, 16)
    assert torch.allclose(form(lr).sr, model.eval()(lr).sr, atol=1e-5)
    assert isinstance(folding.fold(copy.deepcopy(model))[0].identity, nn.Identity)  # or nothing was refused


def test_engines_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "find_spec", lambda name: None)
    cpp_builder.cpp_compiler_search.cache_clear()
    try:
        with inductor.patch({"cpp.cxx": ("no-such-compiler",)}):
            form = priorsr.accelerate(toy(), precision="float32", show=False)
            assert form.report.engine == "eager"
            assert [sentence.partition(":")[0] for sentence in form.report.refused] == ["openvino", "inductor"]
            with pytest.raises(BackendError, match="engine='inductor' was asked for, but there is no C"):
                priorsr.accelerate(toy(), engine="inductor", show=False)
    finally:
        cpp_builder.cpp_compiler_search.cache_clear()
    with pytest.raises(BackendError, match=r"engine='openvino' was asked for, but the package openvino is missing"):
        priorsr.accelerate(toy(), engine="openvino", show=False)


def test_keywords_pass_through() -> None:
    model, lr = toy().eval(), torch.rand(2, 3, 16, 16)
    form = eager(model, precision="float32")
    for options in ({"strength": torch.tensor(2.0)}, {"half": True}):
        with torch.no_grad():
            torch.testing.assert_close(form(lr, **options).sr, model(lr, **options).sr)
    with pytest.raises(OptionError, match="an accelerated Toy: got an unexpected keyword argument 'strengt'"):
        form(lr, strengt=1.0)


def test_what_it_does_not_do_is_told() -> None:
    form = eager(toy())
    with pytest.raises(OptionError, match="gives no features"):
        form(torch.rand(1, 3, 16, 16), with_features=True)
    with pytest.raises(OptionError, match="cannot be trained"):
        form.train()
    with pytest.raises(BackendError, match="was made for cpu, and a tensor lies on meta"):
        form(torch.rand(1, 3, 16, 16, device="meta"))
    assert not form(torch.rand(1, 3, 16, 16, requires_grad=True)).sr.requires_grad


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"precision": "half"}, OptionError, "precision is 'half'; one of auto, float32, bf16, int8 was expected"),
        ({"engine": "jit"}, OptionError, "engine is 'jit'; one of auto, inductor, openvino, eager was expected"),
        ({"bounds": (0.1,)}, OptionError, r"bounds is \(0.1,\); two numbers of dB above 0 were expected"),
        ({"bounds": (0.1, float("nan"))}, OptionError, "two numbers of dB above 0 were expected"),
        ({"precision": "int8"}, OptionError, "'int8' needs faces to be quantised on"),
        ({"batch_size": 0}, OptionError, "batch_size is 0; 1 or more was expected"),
        ({"device": "gpu"}, OptionError, "device is 'gpu'; a device of torch's was expected"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        priorsr.accelerate(toy(), **options)


def test_only_models_are_taken() -> None:
    for thing in (nn.Conv2d(3, 3, 1), eager(toy())):
        with pytest.raises(WrongKindError, match="a model that is not accelerated yet was expected"):
            priorsr.accelerate(thing)


def test_tensors_elsewhere_are_told() -> None:
    prior = Prior(landmarks=torch.zeros(1, 68, 2, device="meta"))
    with pytest.raises(BackendError, match="was made for cpu, and a tensor lies on meta"):
        eager(toy())(torch.rand(1, 3, 16, 16), prior)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(BackendError, match="device cuda cannot be used"):
        priorsr.accelerate(toy(), device="cuda")


def test_no_faces_are_told() -> None:
    given = Batch(torch.rand(0, 3, 16, 16), torch.rand(0, 3, 32, 32), Prior(), ())
    with pytest.raises(OptionError, match="a batch without faces"):
        eager(toy(), faces=given)


def test_faces_that_do_not_fit_are_told() -> None:
    given = Batch(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 64, 64), Prior(), ("a", "b"))
    with pytest.raises(ShapeError):
        eager(toy(), faces=given)


def test_synthetic_faces_fit_the_model() -> None:
    batch = synthetic_faces(priorsr.create("model", "kdfsrnet", preset="nano", scale=2), 3)
    assert batch.lr.shape == (3, 3, 16, 16)
    assert batch.hr.shape == (3, 3, 32, 32)
    assert batch.prior.parsing is not None
    assert batch.prior.parsing.shape == (3, 19, 32, 32)
    assert torch.all(batch.prior.parsing.sum(1) == 1)


def test_batches_are_full() -> None:
    batch = synthetic_faces(toy(), 3)
    parts = list(in_batches(batch, 2, torch.device("cpu")))
    assert [part.ids for part in parts] == [("synthetic-0", "synthetic-1"), ("synthetic-2", "synthetic-0")]
    assert torch.equal(parts[1].lr[1], batch.lr[0])
    assert parts[1].prior.landmarks is not None
    assert torch.equal(parts[1].prior.landmarks[1], batch.prior.landmarks[0])


def test_the_psnr_change_on_average_and_of_the_worst_face() -> None:
    model = toy().eval()
    batches = list(in_batches(synthetic_faces(model, 3), 1, torch.device("cpu")))
    check = trial_faces.Check(model, batches)

    class OneWrong(Toy):
        def forward(self, lr: Tensor, prior: Prior | None = None, **_: Any) -> Any:
            answer = super().forward(lr, prior)
            return answer._replace(sr=answer.sr + 0.05) if torch.equal(lr, batches[1].lr) else answer

    wrong = OneWrong(ToyConfig())
    wrong.load_state_dict(model.state_dict())
    assert check.change(model) == (0, 0)
    mean, most = check.change(wrong.eval())
    assert most > 0.05
    assert mean == pytest.approx(most / 3, rel=1e-3)
