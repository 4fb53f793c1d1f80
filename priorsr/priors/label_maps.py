"""Label maps: the classes of parsing maps, and conversions between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from priorsr.errors import PriorsrError, UnknownNameError, did_you_mean
from priorsr.shapes import check_map


@dataclass(frozen=True)
class LabelMap:
    """The classes of a parsing map, in the order of its channels. Left and right are the person's own.

    flip: the class of each class in a mirrored image, in which left and right change places.
    palette: (P,3) uint8, one colour for each class.
    """

    name: str
    classes: tuple[str, ...]
    flip: tuple[int, ...]
    palette: np.ndarray = field(repr=False, compare=False)


def _label_map(name: str, colours: Mapping[str, str]) -> LabelMap:
    classes = tuple(colours)
    swapped = {"left": "right", "right": "left"}
    mirrored = [" ".join(swapped.get(word, word) for word in c.split()) for c in classes]
    palette = np.array([list(bytes.fromhex(colour)) for colour in colours.values()], dtype=np.uint8)
    palette.flags.writeable = False
    return LabelMap(name, classes, tuple(classes.index(c) for c in mirrored), palette)


_CELEBAMASK = {  # the order and the colours of CelebAMask-HQ's tools (Lee et al., CVPR 2020)
    "background": "000000",
    "skin": "cc0000",
    "nose": "4c9900",
    "eyeglasses": "cccc00",
    "left eye": "3333ff",
    "right eye": "cc00cc",
    "left brow": "00ffff",
    "right brow": "ffcccc",
    "left ear": "663300",
    "right ear": "ff0000",
    "mouth": "66cc00",
    "upper lip": "ffff00",
    "lower lip": "000099",
    "hair": "0000cc",
    "hat": "ff3399",
    "earring": "00cccc",
    "necklace": "003300",
    "neck": "ff9933",
    "cloth": "00cc00",
}
_HELEN = (  # the order of Helen's segment labels (Smith et al., CVPR 2013)
    "background",
    "skin",
    "left brow",
    "right brow",
    "left eye",
    "right eye",
    "nose",
    "upper lip",
    "mouth",
    "lower lip",
    "hair",
)
_TO_HELEN = {"eyeglasses": "skin"}  # Helen's maps have no class for glasses, and label what is behind them
_NOT_IN_HELEN = ("left ear", "right ear", "hat", "earring", "necklace", "neck", "cloth")

LABEL_MAPS: Mapping[str, LabelMap] = {
    "celebamask-19": _label_map("celebamask-19", _CELEBAMASK),
    "helen-11": _label_map("helen-11", {name: _CELEBAMASK[name] for name in _HELEN}),
}


def label_map(which: str | int) -> LabelMap:
    """Return the label map of that name, or with that number of classes; raises UnknownNameError."""
    for known in LABEL_MAPS.values():
        if which in (known.name, len(known.classes)):
            return known
    if isinstance(which, int):
        counts = ", ".join(f"{name} has {len(known.classes)}" for name, known in LABEL_MAPS.items())
        raise UnknownNameError(f"there is no label map with {which} classes; {counts}")
    raise UnknownNameError(f"there is no label map {which!r}; {did_you_mean(which, LABEL_MAPS)}")


def to_label_map(parsing: Tensor, name: str) -> Tensor:
    """Convert class probabilities (B,P,H,W) to the label map `name`, (B,Q,H,W), summing over merged classes.

    19 classes become 11: eyeglasses count as skin (our choice), and ears, hat, earrings, necklace, neck and cloth as
    background, as Helen draws them. Any other conversion would have to invent classes, and raises PriorsrError.
    """
    check_map(parsing, None, "to_label_map", "parsing map")
    source, target = label_map(parsing.shape[1]), label_map(name)
    if source is target:
        return parsing
    if (source.name, target.name) != ("celebamask-19", "helen-11"):
        raise PriorsrError(
            f"a parsing map cannot turn from {source.name} into {target.name}: classes would have to be invented"
        )
    merged = [target.classes.index("background" if c in _NOT_IN_HELEN else _TO_HELEN.get(c, c)) for c in source.classes]
    result = parsing.new_zeros(parsing.shape[0], len(target.classes), *parsing.shape[2:])
    return result.index_add(1, torch.tensor(merged, device=parsing.device), parsing)


def parsing_picture(parsing: Tensor) -> Tensor:
    """Draw class probabilities (B,P,H,W) as a picture (B,3,H,W) in [0, 1]: the label map's colours, weighted.

    The palette is fixed, so that a network can learn from it. KDFSRNet's input is such a picture, whose colours are not
    published.
    """
    check_map(parsing, None, "parsing_picture", "parsing map")
    colours = torch.from_numpy(label_map(parsing.shape[1]).palette / 255).to(parsing)
    return torch.einsum("bphw,pc->bchw", parsing, colours)
