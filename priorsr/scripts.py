"""Scripts whose components have names on the command line and in workers: files that PRIORSR_PLUGINS lists.

A script calls `@priorsr.register`; `priorsr --plugins FILE.py` adds one to the variable, which processes inherit. Its
components are of the distribution `file`, whose version is the beginning of the file's SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from priorsr.errors import BrokenPluginError, DataError, PriorsrError, raised
from priorsr.reading.content import read_content

VARIABLE = "PRIORSR_PLUGINS"
MOST_BYTES = 2**24
_PREFIX = "priorsr_script_"  # of the modules that scripts are run as


@dataclass(frozen=True)
class Script:
    """A script, and the beginning of the SHA-256 of its bytes."""

    path: Path
    version: str


def add_scripts(files: Iterable[str | Path]) -> None:
    """Add scripts to those that this process and the processes that it starts run."""
    known = os.environ.get(VARIABLE, "")
    new = [str(read_script(Path(file)).path) for file in files]
    os.environ[VARIABLE] = os.pathsep.join([*([known] if known else []), *new])


def scripts() -> Iterator[Script]:
    """Yield each script that PRIORSR_PLUGINS lists, once; raises BrokenPluginError for one that cannot be read."""
    listed = [Path(file) for file in os.environ.get(VARIABLE, "").split(os.pathsep) if file]
    for path in dict.fromkeys(file.expanduser().resolve() for file in listed):
        yield read_script(path)


def read_script(path: Path) -> Script:
    """Read a script's version; raises BrokenPluginError for a file that is no Python file or cannot be read."""
    path = path.expanduser()
    if path.suffix != ".py":
        raise BrokenPluginError(f"{path}: is no Python file; FILE.py, which calls @priorsr.register, was expected")
    try:
        content = read_content(path, "a Python file", MOST_BYTES)
    except DataError as error:
        raise BrokenPluginError(str(error)) from error
    return Script(path.resolve(), hashlib.sha256(content).hexdigest()[:12])


def is_imported(script: Script) -> bool:
    """Return whether the program itself is the script, or has imported it under a name of its own."""
    return any(_is_of(module, script) for module in list(sys.modules) if not module.startswith(_PREFIX))


def defines(script: Script, component: type) -> bool:
    """Return whether a class was defined by the script."""
    return _is_of(component.__module__, script)


def run(script: Script) -> ModuleType:
    """Run a script as a module of its own, with its folder on the path, and return that.

    Raises BrokenPluginError for any error in it.
    """
    folder = str(script.path.parent)
    if folder not in sys.path:
        sys.path.append(folder)  # at the end, so that nothing there hides a module of anybody else's
    try:
        return run_file(script.path, f"{_PREFIX}{script.version}_{script.path.stem}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        reason = str(error) if isinstance(error, PriorsrError) else raised(error)
        raise BrokenPluginError(f"{script.path}: cannot be run as a plugin: {reason}") from error


def run_file(path: Path, name: str) -> ModuleType:
    """Run FILE.py as the module `name`, and return that; raises what the file raises, and forgets the module then."""
    spec = spec_from_file_location(name, path)
    assert spec is not None, "its name ends in .py"
    assert spec.loader is not None, "a file has a loader"
    module = module_from_spec(spec)
    sys.modules[name] = module  # for dataclasses, and for the source of its functions to be found
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_of(module: str, script: Script) -> bool:
    """Return whether a module was loaded from a script."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return isinstance(file, str) and Path(file).name == script.path.name and Path(file).resolve() == script.path
