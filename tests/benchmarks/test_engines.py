from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import engines
from priorsr import create

pytest.importorskip("openvino", reason="the extra openvino is not installed")


def test_every_variant_of_a_network_is_timed_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "networks", lambda: {"tiny": lambda: create("model", "kdfsrnet", preset="nano")})
    eager = {"engine": "eager", "precision": "float32"}
    monkeypatch.setattr(engines, "OURS", {"eager float32": eager, "no such": {"engine": "jit"}})
    engines.main(["--out", str(tmp_path), "--batch", "1", "--seconds", "0.1"])
    rows = {row["variant"]: row for row in json.loads((tmp_path / "engines.json").read_text())["rows"]}
    timed = {"plain", "eager float32", "ONNX Runtime by hand", "OpenVINO f32 by hand", "OpenVINO bf16 by hand"}
    assert set(rows) == {*timed, "no such"}
    assert all(rows[variant]["milliseconds"] > 0 and not rows[variant]["note"] for variant in timed)
    assert "engine is 'jit'" in rows["no such"]["note"]
    table = (tmp_path / "engines.md").read_text().splitlines()
    assert table[0].split(" | ")[1:] == [*(variant for variant in rows if variant != "no such"), "no such |"]
    assert table[2].startswith("| tiny, 16 to 128 px, batch 1 |")
    assert "(1.0 x)" in table[2]
