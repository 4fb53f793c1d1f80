"""Ctrl-C while the command line is still importing: no traceback, and afterwards it is Python's again."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "priorsr.cli.main":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from priorsr.cli.start import main
print("imported")
"""
HANDLED = """
import signal
signal.signal(signal.SIGINT, {before})
from priorsr.cli import start
start.run = lambda: print(signal.getsignal(signal.SIGINT) is {before})
start.main()
"""


def python(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)


def test_while_it_imports_it_ends_without_a_word() -> None:
    done = python(f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler){INTERRUPTED}")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_job_in_the_background_that_ignores_it_goes_on() -> None:
    done = python(f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN){INTERRUPTED}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported\n", "")


@pytest.mark.parametrize("before", ["signal.default_int_handler", "signal.SIG_IGN"])
def test_commands_have_it_as_it_was(before: str) -> None:
    assert python(HANDLED.format(before=before)).stdout == "True\n"
