"""Components by kind and name: the hard cases."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from torch import Tensor, nn

import priorsr
from priorsr import registry
from priorsr.errors import (
    BrokenPluginError,
    NameCollisionError,
    OptionError,
    UnknownNameError,
    WrongKindError,
)
from tests.test_plugins import distribution

GOOD = """
from torch import nn
class Mine(nn.Module):
    kind = "fusion"
    prior = "any"
    def __init__(self, channels, prior_channels, strength=1.0):
        super().__init__()
        self.strength = strength
"""


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch: pytest.MonkeyPatch):
    """Each test starts without session components, and leaves no trace of its plugins."""
    monkeypatch.setattr(registry, "_state", registry._State())


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a plugin: its distribution's name, entry points and module."""

    def install(name: str, entry_points: str, source: str = GOOD) -> None:
        folder = distribution(tmp_path / name, name, entry_points)
        module = name.replace("-", "_")
        (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, module, raising=False)
        registry.rescan()

    return install


def test_an_instance_has_what_its_kind_demands() -> None:
    @dataclass(frozen=True)
    class Config:
        presets: ClassVar = {"paper": {}}

    def recipe(**attributes: object) -> type:
        made = {"kind": "recipe", "Config": Config, "__init__": lambda self, config: None, **attributes}
        return priorsr.register("recipe", "mine")(type("Mine", (), made))

    recipe(scale=8, reduction="pil-bicubic")
    priorsr.create("recipe", "mine")
    recipe(scale=8)
    with pytest.raises(WrongKindError, match="'mine' has no attribute 'reduction', which a recipe must"):
        priorsr.create("recipe", "mine")
    recipe(scale="8", reduction="pil-bicubic")
    with pytest.raises(WrongKindError, match="'mine' has scale = '8', and one of type int was expected"):
        priorsr.create("recipe", "mine")


def test_an_unknown_name_suggests_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'channel'"):
        priorsr.create("attention", "chanel", channels=4)


def test_an_unknown_kind_suggests_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fusion'"):
        priorsr.names("fussion")


def test_an_unknown_name_tells_of_a_plugin_that_could_not_be_read(plugin) -> None:
    plugin("half", "[priorsr.fusion]\nmine\n")
    with pytest.raises(UnknownNameError, match="the plugin half 1.0"):
        priorsr.create("fusion", "mine", channels=4, prior_channels=3)


def test_a_plugins_component_is_created_by_name(plugin) -> None:
    plugin("good", "[priorsr.fusion]\nmine = good:Mine\n")
    assert "mine" in priorsr.names("fusion")
    assert priorsr.create("fusion", "mine", channels=4, prior_channels=3, strength=2.0).strength == 2.0
    for _ in range(2):
        assert priorsr.describe("fusion", "mine").distribution == "good"


def test_listing_imports_no_plugin(plugin) -> None:
    plugin("explosive", "[priorsr.fusion]\nmine = explosive:Mine\n", "raise SystemExit('imported')")
    assert "mine" in priorsr.names("fusion")


def test_a_collision_lists_and_names_both(plugin) -> None:
    plugin("one", "[priorsr.fusion]\nmine = one:Mine\n")
    plugin("two", "[priorsr.fusion]\nmine = two:Mine\n")
    assert priorsr.names("fusion").count("mine") == 1
    with pytest.raises(NameCollisionError, match="one:mine or two:mine"):
        priorsr.create("fusion", "mine", channels=4, prior_channels=3)
    assert type(priorsr.create("fusion", "two:mine", channels=4, prior_channels=3)).__module__ == "two"
    assert any("one:mine" in problem for problem in registry.problems())


def test_a_plugin_never_replaces_a_builtin(plugin) -> None:
    plugin("thief", "[priorsr.fusion]\nconcat = thief:Mine\n")
    assert registry.find("fusion", "concat").__module__ == "priorsr.blocks.concat_fusion"
    assert registry.find("fusion", "thief:concat").__module__ == "thief"
    assert any("thief 1.0 offers the fusion 'concat'" in problem for problem in registry.problems())


def test_a_broken_plugin_is_isolated(plugin) -> None:
    plugin("broken", "[priorsr.fusion]\nbroken = broken:Mine\n", "import no_such_module")
    plugin("good", "[priorsr.fusion]\nmine = good:Mine\n")
    assert priorsr.create("fusion", "mine", channels=4, prior_channels=3)
    with pytest.raises(BrokenPluginError, match="no_such_module") as raised:
        priorsr.create("fusion", "broken", channels=4, prior_channels=3)
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)
    assert any("broken 1.0" in problem for problem in registry.problems())


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("fusion", "half", True),
        ("fusion", "broken-lines:half", True),
        ("fusion", "misspelt", True),  # under priorsr.fussion, which may have been to be any kind
        ("fusion", "other-plugin:half", False),
        ("fusion", "concta", False),
        ("attention", "half", False),
    ],
)
def test_an_unknown_name_tells_of_lines_that_were_to_offer_it_alone(plugin, kind: str, name: str, told: bool) -> None:
    plugin("broken-lines", "[priorsr.fusion]\nhalf = no target\n[priorsr.fussion]\nmisspelt = a:B\n")
    with pytest.raises(UnknownNameError) as raised:
        registry.find(kind, name)
    assert ("broken-lines 1.0" in str(raised.value)) == told
    assert len(registry.problems()) >= 2


def test_a_missing_class_is_a_broken_plugin(plugin) -> None:
    plugin("empty", "[priorsr.fusion]\nmine = empty:Mine\n", "")
    with pytest.raises(BrokenPluginError, match="empty:Mine"):
        priorsr.create("fusion", "mine", channels=4, prior_channels=3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (GOOD.replace('"fusion"', '"attention"'), "declares kind = 'attention'"),
        (GOOD.replace('kind = "fusion"', ""), "declares kind = None"),
        (GOOD.replace('prior = "any"', ""), "declares no 'prior'"),
        (GOOD.replace('"any"', '"smell"'), "declares prior = 'smell'"),
        ("def Mine(): ...", "is a function"),
    ],
)
def test_a_plugin_of_the_wrong_kind_is_refused(plugin, source: str, message: str) -> None:
    plugin("wrong", "[priorsr.fusion]\nmine = wrong:Mine\n", source)
    with pytest.raises(WrongKindError, match=message):
        priorsr.create("fusion", "mine", channels=4, prior_channels=3)


def attention(gain: float) -> type:
    class Mine(nn.Module):
        kind = "attention"

        def __init__(self, channels: int) -> None:
            super().__init__()
            self.gain = gain

        def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
            return x * self.gain

    return Mine


def test_registering_again_replaces() -> None:
    priorsr.register("attention", "mine")(attention(1.0))
    priorsr.register("attention", "mine")(attention(2.0))
    assert priorsr.create("attention", "mine", channels=4).gain == 2.0
    assert priorsr.names("attention").count("mine") == 1


def test_registering_refuses_taken_names_and_wrong_kinds() -> None:
    with pytest.raises(NameCollisionError, match="'channel' exists already, from priorsr"):
        priorsr.register("attention", "channel")(attention(1.0))
    with pytest.raises(WrongKindError, match="kind = 'attention'"):
        priorsr.register("fusion", "mine")(attention(1.0))
    for name in ("a:b", "my block", "", " mine", "mine\n", "-mine", "a/b", "a,b", "a=b", None):
        with pytest.raises(OptionError, match=r"a name of letters, digits, '\.', '_' and '-' was expected"):
            priorsr.register("attention", name)(attention(1.0))
        assert name not in priorsr.names("attention")
    assert "mine" not in priorsr.names("attention")


def test_a_failed_scan_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("disk")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "scan", fail)
        with pytest.raises(OSError, match="disk"):
            priorsr.names("model")
    assert "bicubic" in priorsr.names("model")


def test_wrong_options_list_the_right_ones() -> None:
    with pytest.raises(OptionError, match="no option 'reductoin'; did you mean 'reduction'"):
        priorsr.create("attention", "channel", channels=4, reductoin=2)
    with pytest.raises(OptionError, match="needs channels"):
        priorsr.create("attention", "channel")
    with pytest.raises(OptionError, match="has no presets"):
        priorsr.create("attention", "channel", preset="nano", channels=4)
    with pytest.raises(OptionError, match="no option 'widht'; did you mean 'width'"):
        priorsr.create("model", "encoder_decoder", widht=4)
    with pytest.raises(OptionError, match=r"width is 'wide'"):
        priorsr.create("model", "encoder_decoder", width="wide")
    with pytest.raises(UnknownNameError, match=r"no preset 'papr'"):
        priorsr.create("model", "encoder_decoder", preset="papr")


def test_parts_are_names_parts_or_classes_never_instances() -> None:
    for part in ("channel", priorsr.Part("channel", reduction=2), registry.find("attention", "channel")):
        assert registry.build_part("attention", part, channels=8).channels == 8
    with pytest.raises(OptionError, match="given as an instance of ChannelAttention"):
        registry.build_part("attention", priorsr.create("attention", "channel", channels=8), channels=8)
    with pytest.raises(OptionError, match="takes channels from its skeleton"):
        registry.build_part("attention", priorsr.Part("channel", channels=4), channels=8)
    with pytest.raises(WrongKindError, match="kind = 'attention'"):
        registry.build_part("fusion", registry.find("attention", "channel"), channels=8, prior_channels=3)


def test_the_registry_is_the_same_in_threads() -> None:
    program = (
        "import concurrent.futures as f, priorsr\n"
        "with f.ThreadPoolExecutor(8) as pool:\n"
        "    found = set(map(tuple, pool.map(lambda _: priorsr.names('model'), range(64))))\n"
        "assert len(found) == 1, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_distribution_is_named_as_pep_503_says(plugin) -> None:
    plugin("my-plugin", "[priorsr.fusion]\nmine = my_plugin:Mine\n")
    for spelling in ("my-plugin", "My_Plugin", "my.plugin"):
        assert registry.find("fusion", f"{spelling}:mine").__module__ == "my_plugin"


def test_a_plugin_that_exits_on_import_is_isolated(plugin) -> None:
    plugin("leaver", "[priorsr.fusion]\nmine = leaver:Mine\n", "raise SystemExit('bye')")
    with pytest.raises(BrokenPluginError, match="SystemExit: bye"):
        registry.find("fusion", "mine")
    assert any("leaver 1.0" in problem for problem in registry.problems())


def test_a_constructor_that_fails_is_told_as_an_option() -> None:
    class Divides(nn.Module):
        kind = "attention"

        def __init__(self, channels: int, parts: int = 1) -> None:
            super().__init__()
            self.width = channels // parts

    priorsr.register("attention", "divides")(Divides)
    with pytest.raises(OptionError, match="attention 'divides' cannot be built with channels=8, parts=0: ZeroDiv"):
        priorsr.create("attention", "divides", channels=8, parts=0)


def test_a_component_without_options_of_its_own_is_built() -> None:
    class Judge(nn.Module):
        kind = "score"
        higher_is_better = True

    priorsr.register("score", "mine")(Judge)
    assert isinstance(priorsr.create("score", "mine"), Judge)
    with pytest.raises(OptionError, match="no option 'weight'"):
        priorsr.create("score", "mine", weight=1)


def test_a_config_that_is_no_dataclass_is_the_wrong_kind() -> None:
    class Net(nn.Module):
        kind = "model"
        Config = dict

    with pytest.raises(WrongKindError, match="a Config that is no dataclass"):
        priorsr.register("model", "mine")(Net)


def test_a_class_is_found_again_by_identity_not_by_its_name(plugin) -> None:
    plugin("reexport", "[priorsr.fusion]\nmine = reexport:Alias\n", GOOD + "Alias = Mine\n")
    assert registry.offer_of("fusion", registry.find("fusion", "mine")).reference == "reexport:mine"
    first, second = attention(1.0), attention(2.0)
    priorsr.register("attention", "a")(first)
    priorsr.register("attention", "b")(second)
    assert registry.offer_of("attention", second).name == "b"
    priorsr.register("attention", "a")(attention(3.0))
    with pytest.raises(OptionError, match="is not registered"):
        registry.offer_of("attention", first)
