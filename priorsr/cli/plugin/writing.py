"""The files of a new plugin, written whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from string import Template

from priorsr.cli.plugin.licences import licence_text
from priorsr.cli.plugin.plan import NewComponent, NewPlugin
from priorsr.new_folder import new_folder, write_texts

_TEXTS = files("priorsr.cli.plugin") / "texts"
_EXAMPLES = files("priorsr.testing.templates")
_BUILT_IN = {"fusion": "concat", "attention": "channel", "retention": "concat", "upsampler": "pixel_shuffle"}
_SMALL = " ".join(
    f"options.{option}" for option in ("width=16", "patch=4", "levels=2", "depth=1", "global_residual=true")
)


def write_plugin(plan: NewPlugin, folder: Path) -> list[Path]:
    """Write a plugin's files into a new folder and return their paths; raises DataError if the folder is there."""
    texts = plugin_files(plan)
    with new_folder(folder, "--out") as beside:
        write_texts(beside, texts)
    return [folder / path for path in texts]


def plugin_files(plan: NewPlugin) -> dict[str, str]:
    """Return the texts of a plugin's files, by their paths in its folder."""
    modules = {f"{plan.package}/{each.module}.py": example(each) for each in plan.components}
    return {
        "pyproject.toml": _filled("pyproject.toml", plan),
        "README.md": _filled("README.md", plan),
        "LICENSE": licence_text(plan.licence, plan.author, datetime.now(UTC).year),
        ".github/workflows/tests.yml": _filled("tests.yml", plan),
        ".gitignore": "__pycache__/\n*.egg-info/\n.venv/\nbuild/\ndist/\n",
        f"{plan.package}/__init__.py": f'"""Components of priorsr: {_listed(plan)}."""\n',
        f"{plan.package}/py.typed": "",
        **modules,
        "tests/test_contract.py": _filled("test_contract.py", plan),
    }


def example(component: NewComponent) -> str:
    """Return the example of a component's kind, as a module with the component's names."""
    text = (_EXAMPLES / f"my_{component.kind}.py").read_text(encoding="utf-8")
    return text.replace(f"My{component.kind.capitalize()}", component.cls).replace(
        f"my_{component.kind}", component.name
    )


def _filled(name: str, plan: NewPlugin) -> str:
    kinds = dict.fromkeys(each.kind for each in plan.components)
    groups = [
        f'[project.entry-points."priorsr.{kind}"]\n'
        + "".join(
            f'{json.dumps(each.name)} = "{plan.package}.{each.module}:{each.cls}"\n'
            for each in plan.components
            if each.kind == kind
        )
        for kind in kinds
    ]
    rows = (f"| {each.kind} | `{each.name}` | `{plan.package}/{each.module}.py` |" for each in plan.components)
    return Template((_TEXTS / f"{name}.txt").read_text(encoding="utf-8")).substitute(
        name=plan.name,
        package=plan.package,
        licence=plan.licence,
        author=json.dumps(plan.author, ensure_ascii=False),
        what=_listed(plan),
        entry_points="\n".join(groups).rstrip(),
        rows="\n".join(rows),
        uses="\n".join(_use(each) for each in plan.components),
    )


def _listed(plan: NewPlugin) -> str:
    return ", ".join(f"the {each.kind} {each.name}" for each in plan.components)


def _use(component: NewComponent) -> str:
    """Return the commands that use a component first, and compare a block with the one that priorsr has."""
    name = component.name
    if component.kind in _BUILT_IN:
        option = f"options.{component.kind}"
        base = f"supervised --set {option}={name} {_SMALL} --data faces"
        return (
            f"priorsr train {base} --out runs/{name} --steps 200\n"
            f"priorsr bench ablate {base} --vary {option}={_BUILT_IN[component.kind]} --split val --out study-{name} "
            "--steps 100 --seeds 3"
        )
    trained = f"--data faces --out runs/{name} --steps 200"
    return {
        "distillation": f"priorsr train kdfsrnet --preset nano --set output_loss={name} {trained}",
        "estimator": f"priorsr info estimator {name}",
        "model": f"priorsr train supervised --set model={name} preset=nano {trained}",
        "recipe": f"priorsr train {name} --preset nano {trained}",
        "score": f"priorsr bench run --model bicubic --score {name} --data faces --split val --protocol priorsr@1 "
        "--out results",
    }[component.kind]
