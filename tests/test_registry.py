"""Components by kind and name: the hard cases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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

pytestmark = pytest.mark.usefixtures("fresh_registry")

GOOD = """
from torch import nn
class Mine(nn.Module):
    kind = "fusion"
    prior = "any"
    def __init__(self, channels, prior_channels, strength=1.0):
        super().__init__()
        self.strength = strength
"""


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
