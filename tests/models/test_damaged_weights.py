"""Files of weights that are damaged, foreign or hostile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import nn

import priorsr
from priorsr import registry
from priorsr.errors import DataError, OptionError, PriorsrError, UnknownNameError
from priorsr.models import read_card
from priorsr.models.weights import save_tensors
from priorsr.registry import PartSpec, build_part
from tests.models.small_encoder_decoder import SMALL


def test_missing_truncated_and_foreign_files_are_told(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(DataError, match="there is no such file"):
        priorsr.load(path)
    priorsr.save(model, path)
    whole = path.read_bytes()
    for length in (4, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cannot be read as safetensors"):
            priorsr.load(path)
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(DataError, match="has no metadata 'priorsr'"):
        priorsr.load(path)


def test_tensors_that_do_not_fit_are_named(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path)
    described, state = read_card(path), model.state_dict()
    save_tensors(state | {"tail.bias": torch.zeros(4)}, path, described)
    with pytest.raises(DataError, match=r"'tail.bias' is \(4,\); \(3,\) was expected by EncoderDecoder"):
        priorsr.load(path)
    save_tensors({k: v for k, v in state.items() if k != "tail.bias"}, path, described)
    with pytest.raises(DataError, match=r"'tail.bias' is absent"):
        priorsr.load(path)


def test_metadata_of_the_wrong_types_and_absent_plugins_are_told(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path)
    described, state = read_card(path), model.state_dict()
    save_tensors(state, path, described | {"config": None})
    with pytest.raises(DataError, match="a.safetensors: the metadata: config is None: input should be an object"):
        priorsr.load(path)
    save_tensors(state, path, described | {"config": {**described["config"], "widht": 3}})
    with pytest.raises(OptionError, match="no option 'widht'"):
        priorsr.load(path)
    save_tensors(state, path, described | {"distribution": "priorsr-none"})
    with pytest.raises(UnknownNameError, match=r"a\.safetensors: holds the model 'encoder_decoder' of priorsr-none"):
        priorsr.load(path)


def test_what_was_changed_since_it_was_written_is_found_out(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path, card={"data": "faces"})
    whole = path.read_bytes()
    bias = model.tail.bias.detach().numpy().tobytes()
    path.write_bytes(whole.replace(bias, bytes([bias[0] ^ 1]) + bias[1:]))
    with pytest.raises(DataError, match="a.safetensors: its tensors were changed since it was written"):
        priorsr.load(path)
    path.write_bytes(whole.replace(b"faces", b"facez"))
    with pytest.raises(DataError, match="a.safetensors: its metadata were changed since it was written"):
        read_card(path)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (torch.tensor([0.0, float("nan"), 0.0]), "holds NaN or infinity"),
        (torch.tensor([0.0, float("inf"), 0.0]), "holds NaN or infinity"),
        (torch.zeros(3, dtype=torch.complex64), "holds complex numbers"),
        (torch.zeros(3, dtype=torch.int64), "holds whole numbers (int64)"),
    ],
)
def test_numbers_that_no_network_can_use_are_refused(
    model: nn.Module, tmp_path: Path, value: torch.Tensor, sentence: str
) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path)
    save_tensors(model.state_dict() | {"tail.bias": value}, path, read_card(path))
    with pytest.raises(DataError) as raised:
        priorsr.load(path)
    assert str(raised.value).startswith(f"{path}: the tensor 'tail.bias' {sentence}")


HOSTILE = [
    ({"attention": {"part": 5, "options": {}}}, "a part is 5 with {}; a name and options were expected"),
    ({"attention": {"part": "channel", "options": [1]}}, "a part is 'channel' with (1,); a name and options"),
    ({"attention": {"part": "os:system", "options": {}}}, "there is no attention 'os:system'"),
    ({"attention": {"part": "channel", "options": {"self": 1}}}, "has no option 'self'"),
    ({"attention": {"part": "channel", "options": {"reduction": 2**62}}}, ""),
    ({"attention": ["channel"]}, "attention is"),
    ({"width": 2**40}, ""),
    ({"depth": 2**40}, "much larger than its tensors"),
    ({"levels": 2**40}, ""),
    ({"levels": -1}, "levels is -1; a number from 1 to 16 was expected"),
    ({"scale": 2**62}, "scale is 4611686018427387904; a number from 1 to 64 was expected"),
    ({"widht": 8}, "no option 'widht'"),
    ({"widht\x1b[2J": 8}, r"\x1b"),
]


@pytest.mark.parametrize(("change", "sentence"), HOSTILE, ids=[ascii(change) for change, _ in HOSTILE])
def test_a_hostile_config_is_refused_in_one_sentence(
    model: nn.Module, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path)
    described = read_card(path)
    save_tensors(model.state_dict(), path, described | {"config": {**described["config"], **change}})
    with pytest.raises(PriorsrError) as raised:
        priorsr.load(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert sentence in str(raised.value)


def test_a_config_that_cannot_be_constructed_names_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    @dataclass(frozen=True)
    class Parts:
        parts: int = 2

        def __post_init__(self) -> None:
            object.__setattr__(self, "share", 12 / self.parts)

    @priorsr.register("model", "fragile")
    class Fragile(nn.Module):
        kind, Config, prior, scale, size_multiple = "model", Parts, "none", 4, 1

        def __init__(self, config: Parts) -> None:
            super().__init__()
            self.config, self.layer = config, nn.Linear(2, 2)

        def forward(self, lr: torch.Tensor, prior: object = None) -> None: ...

    path = tmp_path / "a.safetensors"
    priorsr.save(Fragile(Parts()), path)
    described = read_card(path)
    save_tensors(Fragile(Parts()).state_dict(), path, described | {"config": {"parts": 0}})
    with pytest.raises(OptionError) as raised:
        priorsr.load(path)
    assert str(raised.value) == f"{path}: the config of 'fragile': ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"weights": "/etc/passwd"}, "weights is '/etc/passwd'"),
        ({"weights": None}, "weights is None"),
        ({"weights": "hf://somebody/something"}, "weights is 'hf://somebody/something'"),
        ({"fetch": True}, "fetch is True"),
        ({"cascade": "x.xml"}, "cascade is 'x.xml'"),
    ],
)
def test_no_option_of_a_file_reaches_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], option: str
) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())
    built: list[dict[str, object]] = []

    @priorsr.register("estimator", "reaching")
    class Reaching(nn.Module):
        kind = "estimator"
        local: ClassVar = {"weights": "untrained", "fetch": False}

        def __init__(
            self, width: int = 2, weights: str | None = None, fetch: bool = False, cascade: Path | None = None
        ) -> None:
            super().__init__()
            built.append({"weights": weights, "fetch": fetch, "cascade": cascade})
            self.options = {"width": width, "weights": "of mine", "fetch": fetch}
            self.conv = nn.Conv2d(3, width, 1)

    @priorsr.register("attention", "estimating")
    class Estimating(nn.Module):
        kind = "attention"

        def __init__(self, channels: int, estimator: PartSpec = "reaching") -> None:
            super().__init__()
            self.estimator = build_part("estimator", estimator)

        def forward(self, x, residual=None):
            return x if residual is None else x + residual

    path, estimator = tmp_path / "a.safetensors", priorsr.create("estimator", "reaching", fetch=True)
    assert built.pop() == {"weights": None, "fetch": True, "cascade": None}
    priorsr.save(estimator, path)
    assert read_card(path)["config"] == {"width": 2}
    priorsr.load(path)
    assert built.pop() == {"weights": "untrained", "fetch": False, "cascade": None}
    save_tensors(estimator.state_dict(), path, read_card(path) | {"config": {"width": 2, **options}})
    with pytest.raises(OptionError) as raised:
        priorsr.load(path)
    assert str(raised.value).startswith(f"{path}: the options of 'reaching': {option}; it accesses local files")
    part = priorsr.Part("estimating", estimator=priorsr.Part("reaching"))
    model = priorsr.create("model", "encoder_decoder", **SMALL, attention=part)
    priorsr.save(model, path)
    built.clear()
    priorsr.load(path)
    assert built
    assert all(made == {"weights": "untrained", "fetch": False, "cascade": None} for made in built)
    described = read_card(path)
    described["config"]["attention"]["options"]["estimator"]["options"] = options
    save_tensors(model.state_dict(), path, described)
    built.clear()
    with pytest.raises(OptionError, match="it accesses local files or the network, so a file cannot set it"):
        priorsr.load(path)
    assert built == []
