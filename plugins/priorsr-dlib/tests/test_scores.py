"""The scores by dlib: what HR shows decides where SR is looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

import priorsr
from priorsr.bench import run
from priorsr.bench.scoring.extra_scores import ExtraScores
from priorsr.data.importers.synthetic import synthesise
from priorsr.errors import OptionError, PriorsrError
from priorsr.models.enlarging import enlarge
from priorsr_dlib import found, published
from priorsr_dlib.identity import DlibIdentity, DlibIdentityMatch
from priorsr_dlib.nme import DlibNME

NAMES = ("nme_dlib", "identity_dlib", "identity_dlib_match")


@pytest.fixture(scope="module")
def scores() -> dict[str, Callable[..., Tensor]]:
    return {name: priorsr.create("score", name) for name in NAMES}


@pytest.fixture(scope="module")
def blurred(hr: Tensor) -> Tensor:
    """Faces as bicubic gives them back, in which the detector finds nothing."""
    small = torch.nn.functional.interpolate(hr, (16, 16), mode="bicubic", antialias=True).clamp(0, 1)
    return enlarge(small, 8).clamp(0, 1)


def test_hr_itself_is_perfect(scores, hr: Tensor) -> None:
    assert scores["nme_dlib"](hr, hr).tolist() == [0] * 6
    torch.testing.assert_close(scores["identity_dlib"](hr, hr), torch.ones(6))
    assert scores["identity_dlib_match"](hr, hr).tolist() == [1] * 6


def test_landmarks_that_move_are_told_in_parts_of_the_eyes_distance(scores, hr: Tensor) -> None:
    sr = hr.roll(3, dims=3)
    eyes = found.find_in_hr(hr, None, "test").landmarks[:, [36, 45]].diff(dim=1).norm(dim=-1).flatten()
    torch.testing.assert_close(scores["nme_dlib"](sr, hr), 3 / eyes, rtol=0.5, atol=0)
    assert (scores["nme_dlib"](sr, hr) * eyes).mean().item() == pytest.approx(3, abs=0.7)


def test_another_person_is_another(scores, hr: Tensor) -> None:
    own, other = scores["identity_dlib"](hr.roll(1, dims=3), hr), scores["identity_dlib"](hr.roll(1, dims=0), hr)
    assert own.min() > 0.97
    assert other.mean() < own.mean() - 0.05


def test_a_face_that_cannot_be_found_in_sr_is_judged_by_hrs(scores, hr: Tensor, blurred: Tensor) -> None:
    errors, similar = scores["nme_dlib"](blurred, hr), scores["identity_dlib"](blurred, hr)
    assert ((errors > 0) & (errors < 0.5)).all()
    assert ((similar > 0) & (similar < 0.99)).all()


def test_a_match_is_a_distance_below_the_threshold(hr: Tensor, blurred: Tensor) -> None:
    compared = DlibIdentity().compare(blurred, hr, None, None)
    threshold = compared.distance.median().item() + 1e-4
    matches = DlibIdentityMatch(threshold=threshold)(blurred, hr)
    assert matches.tolist() == (compared.distance < threshold).float().tolist()
    assert 0 < matches.mean() < 1
    assert DlibIdentityMatch().threshold == 0.6


def test_scores_of_a_batch_share_what_they_find(scores, hr, blurred, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {name: scores[name](blurred, hr) for name in NAMES}
    calls = []
    find = found.locate_faces
    monkeypatch.setattr(found, "locate_faces", lambda images, box: calls.append(box) or find(images, box))
    embed = DlibIdentity._embed
    embeds = []
    for score in (DlibIdentity, DlibIdentityMatch):
        monkeypatch.setattr(score, "_embed", lambda *given: embeds.append(1) or embed(*given))
    for order in (NAMES, NAMES[::-1]):
        calls.clear()
        embeds.clear()
        shared: dict = {}
        for name in order:
            torch.testing.assert_close(scores[name](blurred, hr, shared=shared), alone[name])
        assert (len(calls), len(embeds)) == (1, 1)
        DlibNME(box=[0, 0, 1, 1])(blurred, hr, shared=shared)  # another box is another face
        assert len(calls) == 2


def test_without_a_box_a_face_that_is_not_found_is_an_error(hr: Tensor) -> None:
    blank = hr.clone()
    blank[1] = 0.5
    for score in (DlibNME(box=None), DlibIdentity(box=None), DlibIdentityMatch(box=None)):
        with pytest.raises(PriorsrError, match=r"dlib finds no face in HR image 1 of the batch of 6; give a box"):
            score(hr, blank)
        with pytest.raises(PriorsrError, match="dlib finds no face in the HR image 'b'"):
            score(hr, blank, ids=tuple("abcdef"))
        assert score(hr, hr).isfinite().all()


def test_mistakes(hr: Tensor) -> None:
    with pytest.raises(OptionError, match="identity_dlib_match: the threshold is 0; a distance above 0"):
        DlibIdentityMatch(threshold=0)
    with pytest.raises(OptionError, match="nme_dlib: the box is"):
        DlibNME(box=(1, 0, 0, 1))
    with pytest.raises(PriorsrError, match="nme_dlib: SR: image 0 of the batch of 6 holds NaN"):
        DlibNME()(hr * torch.nan, hr)


def test_a_benchmark_shows_them_beside_its_protocol(tmp_path: Path) -> None:
    synthesise(tmp_path / "faces", count=4, seed=0, size=128, val=2, test=1)
    (record,) = run(
        "bicubic", data=tmp_path / "faces", split="val", protocols=["dic@1"], scores=NAMES, out=tmp_path / "results"
    )
    assert record.scores.keys() == {"psnr", "ssim", *NAMES}
    assert [record.scores[name].higher_is_better for name in NAMES] == [False, True, True]
    assert record.extra_scores["nme_dlib"].name == "priorsr-dlib:nme_dlib"
    for name in NAMES:
        facts = record.extra_scores[name]
        assert ("shape_predictor" if name == "nme_dlib" else "recognition_resnet") in facts.networks[1]
        assert facts.weights_hash
    kept = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert not [path for path in kept if path.suffix in (".npy", ".npz", ".pt", ".safetensors")]  # no embedding is kept


def test_without_dlib_they_are_absent_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    for cached in (published.landmark_predictor, published.weights_digest):
        cached.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    scores = ExtraScores.find(NAMES, [])
    assert not scores.present
    for reason in scores.absent.values():
        assert "pip install 'priorsr[landmarks]'" in reason
