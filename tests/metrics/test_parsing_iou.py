from __future__ import annotations

import math

import pytest
import torch

from priorsr.errors import ShapeError
from priorsr.metrics.parsing_iou import class_iou, face_iou, mean_iou, parsing_iou


def one_hot(labels: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(labels.long(), classes).movedim(-1, 1).float()


def test_counted_by_hand() -> None:
    prediction = torch.tensor([[[0, 0, 1, 1], [0, 2, 2, 2]]])
    target = torch.tensor([[[0, 1, 1, 1], [0, 0, 2, 2]]])
    intersection, union = parsing_iou(prediction, target, 4)
    assert intersection.tolist() == [2, 2, 2, 0]
    assert union.tolist() == [4, 3, 3, 0]
    iou = class_iou(intersection, union)
    torch.testing.assert_close(iou[:3], torch.tensor([2 / 4, 2 / 3, 2 / 3], dtype=torch.float64))
    assert math.isnan(iou[3])
    assert mean_iou(intersection, union) == pytest.approx((2 / 4 + 2 / 3 + 2 / 3) / 3)


def test_probabilities_count_by_their_largest_and_any_integer_type_is_taken() -> None:
    torch.manual_seed(0)
    labels, target = torch.randint(0, 5, (2, 3, 8, 8))
    soft = one_hot(labels, 5) * 0.5 + 0.1
    wanted = parsing_iou(labels, target, 5)
    for prediction in (soft, labels.to(torch.uint8)):
        for other in (one_hot(target, 5), target.to(torch.uint8)):
            assert all(map(torch.equal, parsing_iou(prediction, other, 5), wanted))


def test_batches_add_up() -> None:
    torch.manual_seed(0)
    labels, target = torch.randint(0, 5, (2, 4, 8, 8))
    whole = parsing_iou(labels, target, 5)
    parts = [parsing_iou(labels[i : i + 1], target[i : i + 1], 5) for i in range(4)]
    assert all(torch.equal(sum(part), all_) for part, all_ in zip(zip(*parts, strict=True), whole, strict=True))
    assert mean_iou(*parsing_iou(target, target, 5)) == 1


def test_a_faces_mean_is_over_the_classes_of_either_map() -> None:
    torch.manual_seed(0)
    labels, target = torch.randint(0, 3, (2, 4, 8, 8))
    target[0] = labels[0] = 2
    wanted = [mean_iou(*parsing_iou(labels[i : i + 1], target[i : i + 1], 5)) for i in range(4)]
    assert face_iou(labels, target, 5).tolist() == pytest.approx(wanted)
    assert wanted[0] == 1


@pytest.mark.parametrize(
    ("prediction", "target", "words"),
    [
        (torch.zeros(1, 4, 8, 8), torch.zeros(1, 8, 8).long(), "has 4 classes; 5 were expected"),
        (torch.zeros(1, 8, 8).long(), torch.zeros(2, 8, 8).long(), r"\(1, 8, 8\) and \(2, 8, 8\)"),
        (torch.full((1, 8, 8), 5), torch.zeros(1, 8, 8).long(), "the class 5; 0 to 4"),
        (torch.full((1, 8, 8), -1), torch.zeros(1, 8, 8).long(), "the class -1; 0 to 4"),
        (torch.zeros(1, 8, 8), torch.zeros(1, 8, 8).long(), r"float32 of shape \(1, 8, 8\)"),
    ],
)
def test_mistakes(prediction: torch.Tensor, target: torch.Tensor, words: str) -> None:
    for iou in (parsing_iou, face_iou):
        with pytest.raises(ShapeError, match=words):
            iou(prediction, target, 5)
