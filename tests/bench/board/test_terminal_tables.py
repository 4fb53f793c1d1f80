from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from priorsr.bench.board.terminal_tables import tables
from priorsr.bench.store.run_facts import PriorFacts


def test_tables_fit_80_columns_and_hold_every_row(make_record, make_score) -> None:
    values = {"a": 20.0, "b": 22.0, "c": 24.0}
    names = ("psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb", "msssim")
    scores = {name: make_score(values) for name in names}
    told = PriorFacts(source="ground-truth", by="a formula")
    records = [
        make_record("bicubic", scores=scores),
        make_record("[network]", scores={name: make_score({**values, "a": 21.5}) for name in names}),
        make_record("told", scores=scores, prior=told),
    ]
    console = Console(width=80, record=True, file=StringIO())
    shown = list(tables(records))
    for table in shown:
        console.print(table)
    text = console.export_text()
    assert len(shown) == 2
    assert "…" not in text
    ranks = "rank 1\u20132"
    for part in ("bicubic", "baseline", "[network]", ranks, "22.00", "±4.97", "+0.50", "5.20 M", "13.7 G", "34.5 ms"):
        assert part in text
    assert "not ranked with the others" in text
    assert text.index("told") > text.index("with a prior beyond LR")


def test_a_name_that_looks_like_markup_is_shown_as_it_is(make_record, make_score) -> None:
    data = make_record("x").data.model_copy(update={"name": "my[/b]set"})
    (table,) = tables([make_record("x", data=data, scores={"[/i]": make_score(dict.fromkeys("abc", 1.0))})])
    console = Console(width=200, record=True, file=StringIO())
    console.print(table)
    text = console.export_text()
    assert "dic@1 on my[/b]set val" in text
    assert "[/i]" in text


def test_no_control_character_of_a_label_reaches_a_console(make_record) -> None:
    (table,) = tables([make_record("a\x1b[31mred\x9b2J\u202ebdesrever")])
    console = Console(width=200, record=True, file=StringIO())
    console.print(table)
    text = console.export_text()
    assert r"a\x1b[31mred\x9b2J\u202ebdesrever" in text
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("width", [20, 40, 60, 120])
def test_a_narrow_terminal_breaks_no_number(make_record, make_score, width: int) -> None:
    names = ("psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb", "msssim")
    scores = {name: make_score({"a": 20.0, "b": 22.0, "c": 24.0}) for name in names}
    (table,) = tables([make_record("A method with a long name", scores=scores), make_record("bicubic", scores=scores)])
    console = Console(width=width, record=True, file=StringIO())
    console.print(table)
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for whole, times in {"22.00": 10, "±4.97": 10, "5.20 M": 2, "13.7 G": 2, "34.5 ms": 2, "MS-SSIM": 1}.items():
        assert text.count(whole) == times, whole
    parts = text.count("bicubic")
    assert (parts == 1) == (width == 120)
