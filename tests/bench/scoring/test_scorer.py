from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import priorsr
from priorsr.bench.scoring import scorer
from priorsr.bench.scoring.scorer import SCORING, Fault, known_faults, known_wrong, scorer_hash
from priorsr.bench.store.score_facts import ExtraScoreFacts, RecordedSetScore
from priorsr.errors import OptionError
from priorsr.reading.toml_files import parse_toml
from priorsr.sources.closure import Closure


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("metrics/psnr.py", "-10 * error", "-9 * error", True),
        ("data/reduction.py", "def reduce(", "ONE = 1\n\n\ndef reduce(", True),
        ("bench/statistics/means.py", "ALPHA, POWER = 0.05", "ALPHA, POWER = 0.06", True),
        ("metrics/psnr.py", '"""Peak', '"""The peak', False),
        ("blocks/gates.py", "import", "ONE = 1\nimport", False),
        ("bench/store/records.py", "FORMAT: Literal[2] = 2", "FORMAT: Literal[2] = 1 + 1", False),
    ],
)
def test_the_hash_is_of_the_code_that_scores(tmp_path: Path, name: str, old: str, new: str, changes: bool) -> None:
    copy = tmp_path / "priorsr"
    shutil.copytree(Path(priorsr.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    text = (copy / name).read_text(encoding="utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    program = f"from priorsr.sources import code_hash; print(code_hash({SCORING!r}))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={}, check=True, capture_output=True, text=True
    )
    assert (found.stdout.strip() != scorer_hash()) == changes


def test_all_that_scores_is_found() -> None:
    modules = set(Closure(SCORING, lambda name: "priorsr" if name.startswith("priorsr.") else None).modules)
    assert {"priorsr.bench.scoring.evaluation", "priorsr.metrics.scoring", "priorsr.metrics.ssim"} <= modules
    assert {
        "priorsr.data.reduction",
        "priorsr.bench.statistics.means",
        "priorsr.bench.scoring.deterministic",
    } <= modules
    assert not {"priorsr.bench.store.records", "priorsr.data.face_set", "priorsr.models.weights"} & modules


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (
        Fault("0.2.0", "0.10.0", ("psnr", "ssim"), "the border was cut twice", ("dic",)),
        Fault("0.2.0", "0.3.0", ("fid",), "the covariance was of half the images"),
    )
    monkeypatch.setattr(scorer, "known_faults", lambda: found)


@pytest.mark.parametrize(
    ("version", "wrong"),
    [("0.1.9", set()), ("0.2.0", {"psnr", "fid"}), ("0.9.1.dev3", {"psnr"}), ("0.10.0", set()), ("1.0", set())],
)
def test_scores_of_versions_known_to_be_wrong_are_marked(make_record, faults, version, wrong) -> None:
    fid = RecordedSetScore(value=30.0, higher_is_better=False, count=3, warning=None)
    facts = ExtraScoreFacts(name="fid", version="1", weights_hash=None, networks=(), trained_with=())
    record = make_record(scorer_version=version, set_scores={"fid": fid}, extra_scores={"fid": facts})
    assert known_wrong(record).keys() == wrong
    if "psnr" in wrong:
        assert known_wrong(record)["psnr"] == f"priorsr {version} computed it wrongly: the border was cut twice"


def test_the_table_is_read_and_the_example_in_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(scorer.__file__).parent / "known_wrong.toml").read_text(encoding="utf-8")
    (example,) = re.findall(r"# \[\[wrong\]\]\n(?:# .*\n)+", text)
    for content, expected in ((text, 0), (re.sub(r"(?m)^# ", "", example), 1)):
        monkeypatch.setattr(scorer, "parse_toml", lambda _, name, content=content: parse_toml(content, name))
        known_faults.cache_clear()
        assert len(known_faults()) == expected
    monkeypatch.setattr(scorer, "parse_toml", lambda *_: {"wrong": [{"since": "0.1", "before": "0.2"}]})
    known_faults.cache_clear()
    with pytest.raises(OptionError, match="known_wrong"):
        known_faults()
    monkeypatch.undo()
    known_faults.cache_clear()
