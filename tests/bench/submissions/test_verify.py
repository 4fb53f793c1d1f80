"""True submissions pass, and all that can be made here is made again."""

from __future__ import annotations

import zipfile

import pytest
from checking import checked, edited, of_kind, records, refusal, said, summarise

import priorsr
from priorsr import registry
from priorsr.bench import run
from priorsr.bench.submissions import recomputing
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.pack import pack
from priorsr.errors import DataError


def test_true_images_pass_as_tier_1(rounded, synthetic) -> None:
    report = checked(rounded, synthetic)
    assert (report.differences, report.tier, report.recomputed, report.rerun) == ((), 1, 3, ())


def test_arrays_and_weights_pass_as_tier_2(exact, synthetic) -> None:
    with zipfile.ZipFile(exact) as file:
        assert len(of_kind(file.namelist(), ".npy")) == 3
        assert not of_kind(file.namelist(), ".png")
    report = checked(exact, synthetic, faces=2, seed=1)
    assert (said(report), report.tier, report.recomputed, len(report.rerun)) == ([], 2, 3, 2)
    assert report.rerun == checked(exact, synthetic, faces=2, seed=1).rerun


def test_weights_alone_are_rerun(results, weights, synthetic, tmp_path) -> None:
    path = pack(results, records(results, "small"), tmp_path / "a.zip", weights=weights, outputs=False)
    report = checked(path, synthetic)
    assert (said(report), report.tier, report.recomputed, len(report.rerun)) == ([], 2, 0, 3)


def test_a_model_without_weights_is_rerun_by_its_name(results, synthetic, tmp_path) -> None:
    path = pack(results, records(results, "bicubic", "dic@1"), tmp_path / "a.zip")
    report = checked(path, synthetic, faces=3)
    assert (said(report), report.tier) == ([], 2)


def test_rounding_elsewhere_is_no_difference(rounded, synthetic, forge) -> None:
    def nudge(record) -> None:
        for score in record["scores"].values():
            score["per_image"] = {face: value + 9e-5 for face, value in score["per_image"].items()}
            for part in ("value", "mean"):
                score[part] += 9e-5
            score["interval95"] = [end + 9e-5 for end in score["interval95"]]

    assert said(checked(forge(rounded, lambda members: edited(members, nudge)), synthetic)) == []


def test_records_that_share_their_images_are_scored_together(exact, synthetic, monkeypatch) -> None:
    asked = []

    def counted(sr, batch, protocols, extra_scores):
        asked.append([protocol.id for protocol in protocols])
        return evaluate(sr, batch, protocols, extra_scores)

    evaluate = recomputing.evaluate
    monkeypatch.setattr(recomputing, "evaluate", counted)
    assert said(checked(exact, synthetic, faces=1)) == []
    assert [sorted(protocols) for protocols in asked] == [["dic@1", "kdfsrnet@1"]] * 2  # the images, and the rerun


def test_faces_to_run_again(results, exact, rounded, weights, synthetic, tmp_path) -> None:
    assert "4 faces are to be run again; 1 to 3" in refusal(exact, synthetic, faces=4)
    assert "brings no weights" in refusal(rounded, synthetic, faces=1)
    path = pack(results, records(results, "small"), tmp_path / "a.zip", weights=weights, outputs=False)
    assert "brings no SR images" in refusal(path, synthetic, faces=0)


# Other scores


def test_scores_that_cannot_be_made_here_are_said(results, synthetic, monkeypatch, rounded) -> None:
    with Bundle(rounded) as bundle:
        record = bundle.records[0]
        scored = record.model_copy(update={"extra_scores": {"nonsense": None}})
        there, left = recomputing.extra_scores_of([scored])
    assert there.present == {}
    assert "no score 'nonsense'" in left["nonsense"]


def test_extra_scores_and_set_scores_are_computed_again(weights, synthetic, tmp_path, monkeypatch, forge) -> None:
    class Brightness:
        kind, level, higher_is_better = "score", "set", True
        networks = ("Lamp",)

        class Seen:
            def __init__(self) -> None:
                self.total = 0.0

            def add(self, sr, hr) -> None:
                self.total += float(sr.sum() - hr.sum())

            def value(self) -> float:
                return self.total / 1e4

            def warning(self) -> None:
                return "few"

        def start(self):
            return self.Seen()

    class Contrast:
        kind, higher_is_better = "score", True

        def __call__(self, sr, hr):
            return sr.std(dim=(1, 2, 3)) / hr.std(dim=(1, 2, 3))

    monkeypatch.setattr("priorsr.bench.running.profile._SECONDS", 0.0)
    monkeypatch.setattr(registry, "_state", registry._State())
    priorsr.register("score", "brightness")(Brightness)
    priorsr.register("score", "contrast")(Contrast)
    asked = ["brightness", "contrast"]
    run(weights, data=synthetic, split="val", protocols=["pfsr@1"], out=tmp_path / "r", scores=asked)
    mine = records(tmp_path / "r", "small")
    path = pack(tmp_path / "r", mine, tmp_path / "a.zip")
    assert said(checked(path, synthetic)) == []
    bare = checked(pack(tmp_path / "r", mine, tmp_path / "b.zip", weights=weights, outputs=False), synthetic)
    assert said(bare) == []
    assert bare.not_checked.keys() == {"brightness"}

    def flatter(record) -> None:
        record["set_scores"]["brightness"]["value"] += 1.0
        record["set_scores"]["brightness"]["warning"] = None
        record["extra_scores"]["brightness"]["networks"] = []
        contrast = record["scores"]["contrast"]
        contrast["per_image"] = {face: value + 0.01 for face, value in contrast["per_image"].items()}
        summarise(contrast)

    found = said(checked(forge(path, lambda members: edited(members, flatter)), synthetic))
    assert any("set_scores.brightness: the record has" in text for text in found)
    assert any("set_scores.brightness.warning: the record has nothing, and few" in text for text in found)
    assert any("extra_scores.brightness.networks: the record has nothing, and Lamp" in text for text in found)
    assert any("scores.contrast of the face" in text for text in found)


def test_a_protocols_file_is_read_also_where_no_record_is_scored_under_it(rounded, synthetic, tmp_path) -> None:
    """A misspelt name was passed over."""
    with pytest.raises(DataError, match="misspelt@1.toml: there is no such file"):
        checked(rounded, synthetic, protocols=[tmp_path / "misspelt@1.toml"])
