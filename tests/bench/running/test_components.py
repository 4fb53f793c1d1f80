"""A result is kept only while the code that made it is the same: with a fusion of another package in PKDN's teacher."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from doubles import Stored
from torch import Tensor, nn

import priorsr
from priorsr.bench import Record
from priorsr.bench.running import profile
from priorsr.bench.store.results import record_path

FUSION = """
from torch import nn
from fsr_x.gain import GAIN

class Mine(nn.Module):
    kind = "fusion"
    prior = "parsing"

    def __init__(self, channels, prior_channels):
        super().__init__()
        self.project = nn.Conv2d(prior_channels, channels, 1)

    def forward(self, features, prior_map):
        return features + GAIN * self.project(nn.functional.interpolate(prior_map, features.shape[2:]))
"""
FILES = {"fsr_x/__init__.py": "", "fsr_x/fusion.py": FUSION, "fsr_x/gain.py": "GAIN = 1.0\n"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure latencies by the fewest runs."""
    monkeypatch.setattr(profile, "_SECONDS", 0.0)


@pytest.fixture
def fsr(install) -> Callable[..., None]:
    """Install fsr-x: its version, and files that are other than FILES."""

    def put(version: str = "0.1.0", **files: str) -> None:
        changed = {f"fsr_x/{name}.py": text for name, text in files.items()}
        install("fsr-x", {"fusion": "mine = fsr_x.fusion:Mine"}, {**FILES, **changed}, version=version)

    return put


@pytest.fixture
def score(bench, fsr, tmp_path) -> Callable[[], tuple[Record, bool]]:
    """Benchmark the teacher of a weights file again: its record, and whether it was there already."""
    fsr()
    torch.manual_seed(0)
    weights = tmp_path / "teacher.safetensors"
    teacher = priorsr.create("model", "pkdn-teacher", preset="nano", width=4, fusion="mine")
    nn.init.normal_(teacher.tail.weight, std=0.1)  # with zeros it is bicubic, whatever the fusion does
    priorsr.save(teacher, weights)

    def call(**options: object) -> tuple[Record, bool]:
        path = record_path(tmp_path, known[0].id) if known else None
        before = path.stat().st_ino if path else None
        (record,) = bench(weights, save_outputs=False, **options)
        known.append(record)
        return record, before == record_path(tmp_path, record.id).stat().st_ino

    known: list[Record] = []
    call()
    return call


def fusion_of(record: Record) -> priorsr.sources.Component:
    (part,) = [part for part in record.components if part.kind == "fusion"]
    return part


def test_a_record_lists_all_that_took_part(score) -> None:
    record, kept = score()
    assert kept
    parts = {(part.used_for, part.kind, part.name, part.distribution) for part in record.components}
    assert parts == {
        ("inference", "model", "pkdn-teacher", "priorsr-pkdn"),
        ("inference", "fusion", "mine", "fsr-x"),
        ("inference", "attention", "channel", "priorsr"),
        ("inference", "retention", "concat", "priorsr"),
        ("inference", "upsampler", "pixel_shuffle", "priorsr"),
        ("inference", "library", "priorsr", "priorsr"),
        ("protocol", "protocol", "dic@1", "priorsr"),
    }
    (protocol,) = [part for part in record.components if part.kind == "protocol"]
    assert protocol.hash == record.protocol.hash


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
@pytest.mark.parametrize("changed", [{"fusion": FUSION.replace("features +", "features -")}, {"gain": "GAIN = 2.0\n"}])
@pytest.mark.filterwarnings("ignore:.*made by fsr-x")
def test_a_changed_part_is_run_again(score, fsr, version: str, changed: dict[str, str]) -> None:
    first, _ = score()
    fsr(version, **changed)
    second, kept = score()
    assert not kept
    assert second.id == first.id
    assert second.images != first.images
    assert fusion_of(second).hash != fusion_of(first).hash
    assert fusion_of(second).version == version
    assert score() == (second, True)


@pytest.mark.filterwarnings("ignore:.*made by fsr-x")
def test_words_and_versions_alone_keep_a_result(score, fsr) -> None:
    first, _ = score()
    fsr("0.3.0", fusion=FUSION.replace("class Mine", "# words\nclass Mine"))
    assert score() == (first, True)


def test_a_second_package_with_the_same_name_keeps_a_result(score, install) -> None:
    first, _ = score()
    install(
        "other-y",
        {"fusion": "mine = other_y:Mine"},
        {"other_y.py": FUSION.replace("fsr_x.gain", "math").replace("GAIN", "pi")},
    )
    assert score() == (first, True)


def test_a_record_of_format_1_is_never_kept(score, tmp_path) -> None:
    import json

    first, _ = score()
    path = record_path(tmp_path, first.id)
    content = json.loads(path.read_text())
    content |= {"format": 1, "judges": content.pop("extra_scores")}
    for name in ("origin", "components", "links"):
        del content[name]
    path.write_text(json.dumps(content))
    second, kept = score()
    assert not kept
    assert (second.format, second.scores) == (2, first.scores)
    assert json.loads(path.read_text())["format"] == 2


def scoring(gain: float) -> type[nn.Module]:
    @priorsr.register("score", "mine")
    class Mine(nn.Module):
        kind = "score"
        higher_is_better = True

        def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
            return gain * (sr - hr).abs().mean(dim=(1, 2, 3))

    return Mine


def test_a_changed_score_is_computed_again_without_the_model(bench, install, lr, hr) -> None:
    model = Stored(lr, hr * 0.9)
    scoring(1.0)
    (first,) = bench(model, scores=["mine"])
    assert [part.distribution for part in first.components if part.used_for == "score:mine"] == ["session"]
    assert bench(model, scores=["mine"]) == [first]
    ran = model.count
    scoring(2.0)
    (second,) = bench(model, scores=["mine"])
    assert second.scores["mine"].value == pytest.approx(2 * first.scores["mine"].value)
    assert model.count == ran
    (third,) = bench(model, scores=["lr_consistency"])
    assert third.scores["mine"] == second.scores["mine"]
    assert {part.used_for for part in third.components} == {
        "inference",
        "protocol",
        "score:mine",
        "score:lr_consistency",
    }


def test_a_protocol_of_ones_own_is_recorded_as_such(bench, tmp_path) -> None:
    from importlib.resources import files

    text = files("priorsr.metrics").joinpath("protocols", "dic@1.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine@1.toml"
    path.write_text(text, encoding="utf-8")
    (record,) = bench("bicubic", protocols=[path])
    (part,) = [part for part in record.components if part.kind == "protocol"]
    assert (part.name, part.distribution, part.version, part.hash) == ("mine@1", "file", "", record.protocol.hash)


def test_what_trained_the_weights_is_listed_as_they_tell(bench, tmp_path) -> None:
    recipe = priorsr.sources.Component("training", "recipe", "gone", "fsr-x", "0.1.0", "0" * 64)
    path, model = tmp_path / "a.safetensors", priorsr.create("model", "encoder_decoder", width=4, depth=0)
    priorsr.save(model, path, trained_by=[recipe], card={"links": {"paper": "https://example.org/paper"}})
    (first,) = bench(path, save_outputs=False)
    assert recipe in first.components
    assert first.links == {"paper": "https://example.org/paper"}
    other = priorsr.sources.Component("training", "recipe", "new", "fsr-x", "0.1.0", "0" * 64)
    priorsr.save(model, path, trained_by=[other])
    (second,) = bench(path, save_outputs=False)
    assert second.created == first.created
    assert other in second.components
    assert recipe not in second.components
    assert second.links == {}


def test_a_link_that_is_none_is_refused(bench, tmp_path) -> None:
    path, model = tmp_path / "a.safetensors", priorsr.create("model", "encoder_decoder", width=4, depth=0)
    priorsr.save(model, path, card={"links": {"paper": "javascript:alert(1)"}})
    with pytest.raises(priorsr.PriorsrError, match=r"the card of the model 'a': paper is 'javascript:alert\(1\)'"):
        bench(path)
