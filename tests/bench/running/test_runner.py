"""The runner on clouds, with degenerate models whose place among the scores is known."""

from __future__ import annotations

import math
import sys
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from doubles import Stored
from PIL import Image
from torch import Tensor, nn

import priorsr
from priorsr.bench import Record, read_results
from priorsr.containers import Prior, SROutput
from priorsr.data.importers.synthetic import synthesise
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.errors import DataError, OptionError, PriorsrError, UnknownNameError


def means(record: Record) -> dict[str, float]:
    return {name: score.mean for name, score in record.scores.items()}


# Degenerate models


def test_the_oracle_is_perfect(bench, lr, hr) -> None:
    (record,) = bench(Stored(lr, hr))
    assert means(record) == {"psnr": math.inf, "ssim": pytest.approx(1.0)}
    assert record.scores["psnr"].interval95 is None


def test_a_grey_image_loses_against_bicubic(bench, lr, hr) -> None:
    grey, bicubic = bench([Stored(lr, torch.full_like(hr, 0.5)), "bicubic"], protocols=["priorsr@1"])
    for name, value in means(bicubic).items():
        assert means(grey)[name] < value, name


def test_shuffled_images_lose(bench, lr, hr) -> None:
    noisy = (hr + 0.02 * torch.randn(hr.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    (paired,) = bench(Stored(lr, noisy))
    (shuffled,) = bench(Stored(lr, noisy.roll(1, dims=0)))
    assert means(shuffled)["psnr"] < means(paired)["psnr"] - 10
    assert means(shuffled)["ssim"] < means(paired)["ssim"] - 0.3


def test_bicubic_is_what_it_was(bench) -> None:
    (record,) = bench("bicubic")
    assert means(record) == {"psnr": pytest.approx(33.159427, abs=1e-4), "ssim": pytest.approx(0.874027, abs=1e-5)}


def test_bicubic_on_synthetic_faces_is_what_it_was(bench, tmp_path) -> None:
    synthetic = synthesise(tmp_path / "set", count=4, seed=0, val=3, test=0)
    (record,) = bench("bicubic", data=synthetic)
    assert means(record) == {"psnr": pytest.approx(22.694, abs=0.01), "ssim": pytest.approx(0.5861, abs=1e-3)}


def test_bicubic_on_photographs_is_what_others_measured(bench, shared, tmp_path) -> None:
    archive = shared / "data" / "celebamask-mini-128.tar"
    if not archive.is_file():
        pytest.skip(f"there is no {archive}")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, (member for member in tar if "val/images" in member.name), filter="data")
    pictures = sorted(tmp_path.rglob("*.png"))
    photographs = [Face(path.stem, "val", "", partial(read, path)) for path in pictures]
    about = About(name="photographs", source="celebamask-mini", licence="non-commercial research")
    (record,) = bench("bicubic", data=write_face_set(tmp_path / "set", photographs, about))
    assert record.data.count == 100
    assert record.scores["psnr"].value == pytest.approx(22.67, abs=0.005)


def read(path: Path) -> Pixels:
    return Pixels(np.asarray(Image.open(path)))


def test_bicubic_is_pils(bench, faces) -> None:
    """PIL rounds between its two passes and ours does not, which moves a pixel by one level at most."""
    (record,) = bench("bicubic", protocols=["priorsr@1"])
    for face in faces.ids("val"):
        hr = Image.fromarray(faces.image(face))
        lr = hr.resize((16, 16), Image.Resampling.BICUBIC)
        sr = np.asarray(lr.resize((128, 128), Image.Resampling.BICUBIC), dtype=float)
        error = (sr - np.asarray(hr))[8:-8, 8:-8]
        expected = 10 * math.log10(255**2 / (error**2).mean())
        assert record.scores["psnr_rgb"].per_image[face] == pytest.approx(expected, abs=0.01)


# What is run, kept, and written


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
    for module in ("priorsr.bench.running.new_record", "priorsr.registry"):
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


# Priors


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


# Scores beside the protocol's


@pytest.fixture
def closeness():
    @priorsr.register("score", "closeness")
    class Closeness:
        kind = "score"
        higher_is_better = False

        def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
            assert sr.min() >= 0
            assert sr.max() <= 1
            return (sr - hr).abs().mean(dim=(1, 2, 3))

    return Closeness


def test_a_score_stands_beside_the_protocols(bench, closeness, lr, hr) -> None:
    (record,) = bench(Stored(lr, hr + 1.0), scores=["closeness"])
    assert list(record.scores) == ["psnr", "ssim", "closeness"]
    assert not record.scores["closeness"].higher_is_better
    expected = {f"cloud-{index}": float((1 - image).mean()) for index, image in enumerate(hr)}
    assert record.scores["closeness"].per_image == pytest.approx(expected, abs=1e-6)


def test_a_score_asked_for_later_is_added(bench, closeness) -> None:
    bench("bicubic")
    (record,) = bench("bicubic", scores=["closeness"])
    assert "closeness" in record.scores


def test_a_score_that_cannot_be_had_is_absent_with_the_reason(bench) -> None:
    @priorsr.register("score", "weightless")
    class Weightless:
        kind = "score"
        higher_is_better = True

        def __init__(self) -> None:
            raise priorsr.errors.MissingWeightsError("weights.pth goes to ~/.cache")

    (record,) = bench("bicubic", scores=["weightless"])
    assert record.absent == {"weightless": "weights.pth goes to ~/.cache"}


@pytest.mark.parametrize("again", [False, True])
def test_a_score_that_a_record_has_is_not_said_to_be_absent_where_it_can_no_longer_be_had(bench, again) -> None:
    """A score of the set, whose weights are lost after it was computed; also where another one is added then."""

    @priorsr.register("score", "size")
    class Size:
        kind, level, higher_is_better = "score", "set", True
        lost = False

        def __init__(self) -> None:
            if self.lost:
                raise priorsr.errors.MissingWeightsError("size.pth is absent")

        def start(self) -> Size:
            self.count = 0.0
            return self

        def add(self, sr, hr) -> None:
            self.count += len(sr)

        def value(self) -> float:
            return self.count

        def warning(self) -> None:
            return None

    bench("bicubic", scores=["size"])
    Size.lost = True
    (record,) = bench("bicubic", scores=["size", *(["lr_consistency"] if again else [])])
    assert record.set_scores["size"].value == 5
    assert record.absent == {}
    assert ("lr_consistency" in record.scores) == again


# Mistakes


def test_a_wrong_size_of_answer_is_told(bench, lr, hr) -> None:
    with pytest.raises(PriorsrError, match=r"the model Stored makes \(2, 3, 64, 64\) of LR images \(2, 3, 16, 16\)"):
        bench(Stored(lr, hr[..., :64, :64]))


def test_nan_is_told_with_the_image(bench, lr, hr) -> None:
    hr[3, 0, 5, 5] = math.nan
    with pytest.raises(PriorsrError, match="the model Stored makes NaN or infinity of the face 'cloud-3'"):
        bench(Stored(lr, hr))


@pytest.mark.parametrize("level", ["image", "set"])
def test_a_broken_score_ends_the_run_at_the_first_batch(bench, lr, hr, level) -> None:
    class Broken:
        kind = "score"
        higher_is_better = True

        seen = 0

        def __call__(self, sr, hr):
            Broken.seen += len(sr)
            return sr.mean((1, 2, 3)) * math.nan

        def start(self):
            return self

        def add(self, sr, hr):
            Broken.seen += len(sr)
            raise ValueError("no nose")

    Broken.level = level
    priorsr.register("score", f"broken-{level}")(Broken)
    sentence = {"image": "is NaN for the face 'cloud-0'", "set": "raises ValueError .* faces 'cloud-0' to 'cloud-1'"}
    with pytest.raises(PriorsrError, match=f"the score 'broken-{level}' {sentence[level]}"):
        bench(Stored(lr, hr), scores=[f"broken-{level}"])
    assert Broken.seen == 2


def test_a_score_with_both_infinities_has_no_mean(bench, lr, hr) -> None:
    @priorsr.register("score", "extreme")
    class Extreme:
        kind = "score"
        higher_is_better = True
        needs = ("ids",)

        def __call__(self, sr, hr, ids):
            return torch.tensor([math.inf if face == "cloud-0" else -math.inf for face in ids])

    with pytest.raises(PriorsrError, match="the score 'extreme' is ∞ for some faces and -∞ for others"):
        bench(Stored(lr, hr), scores=["extreme"])


def test_mistakes_are_told_before_anything_runs(bench, tmp_path, faces) -> None:
    model = priorsr.create("model", "bicubic")
    for options, error, message in (
        ({"protocols": ["dic@9"]}, UnknownNameError, "dic@9"),
        ({"split": "vol"}, UnknownNameError, "'vol'"),
        ({"scores": ["nonsense"]}, UnknownNameError, "nonsense"),
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
