"""Fixtures that all tests share."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from priorsr import plugins, registry

os.environ["TRITON_INTERPRET"] = "1"  # is read when a kernel is defined, Triton's own too: before torch imports Triton

ROOT = Path(__file__).parents[1]


@pytest.fixture
def no_room() -> Callable[[int], AbstractContextManager[None]]:
    """A full disk, for whoever has no disk to fill: within `no_room(BYTES)`, no file can be longer."""
    resource = pytest.importorskip("resource", reason="this system limits no process's files")

    @contextmanager
    def limited(most: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the repository, or PRIORSR_SHARED; skips where it is absent."""
    path = Path(os.environ.get("PRIORSR_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"the reference data is not at {path} (set PRIORSR_SHARED)")
    return path


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], np.lib.npyio.NpzFile]:
    """Open the golden file `NAME.npz` of the reference data; skips where it is absent."""

    def load(name: str) -> np.lib.npyio.NpzFile:
        path = shared / "golden" / f"{name}.npz"
        if not path.is_file():
            pytest.skip(f"there is no {path}")
        return np.load(path)

    return load


@pytest.fixture(scope="session")
def tiny_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of 12 synthetic faces of 64 px with both priors: 7 train, 3 val, 2 test. Copy it before you change it."""
    from priorsr.data.importers.synthetic import synthesise

    path = tmp_path_factory.mktemp("sets") / "tiny"
    synthesise(path, count=12, seed=0, size=64, val=3, test=2)
    return path


@cache
def _really_installed() -> plugins.Scan:
    return plugins.scan()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a throwaway distribution, or another version in its place: its name, entry points by kind, and files.

    install("fsr-x", {"fusion": "mine = fsr_x:Mine"}, {"fsr_x.py": SOURCE}, version="0.1.0")
    """
    monkeypatch.setattr(registry, "_state", registry._State())
    known, real = set(sys.modules), _really_installed()

    def put(name: str, offers: Mapping[str, str], files: Mapping[str, str], *, version: str = "0.1.0") -> None:
        folder = tmp_path / "installed" / name
        shutil.rmtree(folder, ignore_errors=True)
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("".join(f"[priorsr.{kind}]\n{line}\n" for kind, line in offers.items()))
        for path, source in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(source)
        forget()
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        folders = [str(path) for path in sorted((tmp_path / "installed").iterdir())]
        own = plugins.scan(metadata.distributions(path=folders))
        everything = plugins.Scan(
            real.offers + own.offers, own.problems, {**real.packages, **own.packages}, real.weights + own.weights
        )
        registry._state = registry._State(everything, registry._state.session)

    def forget() -> None:
        for name in set(sys.modules) - known:
            if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]

    yield put
    forget()


@pytest.fixture
def fresh_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """fresh_environment(*packages): make a virtual environment, install wheels or folders in it, return its Python.

    Torch and whatever else is not ours is not installed again: a .pth file names a folder of links to what is there.
    """
    monkeypatch.delenv("PYTHONPATH", raising=False)

    def make(*packages: Path) -> Path:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        for site in (Path(path) for path in sys.path if path.endswith("-packages")):
            for package in site.iterdir():
                ours = package.name.startswith("priorsr") or package.suffix == ".pth"
                if not ours and not (theirs / package.name).is_symlink():
                    (theirs / package.name).symlink_to(package)
        venv.create(tmp_path / "fresh", symlinks=True)
        python = tmp_path / "fresh" / "bin" / "python"
        (site,) = (tmp_path / "fresh").glob("lib/*/site-packages")
        (site / "theirs.pth").write_text(f"{theirs}\n")
        if packages:
            install = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", *packages]
            subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
        return python

    return make


@pytest.fixture
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry without session components, which leaves no trace of the test's plugins."""
    monkeypatch.setattr(registry, "_state", registry._State())
