"""Classes of the label map `celebamask-19`. Left and right are the person's: a left eye is on the picture's right."""

from __future__ import annotations

from enum import IntEnum


class FaceClass(IntEnum):
    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    EYEGLASSES = 3
    LEFT_EYE = 4
    RIGHT_EYE = 5
    LEFT_BROW = 6
    RIGHT_BROW = 7
    LEFT_EAR = 8
    RIGHT_EAR = 9
    MOUTH = 10
    UPPER_LIP = 11
    LOWER_LIP = 12
    HAIR = 13
    HAT = 14
    EARRING = 15
    NECKLACE = 16
    NECK = 17
    CLOTH = 18
