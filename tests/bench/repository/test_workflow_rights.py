"""The rights of a board's workflows, read from the files that `init-board` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def board(board_of: Callable[[str], Path]) -> Path:
    return board_of("CC-BY-4.0")


def workflows(board: Path) -> dict[str, dict[Any, Any]]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in (board / ".github/workflows").glob("*.yml")}


def test_workflows_have_no_secrets_pinned_actions_and_as_few_rights_as_they_need(board: Path) -> None:
    found = workflows(board)
    assert found.keys() == {"verify", "merge", "pages"}
    rights = {
        (name, job): spec.get("permissions", workflow["permissions"])
        for name, workflow in found.items()
        for job, spec in workflow["jobs"].items()
    }
    assert rights == {
        ("verify", "verify"): {"contents": "read"},
        ("merge", "verify"): {"contents": "read", "actions": "read"},
        ("merge", "comment"): {"pull-requests": "write"},
        ("merge", "merge"): {"contents": "write", "pull-requests": "write"},
        ("pages", "build"): {"contents": "read"},
        ("pages", "deploy"): {"pages": "write", "id-token": "write"},
    }
    assert found["verify"][True].keys() == {"pull_request"}, "YAML reads the key `on` as true"
    assert found["merge"][True].keys() == {"workflow_run"}
    for path in (board / ".github/workflows").glob("*.yml"):
        text = path.read_text()
        assert "secrets" not in re.sub(r"#.*", "", text)
        uses = re.findall(r"uses: (.+)", text)
        assert uses
        assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


def test_only_the_job_that_cannot_write_reads_a_submission_and_none_checks_the_request_out_that_can(
    board: Path,
) -> None:
    for workflow in workflows(board).values():
        for spec in workflow["jobs"].values():
            rights = spec.get("permissions", workflow["permissions"])
            steps = json.dumps(spec["steps"])
            if "write" in rights.values():
                assert "priorsr" not in steps
                assert "pull_request" not in steps
                assert "head_sha" not in json.dumps([step.get("with", {}) for step in spec["steps"]])
            for step in spec["steps"]:
                if step.get("uses", "").startswith("actions/checkout") and "contents" not in rights:
                    raise AssertionError(step)


INPUTS = {
    "checkout": {"ref", "path", "persist-credentials"},
    "setup-python": {"python-version"},
    "upload-artifact": {"name", "path", "if-no-files-found", "retention-days"},
    "download-artifact": {"name", "path", "run-id", "github-token"},
    "upload-pages-artifact": {"path"},
    "deploy-pages": set[str](),
}
"""Inputs that the actions declare in their own `action.yml`, of those that the workflows give."""


def test_actions_get_inputs_that_they_declare_and_artifacts_are_handed_over_before_they_are_taken(board: Path) -> None:
    handed: set[str] = set()
    for name in ("verify", "merge", "pages"):
        for job in workflows(board)[name]["jobs"].values():
            for step in job["steps"]:
                action = step.get("uses", "").partition("@")[0].removeprefix("actions/")
                given = step.get("with", {})
                assert given.keys() <= INPUTS.get(action, set()), step["name"]
                if action == "upload-artifact":
                    handed.add(given["name"])
                if action == "download-artifact":
                    assert given["name"] in handed
                    assert ("run-id" in given) == ("github-token" in given) == (given["name"] == "submission")
    assert handed == {"submission", "verified"}


def test_steps_and_jobs_that_are_referred_to_exist_and_every_job_ends(board: Path) -> None:
    for workflow in workflows(board).values():
        assert workflow["permissions"] in ({}, {"contents": "read"})
        for job in workflow["jobs"].values():
            assert 0 < job["timeout-minutes"] <= 60
            text = json.dumps(job)
            assert set(re.findall(r"steps\.(\w+)\.", text)) <= {step.get("id") for step in job["steps"]}
            needed = job.get("needs", [])
            needs = {needed} if isinstance(needed, str) else set(needed)
            assert set(re.findall(r"needs\.(\w+)\.", text)) <= needs <= workflow["jobs"].keys()
            for other, output in re.findall(r"needs\.(\w+)\.outputs\.(\w+)", text):
                assert output in workflow["jobs"][other]["outputs"]
            for script in (step["run"] for step in job["steps"] if "run" in step):
                assert "${{" not in script
