from __future__ import annotations

import pytest

from priorsr.execution import parallel


def test_results_come_in_order_and_the_first_error_ends_it() -> None:
    assert list(parallel.parallel_map(lambda x: x * x, range(100), "Squaring")) == [x * x for x in range(100)]
    with pytest.raises(ZeroDivisionError):
        list(parallel.parallel_map(lambda x: 1 // x, [1, 0], "Dividing"))


def test_a_name_is_no_markup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what Rich takes for a terminal
    monkeypatch.setenv("COLUMNS", "100")
    assert list(parallel.parallel_map(str, [1], "Writing my[/b]set")) == ["1"]
    assert "my[/b]set" in capsys.readouterr().err
