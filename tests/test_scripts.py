"""Components of scripts that PRIORSR_PLUGINS lists."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import priorsr
from priorsr import registry
from priorsr.errors import BrokenPluginError, NameCollisionError, PriorsrWarning, UnknownNameError
from priorsr.models.weights import components_in, read_card
from priorsr.sources import as_installed, source_hash

SCRIPT = """
import priorsr
from torch import nn
{more}

@priorsr.register("attention", "{name}")
class Mine(nn.Module):
    kind = "attention"

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x, residual=None):
        y = {gain} * self.conv(x)
        return y if residual is None else y + residual
"""
SMALL = {"width": 4, "depth": 1, "levels": 1, "scale": 2}


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts without session components, and leaves neither modules nor folders on the path."""
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.startswith("priorsr_script_"):
            del sys.modules[name]


def script(path: Path, *, name: str = "mine", gain: float = 1.0, more: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(name=name, gain=gain, more=more))
    return path


def use(monkeypatch: pytest.MonkeyPatch, *files: Path) -> None:
    """Name scripts by the variable, for a program that has run none yet."""
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.setenv("PRIORSR_PLUGINS", os.pathsep.join(map(str, files)))


def test_a_scripts_component_has_a_name_and_the_files_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = script(tmp_path / "mine.py")
    use(monkeypatch, file)
    offer = registry.locate("attention", "mine")
    assert (offer.distribution, offer.version) == ("file", hashlib.sha256(file.read_bytes()).hexdigest()[:12])
    assert priorsr.create("attention", "mine", channels=4).conv.in_channels == 4
    assert priorsr.names("attention").count("mine") == 1


def test_weights_of_a_scripts_component_load_where_the_script_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = script(tmp_path / "mine.py")
    use(monkeypatch, file)
    model = priorsr.create("model", "encoder_decoder", attention="mine", **SMALL).eval()
    priorsr.save(model, tmp_path / "model.safetensors")
    (part,) = [
        part
        for part in components_in(read_card(tmp_path / "model.safetensors"), tmp_path / "model.safetensors") or ()
        if part.name == "mine"
    ]
    assert (part.distribution, part.version) == ("file", hashlib.sha256(file.read_bytes()).hexdigest()[:12])
    assert as_installed([part])[part] == part

    use(monkeypatch)
    with pytest.raises(UnknownNameError, match="--plugins names a script"):
        priorsr.load(tmp_path / "model.safetensors")
    use(monkeypatch, file)
    lr = torch.rand(1, 3, 8, 8)
    assert torch.equal(priorsr.load(tmp_path / "model.safetensors")(lr).sr, model(lr).sr)

    use(monkeypatch, script(file, gain=2.0))
    with pytest.warns(PriorsrWarning, match=f"made by a file of hash {part.version}, here is"):
        priorsr.load(tmp_path / "model.safetensors")
    assert as_installed([part])[part].hash != part.hash


def test_weights_of_a_notebook_load_with_a_script_and_the_other_way_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = script(tmp_path / "mine.py")
    exec(compile(file.read_text(), "<notebook>", "exec"), {"__name__": "notebook"})
    assert registry.locate("attention", "mine").distribution == "session"
    priorsr.save(priorsr.create("model", "encoder_decoder", attention="mine", **SMALL), tmp_path / "1.safetensors")
    use(monkeypatch, file)
    model = priorsr.load(tmp_path / "1.safetensors")
    priorsr.save(model, tmp_path / "2.safetensors")
    use(monkeypatch)
    exec(compile(file.read_text(), "<notebook>", "exec"), {"__name__": "notebook"})
    priorsr.load(tmp_path / "2.safetensors")


def test_what_a_script_uses_of_files_beside_it_is_part_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "from gain_beside import gain"
    file = script(tmp_path / "mine.py", more=more, gain="gain()")
    hashes = []
    for gain in (1, 2):
        (tmp_path / "gain_beside.py").write_text(f"def gain():\n    return {gain}.0  # differs\n")
        monkeypatch.delitem(sys.modules, "gain_beside", raising=False)
        sys.modules.pop("gain_beside", None)
        use(monkeypatch, file)
        hashes.append(source_hash("attention", registry.find("attention", "mine")))
    sys.modules.pop("gain_beside", None)
    assert len(set(hashes)) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("raise KeyError('nose')", "nose.py: cannot be run as a plugin: KeyError: 'nose'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("class E(Exception):\n    __str__ = lambda self: 1 / 0\nraise E", "cannot be run as a plugin: E"),
        ("def :", "SyntaxError"),
        ("x = 1", "registers no component"),
        (SCRIPT.format(name="channel", gain=1, more=""), "'channel' exists already, from priorsr"),
        (SCRIPT.format(name="my block", gain=1, more=""), "registered as 'my block'"),
    ],
)
def test_a_script_that_fails_is_told_by_its_name_each_time(
    content: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "nose.py"
    file.write_text(content)
    use(monkeypatch, file)
    for _ in range(2):
        with pytest.raises(BrokenPluginError, match=message) as raised:
            priorsr.names("attention")
        assert str(file) in str(raised.value)
    assert not registry._state.session


def test_what_a_failing_script_had_registered_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = script(tmp_path / "mine.py")
    file.write_text(file.read_text() + "\nraise ValueError('late')\n")
    use(monkeypatch, file)
    with pytest.raises(BrokenPluginError, match="late"):
        priorsr.names("attention")
    use(monkeypatch)
    assert "mine" not in priorsr.names("attention")


@pytest.mark.parametrize("name", ["gone.py", "notes.ipynb", "folder.py"])
def test_a_file_that_is_no_script_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.ipynb").write_text("{}")
    (tmp_path / "folder.py").mkdir()
    use(monkeypatch, tmp_path / name)
    with pytest.raises(BrokenPluginError, match=name):
        priorsr.names("attention")


def test_two_scripts_with_one_name_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, script(tmp_path / "a" / "one.py"), script(tmp_path / "b" / "two.py", gain=2.0))
    with pytest.raises(BrokenPluginError, match=r"two\.py.*'mine' is registered by .*one\.py already") as raised:
        priorsr.names("attention")
    assert isinstance(raised.value.__cause__, NameCollisionError)


def test_a_script_runs_once_however_often_it_is_listed_and_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    file = script(tmp_path / "mine.py", more=f"open({str(log)!r}, 'a').write('ran ')")
    use(monkeypatch, file, tmp_path / "." / "mine.py")
    threads = [threading.Thread(target=priorsr.names, args=("attention",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    registry.rescan()
    priorsr.create("attention", "mine", channels=4)
    assert log.read_text() == "ran "


def test_a_program_that_is_the_script_does_not_run_it_twice(tmp_path: Path) -> None:
    file = script(tmp_path / "mine.py", more="print('ran')")
    file.write_text(file.read_text() + "\nprint(priorsr.registry.locate('attention', 'mine').distribution)\n")
    environment = {**os.environ, "PRIORSR_PLUGINS": str(file)}
    run = [subprocess.run([sys.executable, file], env=environment, check=True, capture_output=True, text=True)]
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import mine"
    run.append(
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    )
    assert [each.stdout for each in run] == ["ran\nfile\n"] * 2
