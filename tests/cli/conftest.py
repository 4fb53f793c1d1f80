"""The command line as a user meets it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from priorsr.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))  # for `import toys`

import toys

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run `priorsr ARGUMENTS`: (exit code, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["priorsr", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            main()
        captured = capsys.readouterr()
        return int(raised.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def mistake(cli: Cli) -> Callable[..., str]:
    """Run a command that must fail: its one sentence."""

    def run(*arguments: object) -> str:
        code, out, err = cli(*arguments)
        assert code == 2, (out, err)
        assert "Traceback" not in out + err
        assert err.startswith("error: "), err
        assert err.count("\n") == 1, err
        return err

    return run


@pytest.fixture(scope="session")
def toy_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face set of 12 and 3 faces of 32 pixels, without priors."""
    return toys.make_faces(tmp_path_factory.mktemp("cli") / "faces")
