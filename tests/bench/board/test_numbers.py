from __future__ import annotations

import math

import pytest

import priorsr
from priorsr import registry
from priorsr.bench.board.numbers import engineering, half_width, interval, milliseconds, number, score_label


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (47_544, "47.5 k"), (5_203_523, "5.20 M"), (13_700_000_000, "13.7 G"), (2.5e14, "250 T")],
)
def test_counts(value, text) -> None:
    assert engineering(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.511, "0.51 ms"), (34.56, "34.6 ms"), (1234.0, "1.23 s")])
def test_times(value, text) -> None:
    assert milliseconds(value) == text


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("psnr_y", "PSNR Y"),
        ("msssim", "MS-SSIM"),
        ("ssim_rgb", "SSIM RGB"),
        ("lpips", "LPIPS"),
        ("nme", "NME"),
        ("lr_consistency", "LR consistency"),
        ("parsing_agreement_eyes", "Parsing agreement eyes"),
        ("nme_dlib", "NME dlib"),
        ("identity_dlib_match", "Identity dlib match"),
        ("gaze_error", "Gaze error"),
    ],
)
def test_labels(name, label) -> None:
    assert score_label(name) == label


def test_a_score_may_say_how_it_is_headed(monkeypatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    class Gaze:
        kind, higher_is_better, label = "score", False, "Gaze error (degrees)"

    priorsr.register("score", "gaze_error")(Gaze)
    assert score_label("gaze_error") == "Gaze error (degrees)"
    assert score_label("gaze_errors") == "Gaze errors"


def test_scores_have_the_digits_of_their_unit(make_score) -> None:
    psnr, ssim = make_score({"a": 1.0}), make_score({"a": 1.0}, unit="")
    assert number(22.674, psnr) == "22.67"
    assert number(0.58874, ssim) == "0.5887"
    assert number(-0.125, psnr, sign=True) == "\N{MINUS SIGN}0.12"
    assert number(math.inf, psnr) == "∞"
    assert interval((22.0, 23.0), psnr) == "22.00\N{EN DASH}23.00"
    assert interval(None, psnr) == ""
    assert half_width((22.0, 23.0), psnr) == "±0.50"
