from __future__ import annotations

import io
from functools import partial

import pytest
from rich.console import Console

from priorsr.data import parallel


def test_results_come_in_order_and_the_first_error_ends_it() -> None:
    assert list(parallel.parallel_map(lambda x: x * x, range(100), "Squaring")) == [x * x for x in range(100)]
    with pytest.raises(ZeroDivisionError):
        list(parallel.parallel_map(lambda x: 1 // x, [1, 0], "Dividing"))


def test_a_name_is_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(parallel, "Console", partial(Console, file=terminal, force_terminal=True, width=100))
    assert list(parallel.parallel_map(str, [1], "Writing my[/b]set")) == ["1"]
    assert "my[/b]set" in terminal.getvalue()
