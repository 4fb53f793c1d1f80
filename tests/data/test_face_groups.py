from __future__ import annotations

import numpy as np
import pytest

from priorsr.data.face_groups import GROUPS, face_groups
from priorsr.data.face_set import LoadedFace
from priorsr.priors.label_maps import label_map

LABELS = label_map("celebamask-19")
NOTHING = dict.fromkeys(GROUPS, False)


def a_face(nose: int = 50, colour: tuple[int, int, int] = (200, 160, 140), labels=LABELS, **parts: slice) -> LoadedFace:
    """A square face of 100 px, from column 10 to 90, with a nose about a column, and parts in some rows."""
    parsing = np.zeros((100, 100), dtype=np.uint8)
    parsing[10:90, 10:91] = labels.classes.index("skin")
    parsing[45:55, nose - 2 : nose + 3] = labels.classes.index("nose")
    for name, rows in parts.items():
        parsing[rows, 20:80] = labels.classes.index(name)
    image = np.zeros((100, 100, 3), dtype=np.uint8)
    image[:] = colour
    return LoadedFace("face", image, parsing, None)


@pytest.mark.parametrize(
    ("face", "groups"),
    [
        (a_face(), set()),
        (a_face(eyeglasses=slice(30, 34)), {"glasses"}),
        (a_face(eyeglasses=slice(30, 31)), set()),  # 60 of 10,000 pixels
        (a_face(hat=slice(0, 10)), {"hat"}),
        (a_face(nose=59), set()),  # 9 of 80 pixels aside
        (a_face(nose=61), {"turned"}),
        (a_face(nose=39), {"turned"}),
        (a_face(colour=(90, 60, 50)), {"dark"}),
        (a_face(nose=70, colour=(118, 118, 118), hat=slice(0, 10)), {"turned", "dark", "hat"}),  # L* 49.6
        (a_face(colour=(120, 120, 120)), set()),  # L* 50.4
    ],
)
def test_each_group(face: LoadedFace, groups: set[str]) -> None:
    assert face_groups(face, LABELS) == NOTHING | dict.fromkeys(groups, True)


def test_what_a_map_cannot_tell_is_left_out() -> None:
    helen = label_map("helen-11")
    assert set(face_groups(a_face(labels=helen), helen)) == {"turned", "dark"}
    assert face_groups(a_face()._replace(parsing=None), LABELS) == {}
    only_hair = np.full((100, 100), LABELS.classes.index("hair"), dtype=np.uint8)
    assert face_groups(a_face()._replace(parsing=only_hair), LABELS) == {"glasses": False, "hat": False}
