"""ST-LPIPS is the package's, by a network of our own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

import priorsr
from priorsr.bench.board.numbers import score_label
from priorsr.bench.scoring.extra_scores import ExtraScores
from priorsr.data.synth import draw_faces
from priorsr.errors import DataError, MissingWeightsError, ShapeError
from priorsr_stlpips import score as module
from priorsr_stlpips.score import ShiftTolerantLPIPS

VALUES = [0.482159, 0.501499, 0.451004]  # of the package, for `pair`


@pytest.fixture(scope="module")
def score() -> ShiftTolerantLPIPS:
    return priorsr.create("score", "st_lpips")


@pytest.fixture(scope="module")
def pair() -> tuple[Tensor, Tensor]:
    """Drawn faces with noise, and without, (3,3,128,128) each."""
    hr = draw_faces(seed=0, first=0, count=3).images / 255
    noise = torch.randn(hr.shape, generator=torch.Generator().manual_seed(0))
    return (hr + 0.1 * noise).clamp(0, 1), hr


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tensor, Tensor], Tensor]:
    """The package's own, in which the names that it imports and does not use stand for nothing."""
    pytest.importorskip("torchvision")
    for name, used in (("IPython", "embed"), ("torchsummary", "summary")):
        nothing = ModuleType(name)
        setattr(nothing, used, None)
        monkeypatch.setitem(sys.modules, name, nothing)
    from stlpips_pytorch.stlpips import LPIPS

    network = LPIPS(net="alex", variant="shift_tolerant", verbose=False)
    return lambda sr, hr: network(2 * sr - 1, 2 * hr - 1).detach().flatten()


@pytest.mark.parametrize("sides", [(128, 128), (21, 33), (65, 22), (128, 99)])
def test_values_are_the_packages(score, pair, theirs, sides: tuple[int, int]) -> None:
    sr, hr = (images[..., : sides[0], : sides[1]] for images in pair)
    torch.testing.assert_close(score(sr, hr), theirs(sr, hr), atol=1e-5, rtol=0)


def test_values_are_those_that_the_package_gave(score: ShiftTolerantLPIPS, pair: tuple[Tensor, Tensor]) -> None:
    assert score(*pair).tolist() == pytest.approx(VALUES, abs=1e-4)
    assert score(pair[1], pair[1]).tolist() == [0, 0, 0]
    assert not score.higher_is_better


def test_a_shift_by_a_pixel_matters_little(score: ShiftTolerantLPIPS, pair: tuple[Tensor, Tensor]) -> None:
    hr = pair[1]
    assert (score(hr.roll(1, dims=3), hr) < 0.1 * score(*pair)).all()


def test_precision_and_misfits(score: ShiftTolerantLPIPS, pair: tuple[Tensor, Tensor]) -> None:
    assert score(*(images.bfloat16() for images in pair)).dtype == torch.float32
    assert score(*(images.double() for images in pair)).dtype == torch.float64
    with pytest.raises(ShapeError, match="sr and hr"):
        score(pair[0], pair[1][:1])
    with pytest.raises(ShapeError, match="st_lpips: the images are 20 x 64; sides from 21"):
        score(*torch.rand(2, 1, 3, 20, 64))


def test_missing_and_broken_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / module.PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('never imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, module.PACKAGE, raising=False)
    with pytest.raises(MissingWeightsError, match=r"lacks weights/vST0\.0/alex_shift_tolerant\.pth"):
        ShiftTolerantLPIPS()
    (package / module.FILE).parent.mkdir(parents=True)
    torch.save({"net.slice1.0.weight": torch.zeros(1)}, package / module.FILE)
    with pytest.raises(DataError, match=r"alex_shift_tolerant\.pth: does not hold the weights of ST-LPIPS"):
        ShiftTolerantLPIPS()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'priorsr[bench]'" in ExtraScores.find(["st_lpips"], []).absent["st_lpips"]


def test_tables_head_it_as_its_paper_does() -> None:
    assert score_label("st_lpips") == "ST-LPIPS"
