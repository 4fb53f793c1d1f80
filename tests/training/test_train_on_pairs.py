"""Training on Datasets of pairs: their own run, card and record, resumed runs, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from test_run import KilledError, kill_at, weights_of
from torch import Tensor
from torch.utils.data import Dataset, Subset

import priorsr
from priorsr.bench.running.entries import entry_from_spec
from priorsr.containers import Prior
from priorsr.errors import DataError, OptionError, PriorsrError
from priorsr.models.weights import read_card
from priorsr.training import RunResult
from priorsr.training.training_command import training_command

Run = Callable[..., RunResult]


class Noise(Dataset):
    """Pairs of 8 and 32 px whose HR is LR repeated, mirrored at random where the item is drawn."""

    def __init__(self, count: int = 10, *, seed: int = 1, scale: int = 4, parsing: bool = False) -> None:
        self.lr = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
        self.scale, self.parsing = scale, parsing

    def __len__(self) -> int:
        return len(self.lr)

    def __getitem__(self, place: int) -> tuple[Any, ...]:
        lr = self.lr[place].flip(-1) if torch.rand(()) < 0.5 else self.lr[place]
        hr = lr.repeat_interleave(self.scale, 1).repeat_interleave(self.scale, 2)
        return (lr, hr, Prior(parsing=torch.full((19, *hr.shape[1:]), 1 / 19))) if self.parsing else (lr, hr)


def split(data: Dataset) -> dict[str, Dataset]:
    return {"data": Subset(data, range(8)), "validation": Subset(data, [8, 9])}


def test_a_killed_run_on_pairs_ends_as_an_unbroken_one_with_processes_or_without(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("toy-distilled", out="whole", **split(Noise()))
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "student", 3)
        run("toy-distilled", **split(Noise()))
    resumed = run("toy-distilled", resume=True, workers=2, **split(Noise()))
    assert weights_of(resumed.folder) == weights_of(whole.folder)
    assert weights_of(run("toy-distilled", out="other", seed=1, **split(Noise())).folder) != weights_of(whole.folder)


def test_the_run_its_card_and_its_record_name_the_pairs_as_declared(run: Run) -> None:
    result = run("toy-distilled", **split(Noise()))
    config = json.loads((result.folder / "config.json").read_text())
    (data,) = config["data"]
    assert {**data, "fingerprint": len(data["fingerprint"])} == {
        "name": "Subset of Noise",
        "count": 8,
        "lr": [8, 8],
        "hr": [32, 32],
        "priors": [],
        "fingerprint": 64,
        "weight": 1.0,
    }
    assert config["validation"]["count"] == 2
    assert training_command(config, ["x"], "out") == ""
    card = read_card(result.products["student"])["card"]
    assert card["data"] == ["Subset of Noise, 8 pairs (unhashed, as declared)"]
    assert card["reduction"] == "as given by the Dataset Subset of Noise"
    assert card["hr_size"] == 32
    (score,) = card["scores"]
    assert score == "psnr_y (priorsr@1 (adapted to 32 px), Subset of Noise, LR as given)"
    assert entry_from_spec(result.products["student"]).training.data == tuple(card["data"])
    report = priorsr.bench.build_report(result.folder).read_text()
    assert "Subset of Noise, 8 pairs" in report


def test_a_face_set_beside_pairs_is_validated_on(run: Run, faces: Path) -> None:
    result = run("toy-distilled", data=[Noise(), (faces, 2.0)])
    card = read_card(result.products["student"])["card"]
    assert card["reduction"] == "pil-bicubic; as given by the Dataset Noise"
    assert [type(part) for part in card["data"]] == [str, dict]
    assert next(iter(card["scores"])).endswith("val)")


WITHOUT_MAPS = {"data": Noise(scale=8), "validation": Noise(4, scale=8, parsing=True)}


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        (
            {"data": Noise()},
            OptionError,
            r"the Dataset Noise: has no split val, .* validation=DATASET or a face set was",
        ),
        ({"data": Noise(), "validation": [1]}, OptionError, "the training data hold a builtins.list; a face set"),
        ({"data": Noise(), "workers": -1, "validation": Noise()}, OptionError, "workers is -1; a number from 0"),
        (
            {"recipe": "supervised", "overrides": {"zoom": 2}, **split(Noise(scale=8))},
            OptionError,
            "zoom is 2, which makes LR anew",
        ),
        (
            {"recipe": "kdfsrnet", "preset": "nano", **WITHOUT_MAPS},
            PriorsrError,
            "'teacher': its 'teacher', given faces to train on: .*the prior has nothing; parsing was expected",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused_before_anything_is_written(
    run: Run, tmp_path: Path, options: dict[str, Any], error: type[PriorsrError], sentence: str
) -> None:
    recipe = options.pop("recipe", "toy-distilled")
    with pytest.raises(error, match=sentence):
        run(recipe, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_resumed_on_other_pairs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Noise()
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "teacher", 2)
        run("toy-distilled", **split(data))
    longer = {**split(data), "data": Subset(data, range(9))}
    with pytest.raises(DataError, match=r"was started with .*\(8 pairs, .* and is given .*\(9 pairs"):
        run("toy-distilled", resume=True, **longer)
    with pytest.raises(DataError, match=r"was started with the face sets Subset of Noise x 1 \(8 pairs, fingerprint"):
        run("toy-distilled", resume=True, **split(Noise(seed=2)))
    with pytest.raises(DataError, match=r"was validated on Subset of Noise .*, and is given Subset of Noise"):
        run("toy-distilled", resume=True, **{**split(data), "validation": Subset(data, [9])})


def test_a_broken_item_ends_the_run_in_one_sentence(run: Run) -> None:
    class Broken(Noise):
        def __getitem__(self, place: int) -> tuple[Tensor, ...]:
            lr, hr = super().__getitem__(place)
            return (lr, hr * 255) if place == 3 else (lr, hr)

    with pytest.raises(DataError, match=r"item 3 of the Dataset Broken: hr has values from .*divided by 255 first"):
        run("toy-distilled", data=Broken(), validation=Noise())
