from __future__ import annotations

import pytest

from priorsr.cli.card import show_card

PRIOR = {"tool": "priorsr-dlib:dlib", "version": "0.1.0", "estimated_from": "hr", "weights": "f" * 64}
DATA = {"name": "faces", "version": "1", "split": "train", "count": 900, "hash": "0123456789abcdef" * 4, "weight": 1.0}
WEIGHTED = {**DATA, "name": "more", "weight": 2.0, "priors": {"landmarks": PRIOR}}
SCORES = {
    "dic@1 on faces val": {
        "nme_dlib": {"value": 0.03646, "interval95": [0.0348, 0.0386]},
        "psnr": {"value": 25.2888, "interval95": [25.0768, 25.4994]},
    },
    "dic@1 on more test": {"psnr": {"value": 23.3, "interval95": None}},
}


def shown(card: dict, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show_card(card)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_set_of_training_data_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown({"data": [DATA, WEIGHTED, "my pairs, 12 of 16 x 16"], "steps": 400}, capsys) == [
        "data: faces 1, train: 900 faces, hash 0123456789ab",
        "data: more 1, train: 900 faces, hash 0123456789ab; weight 2.0; landmarks by priorsr-dlib:dlib 0.1.0, "
        "estimated from hr",
        'data: "my pairs, 12 of 16 x 16"',
        "steps: 400",
    ]


def test_scores_by_protocol_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    title, heads, first, second = shown({"scores": SCORES}, capsys)
    assert title == "Scores: mean, and half its 95 % interval"
    assert heads.split() == ["scores", "under", "psnr", "nme_dlib"]
    assert first.split() == ["dic@1", "on", "faces", "val", "25.29", "±0.21", "0.03646", "±0.0019"]
    assert second.split() == ["dic@1", "on", "more", "test", "23.3"]


@pytest.mark.parametrize(
    ("card", "line"),
    [
        ({"scores": {"psnr_y (priorsr@1, val)": 24.1}}, 'scores: {"psnr_y (priorsr@1, val)": 24.1}'),
        ({"scores": {"a": {"psnr": {"value": "inf"}}}}, 'scores: {"a": {"psnr": {"value": "inf"}}}'),
        ({"scores": {}}, "scores: {}"),
        ({"scores": [1]}, "scores: [1]"),
        ({"data": {"name": "old"}}, 'data: {"name": "old"}'),
        ({"data": [{"name": "x", "hash": 5}]}, 'data: {"name": "x", "hash": 5}'),
        (
            {"data": [{**DATA, "priors": {"parsing": 3}}]},
            "data: faces 1, train: 900 faces, hash 0123456789ab; parsing 3",
        ),
        ({"note": "\x1b[31m[bold]"}, 'note: "\\u001b[31m[bold]"'),
    ],
)
def test_parts_of_another_form_are_json(card: dict, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(card, capsys) == [line]
