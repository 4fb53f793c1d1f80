"""Overlays mark what is known and inside, and leave the image alone."""

from __future__ import annotations

import torch

from priorsr.viz.overlays import draw_landmarks


def test_known_landmarks_inside_are_marked() -> None:
    images = torch.zeros(2, 3, 8, 8)
    landmarks = torch.tensor([[[1.2, 2.0], [5.0, 6.0], [20.0, 1.0]]] * 2)
    valid = torch.tensor([[True, False, True], [True, True, True]])
    drawn = draw_landmarks(images, landmarks, valid)
    assert not images.any()
    assert drawn.any(1).nonzero().tolist() == [[0, 2, 1], [1, 2, 1], [1, 6, 5]]  # face, y, x
