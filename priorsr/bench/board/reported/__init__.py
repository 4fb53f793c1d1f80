"""Published scores as data; pages never show them in one column with computed scores.

Three families score the same images differently and must not be mixed: the papers themselves, and two later tables.
A family is a file `family-NAME.toml` in this folder, with the source of each value.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from priorsr.bench.store.values import RecordPart
from priorsr.errors import DataError
from priorsr.reading.mistakes import first_mistake
from priorsr.reading.toml_files import parse_toml


class Reported(RecordPart):
    """A published value of a method on a test set, at scale 8 to 128 pixels; None where a table has none.

    source: the paper with the table, or "unknown". protocol: the id of our protocol that follows the table's script,
    or "" if unknown. model: the registered name of the method, or "".
    """

    method: str
    test_set: str
    source: str
    protocol: str
    model: str
    psnr: float | None = None
    ssim: float | None = None
    msssim: float | None = None
    note: str = ""


class Family(RecordPart):
    """Values that were scored alike, or, in family A, each as its paper does; `note` names their limits."""

    name: str
    title: str
    note: str
    values: tuple[Reported, ...]

    def of(self, method: str, test_set: str) -> Reported | None:
        """Return the value of a method on a test set."""
        return next((value for value in self.values if (value.method, value.test_set) == (method, test_set)), None)


@cache
def families() -> tuple[Family, ...]:
    """Return the families, by name; raises DataError naming the file that is not as expected."""
    there = sorted((file for file in files(__package__).iterdir() if file.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(parse(file.read_text(encoding="utf-8"), file.name) for file in there)


def parse(text: str, name: str) -> Family:
    """Return a family's file; raises DataError naming the file, the key and what is wrong."""
    content = parse_toml(text, name)
    try:
        return Family.model_validate({**content, "values": tuple(content.get("values", ()))})
    except ValidationError as error:
        raise DataError(f"{name}: {first_mistake(error, 'the family')}") from error


def methods() -> list[str]:
    """Return every method of which something was reported."""
    return list(dict.fromkeys(value.method for family in families() for value in family.values))


def markdown() -> str:
    """Return all families as one Markdown table: PSNR in dB / SSIM, a column for each family and test set."""
    columns = [
        (family, test_set)
        for family in families()
        for test_set in dict.fromkeys(value.test_set for value in family.values)
    ]
    head = ["method", *(f"{family.name}: {test_set}" for family, test_set in columns)]
    rows = [[method, *(_cell(family.of(method, test_set)) for family, test_set in columns)] for method in methods()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _cell(value: Reported | None) -> str:
    scores = (value.psnr, value.ssim) if value else ()
    formats = (".2f", ".4f")
    return " / ".join(format(score, how) for score, how in zip(scores, formats, strict=False) if score is not None)
