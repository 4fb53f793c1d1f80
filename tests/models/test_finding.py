"""Weights by file, folder, run and name, and models created with them."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import priorsr
from priorsr.errors import DataError, MissingWeightsError, NameCollisionError, OptionError, UnknownNameError
from priorsr.models import hub
from priorsr.models.weights import read
from tests.models.small_encoder_decoder import SMALL

LR = torch.rand(1, 3, 4, 4)


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return priorsr.create("model", "encoder_decoder", **SMALL).eval()


@pytest.fixture
def offer(install: Callable[..., None], model: nn.Module, tmp_path: Path) -> Callable[..., Path]:
    """Install a package that offers the model's weights: offer("fsr-weights", "encoder_decoder")."""

    def put(distribution: str, *names: str) -> Path:
        package = distribution.replace("-", "_")
        lines = "\n".join(f"{name} = {package}:{name.replace('.', '_')}" for name in names)
        install(distribution, {"weights": lines}, {f"{package}/__init__.py": "raise RuntimeError('imported')"})
        folder = tmp_path / "installed" / distribution / package
        for name in names:
            priorsr.save(model, folder / f"{name.replace('.', '_')}.safetensors", half=True)
        return folder

    return put


def same(one: nn.Module, other: nn.Module, tolerance: float = 0.0) -> bool:
    return bool((one(LR).sr - other(LR).sr).abs().max() <= tolerance)


def test_half_precision_halves_the_file_and_loads_as_float32(model: nn.Module, tmp_path: Path) -> None:
    for half in (False, True):
        priorsr.save(model, tmp_path / f"{half}.safetensors", half=half)
    _, tensors = read(tmp_path / "True.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    again = priorsr.load(tmp_path / "True.safetensors")
    assert {tensor.dtype for tensor in again.state_dict().values()} == {torch.float32}
    assert not same(again, model)
    assert same(again, model, 1e-3)


def test_weights_are_found_by_name_and_nothing_is_imported(offer, model: nn.Module) -> None:
    offer("fsr-weights", "encoder_decoder", "encoder_decoder.sharp")
    assert {"encoder_decoder", "encoder_decoder.sharp"} <= set(priorsr.weights_names())
    assert priorsr.weights_names("encoder_decoder") == ["encoder_decoder", "encoder_decoder.sharp"]
    for name in ("encoder_decoder", "encoder_decoder.sharp", "fsr-weights:encoder_decoder"):
        assert same(priorsr.load(name), model, 1e-3)


def test_a_path_that_exists_comes_before_a_name(
    offer, model: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("fsr-weights", "encoder_decoder")
    monkeypatch.chdir(tmp_path)
    other = priorsr.create("model", "encoder_decoder", **SMALL).eval()
    priorsr.save(other, Path("encoder_decoder"))
    assert same(priorsr.load("encoder_decoder"), other)


def test_a_model_is_created_as_its_weights_were_made(offer, model: nn.Module) -> None:
    offer("fsr-weights", "encoder_decoder", "encoder_decoder.sharp")
    for weights in ("default", "sharp", "encoder_decoder.sharp"):
        assert same(priorsr.create("model", "encoder_decoder", weights=weights), model, 1e-3)
    assert same(priorsr.create("model", "encoder_decoder", weights="default", **SMALL), model, 1e-3)
    with pytest.raises(OptionError, match="were made with width = 8, and 16 is asked for"):
        priorsr.create("model", "encoder_decoder", weights="default", **SMALL | {"width": 16})
    with pytest.raises(UnknownNameError, match="called 'encoder_decoder.soft'; did you mean .*decoder.sharp'"):
        priorsr.create("model", "encoder_decoder", weights="soft")


def test_weights_of_another_model_are_refused(offer, model: nn.Module, tmp_path: Path) -> None:
    priorsr.save(model, tmp_path / "w.safetensors")
    with pytest.raises(OptionError, match="holds weights of the model 'encoder_decoder'; those of the model 'bicubic'"):
        priorsr.create("model", "bicubic", weights=tmp_path / "w.safetensors")


def test_names_that_lead_nowhere_or_two_ways(offer, tmp_path: Path) -> None:
    folder = offer("fsr-weights", "encoder_decoder")
    with pytest.raises(UnknownNameError, match="called 'encoder-decoder'; did you mean 'encoder_decoder'"):
        priorsr.load("encoder-decoder")
    offer("fsr-others", "encoder_decoder")
    with pytest.raises(NameCollisionError, match="fsr-others:encoder_decoder or fsr-weights:encoder_decoder"):
        priorsr.load("encoder_decoder")
    (folder / "encoder_decoder.safetensors").unlink()
    with pytest.raises(MissingWeightsError, match=r"encoder_decoder.safetensors: is absent, though fsr-weights 0.1.0"):
        priorsr.load("fsr-weights:encoder_decoder")


def test_a_run_gives_the_weights_of_its_last_stage(model: nn.Module, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "weights").mkdir(parents=True)
    (run / "config.json").write_text(json.dumps({"stage_steps": {"teacher": 1, "student": 1}}))
    with pytest.raises(DataError, match="has no weights of its last stage 'student'"):
        priorsr.load(run)
    priorsr.save(model, run / "weights" / "student.safetensors", card={"stage": "student"})
    assert same(priorsr.load(run), model)
    for broken in ("[]", '{"stage_steps": 3}'):
        (run / "config.json").write_text(broken)
        with pytest.raises(DataError, match="has no weights of its last stage"):
            priorsr.load(run)


def test_a_folder_that_can_be_published_is_loaded_again(model: nn.Module, tmp_path: Path) -> None:
    model.card = {"licence": "CC0: do as you like", "scores": {"psnr_y": 24.0}}  # type: ignore[assignment]
    folder = priorsr.save_pretrained(model, tmp_path / "published", half=True)
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "README.md"}
    again = priorsr.from_pretrained(folder)
    assert same(again, model, 1e-3)
    assert again.card == model.card
    readme = (folder / "README.md").read_text()
    assert readme.startswith("---\nlibrary_name: priorsr")
    assert 'license_name: "CC0: do as you like"' in readme
    shutil.rmtree(folder)
    with pytest.raises(UnknownNameError, match="neither a file nor are there weights called"):
        priorsr.load(str(folder))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("spec", ["owner/name", "pkdm", "runs/frist", "hf:/owner/name", "https://somewhere/x"])
def test_a_mistyped_path_never_asks_the_network(spec: str, no_network: None) -> None:
    with pytest.raises(UnknownNameError):
        priorsr.load(spec)


@pytest.mark.parametrize("spec", ["hf://", "hf://name", "hf://a/b/c", "hf://a/b@", "hf://a b/c"])
def test_a_place_on_the_hub_has_an_owner_and_a_name(spec: str, no_network: None) -> None:
    with pytest.raises(OptionError, match="hf://OWNER/NAME"):
        priorsr.load(spec)


def test_the_hub_is_asked_for_one_file_of_one_revision(
    model: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    folder = priorsr.save_pretrained(model, tmp_path / "published")
    asked = []

    def fetch(repo: str, name: str, *, revision: str | None) -> str:
        asked.append((repo, name, revision))
        return str(folder / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    assert same(priorsr.load("hf://owner/name@v1.2"), model)
    assert asked == [("owner/name", "model.safetensors", "v1.2")]

    def fail(*_: object, **__: object) -> str:
        raise OSError("no route to host\nat all")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(MissingWeightsError, match=r"model.safetensors cannot be fetched \(no route to host\); without"):
        priorsr.load("hf://owner/name")


def test_a_model_is_pushed_as_a_folder(model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    pushed = {}

    class Api:
        def create_repo(self, name: str, *, private: bool, exist_ok: bool) -> None:
            pushed["repo"] = (name, private, exist_ok)

        def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> str:
            pushed["files"] = sorted(path.name for path in Path(folder_path).iterdir())
            return f"https://hub/{repo_id}"

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    assert priorsr.push_to_hub(model, "owner/name", private=True) == "https://hub/owner/name"
    assert pushed == {"repo": ("owner/name", True, True), "files": ["README.md", "model.safetensors"]}
    with pytest.raises(OptionError, match="hf://OWNER/NAME"):
        priorsr.push_to_hub(model, "name")
    assert hub.PREFIX == "hf://"
