from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

import priorsr
from priorsr.bench.board.reported import families, markdown, methods, parse
from priorsr.errors import DataError
from priorsr.metrics.protocol import protocol_names

DOCUMENT = Path(__file__).parents[3] / "docs" / "reported.md"

TABLE = """
| method | A CelebA | A Helen | B CelebA | B Helen | C CelebA | C Helen |
|---|---|---|---|---|---|---|
| bicubic | 23.75/.6423 (FSRNet) | 23.69 | 23.58/.6285 | 23.88/.6628 | 23.61/.6779 | 22.95/.6762 |
| FSRNet | 26.31/.7522 | 25.87 | 26.66/.7714 | 26.43/.7799 | 27.05/.7714 | 25.45/.7364 |
| PFSR (RGB, aligned) | 22.66/.685, MS-SSIM .902 | - | - | - | - | - |
| DIC | 27.37 | 26.69 | 27.37/.8022 | 26.94/.8026 | - | 26.15/.7717 |
| SPARNet | - | 26.97/.8026 | 27.42/.8036 | 26.95/.8029 | 27.73/.7949 | 26.43/.7839 |
| SISN | - | - | 27.31/.7978 | 27.08/.8083 | 27.91/.7971 | 26.64/.7908 |
| SFMNet | - | - | 27.56/.8047 | 27.22/.8141 | 27.85/.7967 | 26.98/.8049 |
| CTCNet | - | - | - | - | 28.37/.8115 | 27.08/.8077 |
"""
"""As the papers have it; the files were typed apart from this."""

Values = dict[tuple[str, str, str], tuple[float | None, ...]]


def of_table(text: str) -> Values:
    """(family, method, test set) -> PSNR, SSIM, MS-SSIM."""
    lines = iter(text.splitlines())
    head = cells(next(line for line in lines if line.startswith("| method |")))
    next(lines)  # the line under the head
    found: Values = {}
    for row in map(cells, takewhile(lambda line: line.startswith("|"), lines)):
        for column, cell in zip(head[1:], row[1:], strict=True):
            family, test_set = column.split()
            if cell != "-":
                found[family, row[0].split()[0], test_set] = numbers(cell)
    return found


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split("|")]


def numbers(cell: str) -> tuple[float | None, ...]:
    psnr, ssim, msssim = re.fullmatch(r"([\d.]+)(?:/(\.\d+))?(?:, MS-SSIM (\.\d+))?(?: \(\w+\))?", cell).groups()
    return float(psnr), ssim and float(ssim), msssim and float(msssim)


def ours() -> Values:
    return {
        (family.name, value.method, value.test_set): (value.psnr, value.ssim, value.msssim)
        for family in families()
        for value in family.values
    }


def test_every_number_is_that_of_the_papers() -> None:
    assert ours() == of_table(TABLE)


def test_every_number_is_that_of_the_collected_facts(shared: Path) -> None:
    text = (shared / "papers.md").read_text(encoding="utf-8")
    assert ours() == of_table(text[text.index("## Published x8 scores") :])


def test_the_comparison_sees_a_wrong_digit() -> None:
    assert ours() != of_table(TABLE.replace("27.08/.8077", "27.08/.8078"))


def test_families_and_the_names_they_use_exist() -> None:
    assert [family.name for family in families()] == ["A", "B", "C"]
    values = [value for family in families() for value in family.values]
    assert {value.protocol for value in values} <= {"", *protocol_names()}
    assert {value.model for value in values} <= {"", *priorsr.names("model")}
    assert methods()[0] == "bicubic"
    assert families()[2].of("DIC", "CelebA") is None


def test_the_documents_table_is_the_data() -> None:
    assert markdown() in DOCUMENT.read_text(encoding="utf-8"), "see docs/reported.md"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('psnr = "27.37"', "family-x.toml: values.0.psnr is '27.37'"),
        ("pnsr = 27.37", "family-x.toml: values.0.pnsr"),
        ("psnr = ", "family-x.toml: cannot be read as TOML"),
    ],
)
def test_a_broken_file_is_told_by_its_name(line, sentence) -> None:
    value = 'method = "DIC"\ntest_set = "Helen"\nsource = "x"\nprotocol = ""\nmodel = ""\n'
    with pytest.raises(DataError, match=re.escape(sentence)):
        parse(f'name = "X"\ntitle = "x"\nnote = "x"\n[[values]]\n{value}{line}\n', "family-x.toml")
