"""A submitter packs; the workflows verify, comment, merge and publish: by the commands in these files and in README.

The commands are read from the files that `init-board` writes, and run, in a folder for each of the three.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hosting import Host, Job
from PIL import Image, ImageFilter

from priorsr.bench import read_results
from priorsr.bench.store.verification import read_verifications


@pytest.fixture(scope="module")
def packed(
    board_of: Callable[[str], Path], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A board whose images may be published, and a submitter's clone of it with an honest submission.

    The submitter follows the board's README to the letter.
    """
    board = board_of("CC-BY-4.0")
    clone = tmp_path_factory.mktemp("submitter") / "clone"
    shutil.copytree(board, clone)
    (clone / "sr").mkdir()
    for path in (clone / "sets/our-faces/images").glob("*.png"):
        with Image.open(path) as image:
            image.filter(ImageFilter.GaussianBlur(1)).save(clone / "sr" / path.name)
    for command in readme_commands(clone):
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
    assert "true, tier 1" in done.stdout
    return board, clone / "submissions/your-method.zip"


def readme_commands(board: Path) -> list[list[str]]:
    """The commands of a board's README for submitters, with the folder `sr` and addresses in their places."""
    text = (board / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    found = [shlex.split(line) for line in re.findall(r"^ +(priorsr .+)$", text, re.MULTILINE)]
    assert [command[2] for command in found] == ["score", "pack", "verify"]
    for command in found:
        command[:] = [{"SR": "sr", "https://...": "https://example.org"}.get(word, word) for word in command]
    return found


@pytest.fixture
def host(packed: tuple[Path, Path], environment: dict[str, str], tmp_path: Path) -> Host:
    return Host(tmp_path / "host", shutil.copytree(packed[0], tmp_path / "board"), environment)


def submit(host: Host, submission: Path) -> dict[str, Any]:
    clone = host.clone("submitter")
    (clone / "submissions").mkdir()
    shutil.copy(submission, clone / "submissions/your-method.zip")
    return host.open_request(clone)


def merge(host: Host, event: dict[str, Any]) -> tuple[Job, Job | None, Job | None]:
    """Run the jobs of merge.yml, and return how they ended."""
    verified = host.run("merge", "verify", event)
    assert verified is not None
    if not verified.succeeded:
        return verified, None, None
    comment = host.run("merge", "comment", event, {"verify": verified})
    assert comment is not None
    merged = host.run("merge", "merge", event, {"verify": verified, "comment": comment})
    return verified, comment, merged


def test_an_honest_submission_is_verified_commented_merged_and_published(host: Host, packed: tuple[Path, Path]) -> None:
    event = submit(host, packed[1])
    first = host.run("verify", "verify", event)
    assert first is not None
    assert first.succeeded, first.printed
    _, comment, merged = merge(host, event)
    assert comment is not None
    assert merged is not None
    assert (comment.succeeded, merged.succeeded) == (True, True), comment.printed + merged.printed
    assert [line.split()[:3] for line in host.log.read_text().splitlines()] == [
        ["api", "--method", "GET"],
        ["pr", "comment", "7"],
        ["pr", "close", "7"],
    ]
    text = (host.artifacts / "verified/comment.md").read_text()
    assert "### Verified, tier 1: scores recomputed from the images" in text
    assert re.search(r"\| \*\*`Your method`\*\* \|", text)
    assert re.search(r"\| `bicubic` .* (better|worse|not distinguishable)", text)
    assert "trained on `CelebA train`; prior `none`; hardware `one GPU of 80 GB`; paper `https://example.org`" in text
    assert not list(host.root.rglob("pwned"))

    clone = host.clone("published")
    assert sorted({record.model.label for record in read_results(clone)}) == ["Your method", "bicubic"]
    assert {found.tier for found in read_verifications(clone).values()} == {1}
    assert host.git("ls-tree", "--name-only", "-r", "main", "submissions", at=host.origin) == ""
    pages = host.run("pages", "build", event)
    assert pages is not None
    assert pages.succeeded, pages.printed
    index = (host.artifacts / "pages/index.html").read_text()
    assert "<title>Ours &amp; theirs</title>" in index
    assert "Your method" in index
    assert '<a href="https://example.org"' in index
    images = {path.parent.parent.name for path in (host.artifacts / "pages/images").rglob("*.png")}
    assert len(images) == 2, "outputs and faces"


def edited(change: Callable[[dict[str, bytes]], None], source: Path, target: Path) -> Path:
    """A submission with other members, whose manifest is made true again, as a forger would."""
    with zipfile.ZipFile(source) as file:
        members = {name: file.read(name) for name in file.namelist() if name != "manifest.json"}
        manifest = json.loads(file.read("manifest.json"))
    change(members)
    manifest["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    with zipfile.ZipFile(target, "w") as file:
        for name, content in (*members.items(), ("manifest.json", json.dumps(manifest).encode())):
            file.writestr(name, content)
    return target


def another_image(members: dict[str, bytes]) -> None:
    one, other, *_ = (name for name in members if name.endswith(".png"))
    members[one] = members[other]


def a_better_direction(members: dict[str, bytes]) -> None:
    (name,) = (name for name in members if name.startswith("records/"))
    record = json.loads(members[name])
    record["scores"]["ssim"]["higher_is_better"] = False
    members[name] = json.dumps(record).encode()


@pytest.mark.parametrize("forgery", [another_image, a_better_direction])
def test_a_forged_submission_is_told_and_not_merged(
    host: Host, packed: tuple[Path, Path], tmp_path: Path, forgery: Callable[[dict[str, bytes]], None]
) -> None:
    before = host.git("rev-parse", "main", at=host.origin)
    event = submit(host, edited(forgery, packed[1], tmp_path / "forged.zip"))
    first = host.run("verify", "verify", event)
    assert first is not None
    assert first.steps["Verify it"] == "failure"
    assert first.steps["Hand over the submission"] == "success"
    _, comment, merged = merge(host, event)
    assert comment is not None
    assert merged is None
    assert "### Not verified" in (host.artifacts / "verified/comment.md").read_text()
    assert host.log.read_text().splitlines()[-1].split()[:3] == ["pr", "comment", "7"]
    assert host.git("rev-parse", "main", at=host.origin) == before


def test_what_a_changed_workflow_hands_over_is_not_believed(host: Host, packed: tuple[Path, Path]) -> None:
    event = submit(host, packed[1])
    handed = host.artifacts / "submission"
    handed.mkdir(parents=True)
    with zipfile.ZipFile(handed / "submission.zip", "w") as file:
        file.writestr("../board.toml", "title = 'mine'")
    (handed / "comment.md").write_text("### Verified, tier 2")
    (handed / "board.toml").write_text("title = 'mine'")
    _, comment, merged = merge(host, event)
    assert comment is not None
    assert merged is None
    found = (host.artifacts / "verified/comment.md").read_text()
    assert found.startswith("### Not verified")
    assert "../board.toml" in found


@pytest.mark.parametrize("name", ["no.txt", "two.zip", "link.zip"])
def test_a_request_with_anything_but_one_submission_is_refused(
    host: Host, packed: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    clone = host.clone("submitter")
    (clone / "submissions").mkdir()
    if name == "two.zip":
        shutil.copy(packed[1], clone / "submissions/one.zip")
    if name == "link.zip":
        (clone / "submissions" / name).symlink_to("/etc/passwd")
    else:
        (clone / "submissions" / name).write_text("something")
    job = host.run("verify", "verify", host.open_request(clone))
    assert job is not None
    assert job.steps["Find the submission"] == "failure"
    assert "Hand over the submission" not in job.steps


def test_faces_that_may_not_be_published_are_in_no_file_of_the_board_or_its_pages(
    board_of: Callable[[str], Path],
    packed: tuple[Path, Path],
    photographs: Path,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    board = board_of("for non-commercial research only")
    host = Host(tmp_path / "host", board, environment)
    event = submit(host, packed[1])
    first = host.run("verify", "verify", event)
    assert first is not None
    assert first.steps["Bring the face sets"] == "failure", "nobody has filled it in"
    assert "does not permit to publish it: bring_faces.sh has to bring it" in first.printed
    bringing = f"priorsr data import folder {photographs} sets/our-faces --name 'our faces' --split test\n"
    clone = host.clone("maintainer")
    script = (clone / "bring_faces.sh").read_text()
    (clone / "bring_faces.sh").write_text(script.replace("if [", f"{bringing}if ["))
    host.commit(clone, "Bring the faces")
    host.git("push", "--quiet", "origin", "main", at=clone)
    event = submit(host, packed[1])
    first = host.run("verify", "verify", event)
    assert first is not None
    assert first.succeeded, first.printed
    _, _, merged = merge(host, event)
    assert merged is not None
    pages = host.run("pages", "build", event)
    assert pages is not None
    assert pages.succeeded, pages.printed
    files = host.git("ls-tree", "--name-only", "-r", "main", at=host.origin).splitlines()
    assert len([name for name in files if name.startswith("records/")]) == 2
    assert not [name for name in files if name.endswith(".png")]
    assert not list((host.artifacts / "pages").rglob("*.png"))
    index = (host.artifacts / "pages/index.html").read_text()
    assert "Your method" in index
    assert "does not permit to publish them" in index
