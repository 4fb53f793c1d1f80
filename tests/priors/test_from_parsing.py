from __future__ import annotations

import numpy as np
import pytest
import torch

from priorsr.data.synth import draw_faces
from priorsr.errors import ShapeError
from priorsr.priors import label_map, landmarks_from_parsing

CLASSES = label_map(19).classes
GROUPS = {  # the largest median error at 128 px, in pixels; the jaw is compared with the outline, not point by point
    "brows": (range(17, 27), 1.0),
    "bridge": (range(27, 31), 2.0),
    "base of the nose": (range(31, 36), 1.0),
    "eyes": (range(36, 48), 1.0),
    "outer lips": (range(48, 60), 1.0),
    "inner lips": (range(60, 68), 1.5),
}


@pytest.fixture(scope="module")
def faces() -> tuple[torch.Tensor, torch.Tensor]:
    """Parsing maps of synthetic faces, and their exact landmarks."""
    drawn = draw_faces(5, 0, 24)
    return drawn.parsing, drawn.landmarks


def box(parsing: torch.Tensor, name: str, x: tuple[int, int], y: tuple[int, int]) -> None:
    parsing[..., y[0] : y[1] + 1, x[0] : x[1] + 1] = CLASSES.index(name)


def diagram() -> torch.Tensor:
    """A face of boxes: skin from (24, 20) to (103, 110) on background."""
    parsing = torch.zeros(1, 128, 128, dtype=torch.uint8)
    box(parsing, "skin", (24, 103), (20, 110))
    for name, x in (("right", (40, 51)), ("left", (76, 87))):
        box(parsing, f"{name} eye", x, (50, 53))
        box(parsing, f"{name} brow", x, (40, 42))
    box(parsing, "nose", (58, 69), (55, 74))
    box(parsing, "upper lip", (52, 75), (86, 88))
    box(parsing, "lower lip", (52, 75), (89, 92))
    return parsing


def test_a_diagram_is_read_to_the_pixel() -> None:
    landmarks, valid = landmarks_from_parsing(diagram())
    assert landmarks.shape == (1, 68, 2)
    assert landmarks.dtype == torch.float32
    assert valid.all()
    expected = {
        36: (39.5, 51.5), 39: (51.5, 51.5), 42: (75.5, 51.5), 45: (87.5, 51.5),  # corners of the eyes
        37: (43.5, 49.5), 41: (43.5, 53.5),  # lids
        17: (39.5, 41), 21: (51.5, 41), 24: (81.5, 41),  # brows
        33: (63.5, 74.5), 27: (63.5, 51.5),  # nose
        48: (51.5, 89), 54: (75.5, 89), 51: (63.5, 85.5), 57: (63.5, 92.5), 62: (63.5, 88.5), 66: (63.5, 88.5),  # lips
        0: (24, 51.5), 8: (63.5, 110), 16: (103, 51.5),  # jaw
    }  # fmt: skip
    for point, (x, y) in expected.items():
        assert landmarks[0, point].tolist() == pytest.approx([x, y], abs=0.6), point


@pytest.mark.parametrize("name", GROUPS)
def test_it_agrees_with_exact_landmarks(faces: tuple[torch.Tensor, torch.Tensor], name: str) -> None:
    parsing, exact = faces
    points, limit = GROUPS[name]
    landmarks, valid = landmarks_from_parsing(parsing)
    chosen = list(points)
    error = (landmarks - exact)[:, chosen].norm(dim=-1)[valid[:, chosen]]
    assert valid[:, chosen].float().mean() > 0.7
    assert error.median() < limit


def test_the_jaw_lies_on_the_exact_outline(faces: tuple[torch.Tensor, torch.Tensor]) -> None:
    parsing, exact = faces
    landmarks, valid = landmarks_from_parsing(parsing)
    start, end = exact[:, :16], exact[:, 1:17]
    steps = torch.linspace(0, 1, 40)[:, None, None, None]
    outline = (start + (end - start) * steps).transpose(0, 1).flatten(1, 2)  # (N,40*16,2)
    distance = torch.cdist(landmarks[:, :17], outline).amin(-1)[valid[:, :17]]
    assert valid[:, :17].float().mean() > 0.3
    assert distance.median() < 1.5


def test_probabilities_say_the_same_as_indices(faces: tuple[torch.Tensor, torch.Tensor]) -> None:
    parsing = faces[0][:2]
    one_hot = torch.nn.functional.one_hot(parsing.long(), 19).movedim(-1, 1).float()
    for a, b in zip(landmarks_from_parsing(parsing), landmarks_from_parsing(one_hot), strict=True):
        assert torch.equal(a, b)


def test_a_tilted_face_gives_tilted_landmarks() -> None:
    parsing = diagram()
    angle = np.deg2rad(15)
    y, x = np.meshgrid(np.arange(128) - 63.5, np.arange(128) - 63.5, indexing="ij")
    source_x, source_y = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    index = [np.clip(np.rint(part + 63.5), 0, 127).astype(int) for part in (source_y, source_x)]
    straight, _ = landmarks_from_parsing(parsing)
    tilted, valid = landmarks_from_parsing(parsing[:, index[0], index[1]])
    matrix = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=torch.float32)
    expected = (straight - 63.5) @ matrix.T + 63.5
    inner = [p for p in range(17, 68) if p not in range(60, 68)]
    assert valid[0, inner].all()
    assert (tilted - expected)[0, inner].norm(dim=-1).max() < 2.0


def test_what_is_absent_is_not_valid() -> None:
    parsing = diagram()
    parsing[parsing == CLASSES.index("right eye")] = CLASSES.index("skin")
    parsing[parsing == CLASSES.index("left brow")] = CLASSES.index("hair")
    landmarks, valid = landmarks_from_parsing(parsing)
    assert not valid[0, 36:42].any()
    assert valid[0, 42:48].all()
    assert not valid[0, 22:27].any()
    assert valid[0, 17:22].all()
    assert not valid[0, :17].any()  # without both eyes, nobody knows where the jaw begins
    assert valid[0, 31:36].all()
    assert landmarks.isfinite().all()
    assert (landmarks[~valid] == 0).all()
    empty, none = landmarks_from_parsing(torch.zeros(3, 16, 16, dtype=torch.uint8))
    assert not none.any()
    assert empty.abs().max() == 0


def test_the_jaw_is_valid_only_where_the_face_ends() -> None:
    parsing = diagram()
    parsing[:, 20:111, 104:] = CLASSES.index("hair")
    parsing[:, 111:, :] = CLASSES.index("neck")
    _, valid = landmarks_from_parsing(parsing)
    assert valid[0, :9].all()  # background on the left, neck below
    assert not valid[0, 13:17].any()  # hair on the right
    cut = diagram()[:, :100]  # the chin is outside
    _, valid = landmarks_from_parsing(cut)
    assert not valid[0, 8]
    assert valid[0, 0]


def test_a_face_is_read_the_same_alone_and_in_company(faces: tuple[torch.Tensor, torch.Tensor]) -> None:
    together = landmarks_from_parsing(faces[0])
    alone = landmarks_from_parsing(faces[0][7:8])
    torch.testing.assert_close(together[0][7:8], alone[0], atol=1e-4, rtol=0)
    assert torch.equal(together[1][7:8], alone[1])


def test_misfits_are_told() -> None:
    with pytest.raises(ShapeError, match=r"\(B, 19, H, W\)"):
        landmarks_from_parsing(torch.zeros(1, 11, 8, 8))
