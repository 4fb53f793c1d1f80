"""Write the page of each kind, from `priorsr/kinds.py`, its checks and its example: `python docs/make_kind_pages.py`.

The pages are kept in docs/kinds, to be read as files; tests/test_kind_pages.py holds them to this.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from torch import Tensor
from torch.utils import _pytree

from priorsr.components import BUILTINS
from priorsr.kinds import KINDS, Kind
from priorsr.testing import CONTRACT, checks_of
from priorsr.testing.examples import example_of

FOLDER = Path(__file__).parent / "kinds"
PAGE = """<!-- Written by docs/make_kind_pages.py from priorsr/kinds.py, the checks and the example: change those. -->

# {name}

{what}

| | |
|---|---|
{facts}

## Example

`priorsr plugin new NAME --kind {name}` writes this module, which passes every check:

```python
{example}```

## Checks

`priorsr plugin check NAME` and `priorsr.testing` test every {name} against contract {contract}:

| check | requirement |
|---|---|
{checks}
"""


def pages() -> dict[str, str]:
    """Return the text of each kind's page, by the name of its file."""
    return {f"{kind.name}.md": _page(kind) for kind in KINDS.values()}


def _page(kind: Kind) -> str:
    module = import_module(f"priorsr.testing.templates.my_{kind.name}")
    component = getattr(module, f"My{kind.name.capitalize()}")
    method = kind.contract.stages if kind.name == "recipe" else kind.contract.__call__
    keywords = ("config",) if kind.configured else kind.keywords
    facts = {
        "constructor": ", ".join(f"`{word}`" for word in keywords) or "no keywords",
        "further options": "fields of `Config`, each with a default" if kind.configured else "each with a default",
        "declares": _declared(kind),
        "call": f"`{method.__name__ if kind.name == 'recipe' else ''}{_signature(method)}`",
        "shapes in the checks": _shapes(kind, component),
        "entry-point group": f"`{kind.group}`",
        "built-in components": ", ".join(f"`{name}`" for name in sorted(BUILTINS[kind.name])),
    }
    checks = (f"| `{check.__name__}` | {_cell(_first_paragraph(check))} |" for check in checks_of(kind.name))
    return PAGE.format(
        name=kind.name,
        what=inspect.cleandoc(kind.contract.__doc__ or ""),
        facts="\n".join(f"| {fact} | {_cell(value)} |" for fact, value in facts.items() if value),
        example=inspect.getsource(module),
        contract=CONTRACT,
        checks="\n".join(checks),
    )


def _declared(kind: Kind) -> str:
    """Return the attributes that a class must declare, with their possible values."""
    values = {"kind": (kind.name,), **kind.facts}
    return "; ".join(
        f"`{fact}`" + (f" = {' or '.join(f'`{value!r}`' for value in of_it)}" if of_it else "")
        for fact, of_it in values.items()
    )


def _signature(method: Callable[..., object]) -> str:
    signature = inspect.signature(method)
    return str(signature.replace(parameters=list(signature.parameters.values())[1:])).replace("'", "")


def _shapes(kind: Kind, component: type) -> str:
    """Return the shapes of a component's arguments in the checks, a batch of two, and of its result."""
    example = example_of(kind.name, kind.name, component)
    inputs = example.inputs(2, False)
    given = [str(tuple(leaf.shape)) for leaf in _pytree.tree_leaves(inputs) if isinstance(leaf, Tensor)]
    returned = [str(shape) for shape in example.shapes(inputs)]
    return f"{', '.join(given)}{' → ' if returned else ''}{', '.join(returned)}"


def _first_paragraph(check: Callable[..., object]) -> str:
    return inspect.cleandoc(check.__doc__ or "").partition("\n\n")[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
