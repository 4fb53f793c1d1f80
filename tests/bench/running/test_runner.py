"""The runner on clouds, with degenerate models whose place among the scores is known."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from doubles import Stored
from PIL import Image
from torch import Tensor, nn

import priorsr
from priorsr.bench import read_results
from priorsr.containers import Prior, SROutput
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.errors import DataError, OptionError, UnknownNameError


def test_a_model_runs_once_for_each_reduction(bench, lr, hr, monkeypatch) -> None:
    cost = bench("bicubic")[0].cost
    monkeypatch.setattr(sys.modules["priorsr.bench.running.model_run"], "measure_cost", lambda *_: cost)
    model = Stored(lr, hr)
    protocols = ["dic@1", "priorsr@1", "kdfsrnet@1", "pfsr@1"]
    records = bench(model, protocols=protocols)
    assert [record.protocol.id for record in records] == protocols
    assert len({record.outputs for record in records}) == 2
    assert model.count == 2 * 5


def test_outputs_are_whole_and_8_bit(bench, lr, hr, tmp_path, faces) -> None:
    (record,) = bench(Stored(lr, hr * 1.5 - 0.25))
    folder = tmp_path / "outputs" / record.outputs
    assert sorted(path.stem for path in folder.iterdir()) == sorted(faces.ids("val"))
    saved = np.asarray(Image.open(folder / "cloud-0.png"))
    expected = ((hr[0] * 1.5 - 0.25).clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    assert np.array_equal(saved, expected)


def test_outputs_can_be_left_out(bench, tmp_path) -> None:
    (record,) = bench("bicubic", save_outputs=False)
    assert record.outputs is None
    assert not (tmp_path / "outputs").exists()


def test_faces_are_kept_for_the_page(bench, tmp_path, faces, hr, lr) -> None:
    (record,) = bench("bicubic")
    folder = tmp_path / "faces" / faces.hash[:12]
    for kind, images in (("hr", hr), (f"lr-{record.protocol.reduction_hash[:12]}", lr)):
        saved = np.asarray(Image.open(folder / kind / "cloud-3.png"))
        assert np.array_equal(saved, (images[3] * 255).round().permute(1, 2, 0).numpy())


def test_bicubic_always_has_a_row(bench, lr, hr, tmp_path) -> None:
    records = bench(Stored(lr, hr), name="oracle", protocols=["dic@1", "pfsr@1"])
    assert {record.model.label for record in records} == {"oracle"}
    labels = [(record.model.label, record.protocol.id) for record in read_results(tmp_path)]
    assert sorted(labels) == [("bicubic", "dic@1"), ("bicubic", "pfsr@1"), ("oracle", "dic@1"), ("oracle", "pfsr@1")]


def test_what_is_finished_is_not_run_again(bench, lr, hr) -> None:
    model = Stored(lr, hr)
    first = bench(model)
    ran = model.count
    assert bench(model) == first
    assert model.count == ran
    bench(model, protocols=["dic@1", "priorsr@1"])  # its images are scored again
    assert model.count == ran
    bench(model, protocols=["dic@1", "pfsr@1"])  # another reduction's are made
    assert model.count > ran


def test_again_runs_it_again_and_replaces_nothing_else(bench, lr, hr, tmp_path) -> None:
    def written() -> dict[str, int]:
        return {path.stem: path.stat().st_mtime_ns for path in (tmp_path / "records").iterdir()}

    model = Stored(lr, hr)
    bench([model, "bicubic"], protocols=["dic@1", "priorsr@1"])
    before, ran = written(), model.count
    again = bench([model, "bicubic"], rerun=True)
    assert model.count > ran
    after = written()
    assert before.keys() == after.keys()
    assert {name for name in after if after[name] != before[name]} == {record.id for record in again}


def test_a_new_label_is_taken_over_without_a_run(bench, lr, hr, tmp_path) -> None:
    model = Stored(lr, hr)
    bench(model, name="before")
    ran = model.count
    (record,) = bench(model, name="after")
    assert model.count == ran
    assert record.model.label == "after"
    assert record in read_results(tmp_path)


def test_another_version_with_the_same_source_keeps_a_record(bench, lr, hr, monkeypatch) -> None:
    model = Stored(lr, hr)
    (first,) = bench(model)
    ran = model.count
    for module in ("priorsr.bench.scoring.finished_record", "priorsr.registry"):
        monkeypatch.setattr(sys.modules[module], "__version__", "99.0")
    assert bench(model) == [first]
    assert model.count == ran


def test_lost_outputs_are_made_again(bench, tmp_path, lr, hr) -> None:
    (record,) = bench(Stored(lr, hr), save_outputs=False)
    (record,) = bench(Stored(lr, hr))
    assert (tmp_path / "outputs" / record.outputs).is_dir()


def test_a_run_that_breaks_off_leaves_nothing_half_done(bench, lr, hr, tmp_path) -> None:
    class Breaks(Stored):
        def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
            if self.count >= 2:
                raise KeyboardInterrupt
            return super().forward(lr, prior)

    with pytest.raises(KeyboardInterrupt):
        bench(Breaks(lr, hr))
    assert [record.model.label for record in read_results(tmp_path)] == ["bicubic"]
    assert len([path for path in (tmp_path / "outputs").iterdir() if path.is_dir()]) == 1


def test_the_model_is_left_as_it_was(bench, lr, hr) -> None:
    model = Stored(lr, hr).train()
    model.part = nn.BatchNorm2d(1).eval()
    bench(model)
    assert model.training
    assert not model.part.training


@pytest.mark.parametrize(
    ("declared", "asked", "given"),
    [
        ("none", "ground-truth", "none"),
        ("optional", "none", "none"),
        ("optional", "ground-truth", "ground-truth"),
        ("required", "none", "ground-truth"),
    ],
)
def test_a_model_gets_the_prior_that_it_declares(bench, lr, hr, declared, asked, given) -> None:
    model = Stored(lr, hr, prior=declared)
    (record,) = bench(model, prior=asked)
    assert record.prior.source == given
    assert all((prior is None) == (given == "none") for prior in model.priors)
    if given != "none":
        assert model.priors[0].parsing.shape == (2, 19, 128, 128)
        assert record.prior.by == "parsing: a formula 1"


def test_a_set_without_priors_cannot_give_one(bench, lr, hr, tmp_path) -> None:
    plain = Face("a", "val", "a", lambda: Pixels(np.zeros((128, 128, 3), np.uint8)))
    bare = write_face_set(tmp_path / "bare", [plain], About(name="bare", source="none", licence="CC0-1.0"))
    with pytest.raises(DataError, match="not every face of the split 'val' has a parsing map"):
        bench(Stored(lr, hr, prior="required"), data=bare, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_mistakes_are_told_before_anything_runs(bench, tmp_path, faces) -> None:
    model = priorsr.create("model", "bicubic")
    for options, error, message in (
        ({"protocols": ["dic@9"]}, UnknownNameError, "dic@9"),
        ({"split": "vol"}, UnknownNameError, "'vol'"),
        ({"scores": ["nonsense"]}, UnknownNameError, "nonsense"),
        ({"scores": "lpips"}, OptionError, r"scores is 'lpips'; a list of names of scores"),
        ({"protocols": "dic@1"}, OptionError, r"protocols is 'dic@1'; a list of one or more protocols"),
        ({"protocols": []}, OptionError, r"protocols is \[\]; a list of one or more protocols"),
        ({"protocols": [3]}, OptionError, "the protocol is 3; an id such as 'dic@1'"),
        ({"data": None}, OptionError, "the face set is None; the path of its folder"),
        ({"name": 3}, OptionError, "name is 3; a text that is not empty was expected"),
        ({"name": " "}, OptionError, "name is ' '; a text that is not empty"),
        ({"batch_size": "8"}, OptionError, "batch_size is '8'; a number from 1"),
        ({"device": "abacus"}, OptionError, "'abacus'"),
        ({"device": "meta"}, OptionError, "'meta'"),
        ({"device": "cuda:99"}, OptionError, "'cuda:99', and torch finds"),
        ({"data": tmp_path / "gone"}, DataError, "gone"),
    ):
        with pytest.raises(error, match=message):
            bench(model, **{"out": tmp_path / "out", **options})
    with pytest.raises(OptionError, match="for 2 models"):
        bench([model, "bicubic"], name="x", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        bench(model, out=tmp_path / "file")


class Brighter(nn.Module):
    """Bicubic enlargement, brightened by a plain attribute."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, lr: Tensor) -> Tensor:
        return nn.functional.interpolate(lr, scale_factor=8, mode="bicubic") + self.by


def test_two_settings_of_one_network_are_two_results(bench, tmp_path) -> None:
    (one,) = bench(Brighter(0.0), name="plain")
    (other,) = bench(Brighter(0.2), name="brighter")
    assert one.scores["psnr"].mean > other.scores["psnr"].mean + 3
    assert {record.model.label for record in read_results(tmp_path)} >= {"plain", "brighter"}
    assert bench(Brighter(0.2), name="brighter") == [other]


def test_a_set_of_another_size_is_scored_as_adapted(bench, tmp_path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    small = write_face_set(
        tmp_path / "small",
        [Face("a", "val", "a", lambda: Pixels(image))],
        About(name="small", source="none", licence="CC0-1.0"),
    )
    (record,) = bench("bicubic", data=small)
    assert record.protocol.adapted_from == 128
    assert "adapted to 64 px" in record.protocol.id
    assert record.scores["psnr"].interval95 is None
