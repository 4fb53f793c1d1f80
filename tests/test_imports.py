"""Imports go downwards only, and importing priorsr costs next to nothing."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import priorsr

ROOT = Path(priorsr.__file__).parent
PLUGIN_NAMES = (ROOT.parent / "docs" / "plugin_names.txt").read_text(encoding="utf-8").split()
PLUGINS = sorted([*(ROOT.parent / "plugins").glob("*/*/__init__.py"), ROOT / "testing" / "templates" / "__init__.py"])

CORE = {"reading"}  # folders of the core
FLOORS = [
    {"core"},
    {"sources"},
    {"execution"},
    {"kernels"},
    {"blocks", "priors", "losses"},
    {"models"},
    {"estimators"},
    {"data", "viz"},
    {"metrics"},
    {"training"},
    {"bench", "inference"},
    {"demo"},
    {"testing"},
    {"cli"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
HEAVY = ("torch", "numpy", "PIL", "pydantic", "triton", "accelerate", "scipy", "matplotlib", "kornia", "torchvision")


BENCH_ROOMS = (
    "statistics",
    "store",
    "scoring",
    "executors",
    "running",
    "board",
    "made_elsewhere",
    "submissions",
    "repository",
    "pages",
    "studies",
)


def imports(file: Path) -> set[str]:
    """Every module of ours that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "priorsr"}


def room(module: str) -> str:
    """The room of a dotted name: a folder of the package, or core."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR else "core"


def test_every_folder_has_a_floor() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders <= FLOOR.keys() | CORE


def test_imports_go_downwards() -> None:
    wrong = []
    for file in ROOT.rglob("*.py"):
        own = room("priorsr." + file.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."))
        if file == ROOT / "__init__.py":
            continue  # the public face, whose names load lazily
        for module in imports(file):
            other = room(module)
            if other != own and FLOOR[other] >= FLOOR[own]:
                wrong.append(f"{file.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_rooms_of_bench_import_downwards() -> None:
    """Each room of the benchmark imports those before it only, on the way from what is written to what is read."""
    floor = {name: level for level, name in enumerate(BENCH_ROOMS)}
    assert {path.parent.name for path in ROOT.glob("bench/*/__init__.py")} == floor.keys()
    wrong = []
    for file in ROOT.glob("bench/*/**/*.py"):
        own = file.relative_to(ROOT / "bench").parts[0]
        for module in imports(file):
            other = (module.split(".") + [""] * 3)[2]
            if module.startswith("priorsr.bench.") and floor.get(other, -1) > floor[own]:
                wrong.append(f"{file.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_no_module_imports_itself_through_others() -> None:
    modules = {module_name(file): file for file in ROOT.rglob("*.py") if file != ROOT / "__init__.py"}
    found = {
        name: {module if module in modules else module.rpartition(".")[0] for module in imports(file)} & modules.keys()
        for name, file in modules.items()
    }
    left = dict(found)
    while free := {name for name, wanted in left.items() if not wanted & left.keys() - {name}}:
        left = {name: wanted for name, wanted in left.items() if name not in free}
    assert not left


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_plugins_import_listed_names_only() -> None:
    wrong = [
        f"{file.relative_to(ROOT.parent)} imports {name}"
        for plugin in PLUGINS
        for file in plugin.parent.rglob("*.py")
        for name in sorted(imports(file) - set(PLUGIN_NAMES) - {"priorsr"})
    ]
    assert PLUGINS
    assert not wrong


def test_the_names_for_plugins_are_there() -> None:
    assert sorted(set(PLUGIN_NAMES)) == PLUGIN_NAMES
    for name in PLUGIN_NAMES:
        module, _, attribute = name.rpartition(".")
        assert getattr(import_module(module), attribute) is not None, name
        assert not attribute.startswith("_") or attribute == "__version__"


@pytest.mark.parametrize("module", ["priorsr", "priorsr.bench", "priorsr.cli.main", "priorsr.registry"])
def test_importing_is_light(module: str) -> None:
    program = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"


@pytest.mark.parametrize("arguments", [["list"], ["--help"]])
def test_the_command_line_answers_at_once(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "priorsr.cli.main", *arguments]
    seconds = []
    for _ in range(9):  # the fastest counts, and the processor's time, since the machine may be busy
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
    assert min(seconds) < 0.5


def test_the_public_surface() -> None:
    assert priorsr.__all__ == [
        "Batch",
        "Part",
        "Prior",
        "PriorsrError",
        "SROutput",
        "__version__",
        "accelerate",
        "create",
        "describe",
        "from_pretrained",
        "load",
        "names",
        "push_to_hub",
        "register",
        "save",
        "save_pretrained",
        "score",
        "upscale",
        "weights_names",
        "wrap",
    ]
    assert all(getattr(priorsr, name) is not None for name in priorsr.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = priorsr.nothing


def test_statistics_need_neither_records_nor_tables() -> None:
    modules = [f"priorsr.bench.statistics.{path.stem}" for path in (ROOT / "bench/statistics").glob("[!_]*.py")]
    unwanted = ("pydantic", "rich", "torch")
    program = f"import sys, {', '.join(modules)}; print([name for name in {unwanted!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"
