"""Records that older versions wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from priorsr.bench import Record, leaderboards
from priorsr.bench.store.results import parse_record, read_record, record_content
from priorsr.bench.store.score_facts import BootstrapStatistics
from priorsr.errors import DataError

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"


def test_records_of_format_1_are_read_as_what_they_are() -> None:
    found = sorted((RESULTS / "celebamask-mini" / "records").glob("*.json"))
    assert found
    record = read_record(found[0])
    assert (record.format, record.components, record.origin, record.links) == (1, "unknown", "run", {})
    content = json.loads(found[0].read_text(encoding="utf-8"))
    assert record.extra_scores["lr_consistency"].model_dump(mode="json") == content["judges"]["lr_consistency"]
    assert record_content(record) == content


def of_format_1(record: Record) -> dict[str, object]:
    content = record.model_dump(mode="json")
    content["judges"] = content.pop("extra_scores")
    content["statistics"] = {"interval": "percentile bootstrap over images", "resamples": 10_000, "seed": 0}
    return {name: value for name, value in content.items() if name not in ("origin", "components", "links")} | {
        "format": 1
    }


def test_intervals_of_an_older_rule_are_read_and_not_shown(make_record) -> None:
    content = of_format_1(make_record())
    content["scores"]["psnr"]["interval95"] = [20.5, 23.5]
    record = parse_record(json.dumps(content), "r.json")
    assert (record.scores["psnr"].interval95, record.statistics.resamples) == ((20.5, 23.5), 10_000)
    (board,) = leaderboards([record])
    assert board.ranked[0].scores["psnr"].interval95 == make_record().scores["psnr"].interval95
    old = BootstrapStatistics(**content["statistics"])
    assert make_record(statistics=old, scores=record.scores).scores == record.scores
    with pytest.raises(DataError, match=r"interval95 is \(20.5, 23.5\), and the faces' scores make it"):
        parse_record(json.dumps({**content, "statistics": {"interval": "Hall's t over images"}}), "r.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": []}, "components is there, and the format is 1"),
        ({"judges": None}, "extra_scores"),
        ({"format": 3}, "has format 3; this version of priorsr reads 1 and 2"),
        ({"format": True}, "has format True; this"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_not_in_format_1_is_refused(make_record, change, message) -> None:
    content = of_format_1(make_record())
    assert parse_record(json.dumps(content), "r.json").components == "unknown"
    with pytest.raises(DataError, match=rf"r\.json: .*{message}"):
        parse_record(json.dumps({**content, **change}), "r.json")
    del content["judges"]
    with pytest.raises(DataError, match=r"r\.json: judges is missing"):
        parse_record(json.dumps(content), "r.json")


def test_components_are_unknown_in_format_1_only(make_record) -> None:
    with pytest.raises(ValidationError, match="components are 'unknown' in format 2"):
        make_record(components="unknown")
    with pytest.raises(ValidationError, match="in format 1; unknown in 1 only"):
        make_record(format=1)


def test_committed_studies_can_be_read() -> None:
    from priorsr.bench.studies.ablation_report import Ablation
    from priorsr.bench.studies.prior_report import PriorStudy

    for name, kind in (("ablation.json", Ablation), ("priors.json", PriorStudy)):
        found = sorted((RESULTS).glob(f"*/{name}"))
        assert found
        for path in found:
            study = kind.model_validate_json(path.read_bytes())
            assert (study.format == 1) == hasattr(study.statistics, "resamples")
            with pytest.raises(ValidationError, match="statistics are"):
                kind.model_validate_json(json.dumps(json.loads(path.read_bytes()) | {"format": 3 - study.format}))
