from __future__ import annotations

import pytest
import torch

from priorsr.errors import PriorsrError, ShapeError, UnknownNameError
from priorsr.priors import LABEL_MAPS, label_map, parsing_picture, to_label_map


def probabilities(classes: int) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(2, classes, 5, 4).softmax(1)


@pytest.mark.parametrize("name", LABEL_MAPS)
def test_flip_swaps_sides_and_back(name: str) -> None:
    known = LABEL_MAPS[name]
    for index, mirrored in enumerate(known.flip):
        assert known.flip[mirrored] == index
        sides = {known.classes[index].split()[0], known.classes[mirrored].split()[0]}
        assert sides == {"left", "right"} or index == mirrored
        assert known.classes[index].split()[-1] == known.classes[mirrored].split()[-1]
    assert sum(index != mirrored for index, mirrored in enumerate(known.flip)) == {19: 6, 11: 4}[len(known.classes)]


@pytest.mark.parametrize("name", LABEL_MAPS)
def test_colours_tell_classes_apart(name: str) -> None:
    palette = LABEL_MAPS[name].palette
    assert palette.shape == (len(LABEL_MAPS[name].classes), 3)
    assert len({tuple(colour) for colour in palette.tolist()}) == len(palette)


def test_label_maps_are_found_by_name_and_by_number() -> None:
    assert label_map("helen-11") is label_map(11)
    with pytest.raises(UnknownNameError, match="celebamask-19 has 19, helen-11 has 11"):
        label_map(12)
    with pytest.raises(UnknownNameError, match="did you mean 'celebamask-19'"):
        label_map("celebamask")


def test_19_classes_become_11_by_summing() -> None:
    parsing = probabilities(19)
    merged = to_label_map(parsing, "helen-11")
    assert merged.shape == (2, 11, 5, 4)
    torch.testing.assert_close(merged.sum(1), torch.ones(2, 5, 4))
    source, target = label_map(19).classes, label_map(11).classes
    torch.testing.assert_close(merged[:, target.index("skin")], parsing[:, 1] + parsing[:, source.index("eyeglasses")])
    torch.testing.assert_close(merged[:, target.index("left eye")], parsing[:, source.index("left eye")])
    background = [
        source.index(c) for c in ("background", "left ear", "right ear", "hat", "earring", "necklace", "neck", "cloth")
    ]
    torch.testing.assert_close(merged[:, 0], parsing[:, background].sum(1))


def test_nothing_is_invented() -> None:
    with pytest.raises(PriorsrError, match="would have to be invented"):
        to_label_map(probabilities(11), "celebamask-19")
    assert to_label_map(same := probabilities(11), "helen-11") is same


def test_a_picture_is_the_palette_weighted() -> None:
    sure = torch.zeros(1, 19, 1, 2)
    sure[0, 13, 0, 0] = sure[0, 17, 0, 1] = 1
    picture = parsing_picture(sure)
    torch.testing.assert_close(picture[0, :, 0, 0], torch.tensor([0, 0, 0.8]))  # hair
    half = sure.mean(-1, keepdim=True)
    torch.testing.assert_close(parsing_picture(half), picture.mean(-1, keepdim=True))
    with pytest.raises(UnknownNameError, match="with 5 classes"):
        parsing_picture(torch.zeros(1, 5, 2, 2))
    with pytest.raises(ShapeError):
        parsing_picture(torch.zeros(19, 2, 2))
