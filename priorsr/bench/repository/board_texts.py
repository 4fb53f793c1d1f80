"""The texts of a board: its file, the pages for submitters and maintainers, and the workflows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from priorsr.bench.board.board_file import NAME, BoardFacts, BoardSet
from priorsr.bench.repository.actions import ACTIONS
from priorsr.metrics import Protocol
from priorsr.version import __version__

_TEXTS = files("priorsr.bench.repository") / "texts"
WORKFLOWS = ("verify", "merge", "pages")


def board_texts(facts: BoardFacts, protocols: Sequence[Protocol]) -> dict[str, str]:
    """Return the texts of a board's files, by their paths in its folder."""
    return {
        NAME: board_file(facts),
        "README.md": _readme(facts, protocols),
        "MAINTAINING.md": _filled("MAINTAINING.md"),
        "requirements.txt": f"priorsr[bench]=={__version__}\n",
        "bring_faces.sh": _filled("bring_faces.sh", steps="".join(map(_bringing, facts.sets))).rstrip() + "\n",
        ".gitignore": "".join(f"{line}\n" for line in _ignored(facts)),
        ".github/pull_request_template.md": _filled("pull_request_template.md"),
        **{f".github/workflows/{name}.yml": _filled(f"{name}.yml", **ACTIONS) for name in WORKFLOWS},
    }


def board_file(facts: BoardFacts) -> str:
    """Return the facts of a board as TOML."""
    content = facts.model_dump(mode="json")
    tables = {name: content.pop(name) for name in ("protocols", "sets")}
    lines = ["# A leaderboard of priorsr. The first tables are the default protocol's; README.md is for submitters."]
    lines += _pairs(content)
    for name, entries in tables.items():
        for entry in entries:
            lines += ["", f"[[{name}]]", *_pairs(entry)]
    return "\n".join(lines) + "\n"


def _pairs(table: dict[str, object]) -> list[str]:
    """Return lines of TOML, whose strings, numbers and lists of these are written as JSON's."""
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]


def _filled(name: str, **values: str) -> str:
    return Template((_TEXTS / f"{name}.txt").read_text(encoding="utf-8")).substitute(values)


def _readme(facts: BoardFacts, protocols: Sequence[Protocol]) -> str:
    first = facts.sets[0]
    lr = (
        f" The LR images are in `faces/{first.hash[:12]}/`, a folder for each way to make them."
        if first.publishable
        else ""
    )
    return _filled(
        "README.md",
        title=facts.title,
        sets="\n".join(_set_line(known) for known in facts.sets),
        protocols="\n".join(_protocol_line(protocol) for protocol in protocols),
        lr=lr,
        folder=shlex.quote(first.folder),
        split=shlex.quote(first.split),
        ids=" ".join(protocol.id for protocol in protocols),
        allowed=" or ".join(facts.allowed_distributions) or "a distribution that board.toml allows, which are none yet",
    )


def _set_line(known: BoardSet) -> str:
    where = f"`{known.folder}`" if known.publishable else "not published: import it yourself, see `bring_faces.sh`"
    return f"| {known.name} {known.version} | {known.split} | {known.count} | {known.licence} | {where} |"


def _protocol_line(protocol: Protocol) -> str:
    reduction, scores = protocol.reduction, ", ".join(protocol.scoring.scores)
    return f"| {protocol.id} | {reduction.kernel}, x{reduction.scale} | {scores} | `{protocol.short_hash}` |"


def _bringing(known: BoardSet) -> str:
    """Return the lines that fetch a set which the repository may not hold."""
    if known.publishable:
        return ""
    manifest = shlex.quote(f"{known.folder}/manifest.json")
    missing = shlex.quote(
        f"{known.folder} is not here, since its licence ({known.licence}) does not permit to publish it: "
        "bring_faces.sh has to bring it"
    )
    return f"""
# {known.name} {known.version}, hash {known.hash}: write here what downloads it from its
# authors and imports it, such as: priorsr data import celeba DOWNLOADED {known.folder}
if [ ! -e {manifest} ]; then
  echo {missing} >&2
  exit 1
fi
"""


def _ignored(facts: BoardFacts) -> list[str]:
    private = [known for known in facts.sets if not known.publishable]
    own = [".partial/", "__pycache__/", "/results/", "/site/"]
    faces = [line for known in private for line in (f"/{known.folder}/", f"/faces/{known.hash[:12]}/")]
    return [*own, *faces, *(["/outputs/"] if len(private) == len(facts.sets) else [])]
