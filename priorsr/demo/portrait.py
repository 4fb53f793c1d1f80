"""A public-domain portrait whose face is found, and cut as the models' training faces are.

`collins.png` is a square of 256 pixels of NASA's portrait of Eileen Collins (1999, photograph S99-02877, in the public
domain), at the size at which scikit-image carries it as `skimage.data.astronaut()`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from priorsr.inference.photographs.alignment import crop_to_photograph
from priorsr.inference.photographs.face_finding import dlib_finder
from priorsr.inference.photographs.windows import FaceWindow

PORTRAIT = Path(__file__).with_name("collins.png")


def portrait_face(size: int) -> Tensor:
    """Return the portrait's face, (3,size,size) in [0, 1], rounded to 8 bits, cut as training faces are.

    It is found by dlib, and turned upright; raises MissingExtraError without the plugin priorsr-dlib.
    """
    with Image.open(PORTRAIT) as file:
        photograph = file.convert("RGB")
    (face,) = dlib_finder()(np.asarray(photograph))
    crop = FaceWindow.around(photograph, crop_to_photograph(face)).crop(size)[0]
    return (crop.clamp(0, 1) * 255).round() / 255
