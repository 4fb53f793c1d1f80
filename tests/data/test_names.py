"""Names that every file system and every list can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from priorsr.data import About, Face, FaceSet, Pixels, write_face_set
from priorsr.data.names import flaw_of_name, is_stray

GOOD = [
    "000001", "a b", "a.b.c", "é", "日本語", "👩\u200d👧", "-rf", "[bold]x", "50%", "a'b\"c", "x" * 200, "a:b?", "a.",
    "a\ufeff", "\u200fa", " a ",
]  # fmt: skip
CONTROL, SHAPE = "it holds a control character or a line separator", "a name without a slash"
BAD = {
    **dict.fromkeys(
        ["a\nb", "a\rb", "a\x00b", "a\x1b[31m", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "a\tb"], CONTROL
    ),
    **dict.fromkeys(["", ".", "..", ".hidden", "a/b", "../a", "a\\b"], SHAPE),
    **dict.fromkeys(["caf\udce9", "\ud800"], "it is not UTF-8"),
    "\ufeffa": "it begins with a byte order mark",
    "x" * 201: "it has 201 bytes; at most 200 were expected",
    "é" * 101: "it has 202 bytes",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_set_with_any_good_name_can_be_opened(tmp_path: Path, tiny_faces: Path, name: str) -> None:
    assert flaw_of_name(name) is None
    pixels = Pixels(FaceSet.open(tiny_faces).image("000000"))
    about = About(name=name, source=name, licence=name)
    made = write_face_set(tmp_path / "set", [Face(name, name, name, lambda: pixels)], about)
    again = FaceSet.open(made.path)
    assert again.splits == (name,)
    assert again.ids(name) == (name,)
    assert (again.image(name) == pixels.image).all()
    assert again.verify() == []


@pytest.mark.parametrize("name", BAD)
def test_bad_names_are_told_with_the_reason(name: str) -> None:
    flaw = flaw_of_name(name)
    assert flaw is not None
    assert flaw.startswith(BAD[name])


def test_what_systems_leave_behind_belongs_to_no_face() -> None:
    strays = (
        ".DS_Store",
        "._a.png",
        "__MACOSX",
        "Thumbs.db",
        "thumbs.db",
        "desktop.ini",
        "Icon\r",
        "@eaDir",
        ".hidden",
    )
    assert all(is_stray(Path("folder", name)) for name in strays)
    assert not any(is_stray(Path(".folder", name)) for name in ("a.png", "Thumbs.png", "MACOSX", "_a.png"))
