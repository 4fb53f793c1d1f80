"""A host of repositories for tests: it runs the jobs of workflow files, their commands as they stand there."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from priorsr.cli.main import main

_GH = """#!/bin/sh
echo "$@" >> "$GH_LOG"
case "$1" in api) cat "$GH_REQUESTS";; esac
"""
_PIP = "#!/bin/sh\n"  # all that requirements.txt lists is here
_PRIORSR = f"""#!{sys.executable} -S
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(os.environ["PRIORSR_SERVER"])
    server.sendall(json.dumps([os.getcwd(), sys.argv[1:]]).encode() + b"\\n")
    code, out, err = json.loads(server.makefile().read())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


class _Command(socketserver.StreamRequestHandler):
    """Runs a command line of priorsr in this process, which has imported everything already."""

    def handle(self) -> None:
        folder, arguments = json.loads(self.rfile.readline())
        before, code = Path.cwd(), 0
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            os.chdir(folder)
            sys.argv = ["priorsr", *arguments]
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException:
                code = 1
                traceback.print_exc()
            finally:
                os.chdir(before)
        self.wfile.write(json.dumps([code, out.getvalue(), err.getvalue()]).encode())


@contextmanager
def serving_commands() -> Iterator[dict[str, str]]:
    """Give an environment in which `priorsr`, `gh` and `pip` are found: priorsr's commands run in this process."""
    with tempfile.TemporaryDirectory() as folder:
        tools, address = Path(folder), f"{folder}/server"
        for name, text in (("gh", _GH), ("pip", _PIP), ("priorsr", _PRIORSR)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        roles = [f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")]
        with socketserver.UnixStreamServer(address, _Command) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield {
                **os.environ,
                **dict.fromkeys(roles, "test@example.org"),
                "PATH": os.pathsep.join([folder, os.environ["PATH"]]),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "PRIORSR_SERVER": address,
            }
            server.shutdown()


@dataclass
class Job:
    """The end of a job: success or failure of each step that ran, its outputs, and the text it printed."""

    steps: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    printed: str = ""

    @property
    def succeeded(self) -> bool:
        return "failure" not in self.steps.values()


class Host:
    """A bare repository `origin`, the artifacts of workflows, and the requests that are open.

    Actions are imitated: a checkout is a clone, artifacts are folders. Every `run` is executed as it stands.
    """

    def __init__(self, root: Path, board: Path, environment: dict[str, str]) -> None:
        root.mkdir()
        self.root, self.origin, self.artifacts = root, root / "origin.git", root / "artifacts"
        self.log = root / "gh.log"
        self.log.touch()
        self.environment = {**environment, "GH_LOG": str(self.log), "GH_REQUESTS": str(root / "requests.tsv")}
        self.git("init", "--quiet", "--bare", "--initial-branch=main", self.origin)
        self.git("init", "--quiet", "--initial-branch=main", board)
        self.commit(board, "The board")
        self.git("push", "--quiet", self.origin, "main", at=board)

    def git(self, *arguments: object, at: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *map(str, arguments)], cwd=at, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, folder: Path, message: str) -> str:
        self.git("add", "--all", at=folder)
        self.git("commit", "--quiet", "--message", message, at=folder)
        return self.git("rev-parse", "HEAD", at=folder)

    def clone(self, name: str, commit: str = "main") -> Path:
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        self._check_out(folder, commit)
        return folder

    def open_request(self, folder: Path) -> dict[str, Any]:
        """Commit what a submitter's clone holds and open a request of it: the event that workflows get."""
        commit = self.commit(folder, "A submission")
        self.git("push", "--quiet", self.origin, "HEAD:refs/pull/7/head", "--force", at=folder)
        (self.root / "requests.tsv").write_text(f"3\t{'0' * 40}\n7\t{commit}\n")
        base = self.git("rev-parse", "main", at=self.origin)
        return {
            "github.event.pull_request.base.sha": base,
            "github.event.pull_request.head.sha": commit,
            "github.event.workflow_run.event": "pull_request",
            "github.event.workflow_run.head_repository.owner.login": "somebody",
            "github.event.workflow_run.head_branch": "$(touch pwned)",
            "github.event.workflow_run.head_sha": commit,
            "github.event.repository.default_branch": "main",
            "github.repository": "owner/board",
        }

    def run(self, workflow: str, job: str, context: dict[str, Any], needs: dict[str, Job] | None = None) -> Job | None:
        """Run a job of a workflow of the branch main; None where its condition does not hold."""
        text = self.git("show", f"main:.github/workflows/{workflow}.yml", at=self.origin)
        spec = yaml.safe_load(text)["jobs"][job]
        handed = {
            f"needs.{name}.outputs.{key}": value
            for name, done in (needs or {}).items()
            for key, value in done.outputs.items()
        }
        known = {**context, **handed}
        found, folder = Job(), self.root / f"{workflow}-{job}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if not _holds(spec.get("if", "true"), known, found, folder):
            return None
        for step in spec["steps"]:
            if not _holds(step.get("if", "success()"), known, found, folder):
                continue
            outcome = "success" if self._step(step, spec, known, found, folder) else "failure"
            if "id" in step:
                known[f"steps.{step['id']}.outcome"] = outcome
            found.steps[step["name"]] = "success" if step.get("continue-on-error") else outcome
        found.outputs = {name: _filled(value, known) for name, value in spec.get("outputs", {}).items()}
        return found

    def _step(self, step: dict[str, Any], job: dict[str, Any], known: dict[str, Any], found: Job, at: Path) -> bool:
        if "run" in step:
            return self._execute(step, job, known, found, at)
        action, given = step["uses"].split("@")[0], {k: _filled(str(v), known) for k, v in step.get("with", {}).items()}
        artifact = self.artifacts / str(given.get("name", "pages"))
        if action == "actions/checkout":
            self._check_out(at / given.get("path", "."), given.get("ref", "main"))
        elif action.startswith("actions/upload-"):
            source = at / given["path"]
            shutil.rmtree(artifact, ignore_errors=True)
            if source.is_dir():
                shutil.copytree(source, artifact)
            elif source.is_file():
                artifact.mkdir(parents=True)
                shutil.copy(source, artifact)
            return source.exists()
        elif action == "actions/download-artifact":
            if not artifact.is_dir():
                return False
            shutil.copytree(artifact, at / given["path"])
        else:
            assert action in ("actions/setup-python", "actions/deploy-pages"), action
        return True

    def _execute(self, step: dict[str, Any], job: dict[str, Any], known: dict[str, Any], found: Job, at: Path) -> bool:
        assert "${{" not in step["run"], "an expression in a script could inject commands"
        given = {**job.get("env", {}), **step.get("env", {})}
        files = {name: at.parent / f"{name.lower()}.txt" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        environment = {
            **self.environment,
            **{name: _filled(str(value), known) for name, value in given.items()},
            **{name: str(file) for name, file in files.items()},
        }
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=at, env=environment, capture_output=True, text=True
        )
        found.printed += done.stdout + done.stderr
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            known[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode == 0

    def _check_out(self, folder: Path, commit: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", at=folder)
        self.git("remote", "add", "origin", self.origin, at=folder)
        self.git("fetch", "--quiet", "origin", commit, "main:refs/remotes/origin/main", at=folder)
        if commit == "main":
            self.git("checkout", "--quiet", "-B", "main", "--track", "origin/main", at=folder)
        else:
            self.git("checkout", "--quiet", commit, at=folder)


def _filled(text: str, known: dict[str, Any]) -> str:
    known = {"github.token": "a token", "github.event.workflow_run.id": "1", **known}
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: str(known[found[1]]), text)


def _holds(condition: str, known: dict[str, Any], found: Job, at: Path) -> bool:
    """Evaluate a condition, of those forms that the workflows use."""
    text = condition.removeprefix("${{ ").removesuffix(" }}")
    if "!cancelled()" not in text and not found.succeeded:
        return False
    for part in text.split(" && "):
        if part in ("true", "success()", "!cancelled()"):
            continue
        if match := re.fullmatch(r"hashFiles\('(.+)'\) != ''", part):
            if not (at / match[1]).exists():
                return False
        elif match := re.fullmatch(r"(\S+) == '(.*)'", part):
            if known.get(match[1]) != match[2]:
                return False
        else:
            raise AssertionError(f"{condition!r} is of no known form")
    return True
