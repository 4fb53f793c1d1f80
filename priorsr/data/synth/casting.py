"""Draw the random traits of faces, so that related traits occur together."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.data.synth.dice import Dice, palette, ramp
from priorsr.data.synth.traits import (
    Brows,
    Cloth,
    Eyes,
    Hair,
    Head,
    Mouth,
    Nose,
    Pose,
    Scene,
    Skin,
    Traits,
    Wear,
)

SKIN = palette("efc4ab e8b493 dc9f79 c98a60 a16a46 70442c 4a2b20")
HAIR = palette("0d0b0a 1c1310 33211a 543622 7a4e2b a87a45 d3b27a e9d9b5")
FANCY = palette("8c2f1a 6b1f28 b5552a e8e4dc d05a8c 3d6fb0")
IRIS = palette("2b1608 4a2a12 6b4a22 6d7a3f 5f8a86 6f9cc4 8aa3b0")
LIPS = palette("c47a70 b8595c a63d44 b3122a 8c1f3f d8727e 6e2434")
SHADOWS = palette("6b4a44 3a2a33 7a5a86 4a5f86 8c6a4a 2a2a2e b08a9a")
METAL = palette("d9b25a c9ccd1 e8c49a f2f2ee b03030 2f6f8f")
FRAMES = palette("0c0c0e 1b1512 4a2c18 6e6e74 a8843c 5a1420 1d2f52")
FABRIC = palette("101114 17181c 22314f f0efec d9d6cf 8d9096 7d1f26 2f5a4a b5652a c9a66b 4f7fb5 c76a8a 5a3f6e e3c14a")
BACKDROPS = palette(
    "060607 0e0f12 14161c 0b0b0d 1e1a17 26221f 3a3530 f4f4f2 e4e2de c8ccd2 8fa6bd 5a7fa8 "
    "6d7c5a 3f5a36 a88b6a c9b49a 7a2f2f b04a7a 2a3f66 d0a04a"
)

# The means of each style: amount, length, front, top, side, flare, opening, hairline, fringe, jag, wave, curl, comb
STYLES = {
    "bald": (0.0, 0.0, 0.05, 0.01, 0.01, 0.0, 1.05, -0.5, 0.0, 0.0, 0.0, 0.0, 1.0),
    "shorn": (0.75, 0.0, 0.06, 0.015, 0.012, 0.0, 0.99, -0.49, 0.0, 0.01, 0.0, 0.0, 1.0),
    "receding": (0.95, 0.0, 0.1, 0.035, 0.05, 0.0, 0.99, -0.63, 0.0, 0.02, 0.0, 0.1, 1.0),
    "crop": (1.0, 0.0, 0.08, 0.08, 0.03, 0.0, 0.97, -0.46, 0.04, 0.05, 0.0, 0.05, 1.0),
    "swept": (1.0, 0.0, 0.12, 0.11, 0.05, 0.0, 0.97, -0.47, 0.03, 0.03, 0.01, 0.05, 0.8),
    "mop": (1.0, 0.2, 0.2, 0.1, 0.1, 0.0, 0.93, -0.46, 0.2, 0.07, 0.01, 0.1, 0.0),
    "curls": (1.0, 0.0, 0.1, 0.15, 0.11, 0.0, 0.96, -0.46, 0.05, 0.05, 0.02, 0.8, 0.6),
    "afro": (1.0, 0.15, 0.1, 0.28, 0.25, 0.0, 0.96, -0.47, 0.0, 0.03, 0.0, 1.0, 1.0),
    "tied": (1.0, 0.0, 0.05, 0.05, 0.03, 0.0, 0.98, -0.5, 0.0, 0.01, 0.0, 0.0, 1.0),
    "tail": (1.0, 1.5, 0.05, 0.06, 0.05, 0.1, 0.97, -0.49, 0.02, 0.02, 0.02, 0.05, 0.9),
    "bob": (1.0, 0.66, 0.62, 0.1, 0.2, 0.1, 0.88, -0.48, 0.02, 0.06, 0.01, 0.05, 0.0),
    "fringe": (1.0, 1.2, 1.2, 0.1, 0.2, 0.15, 0.88, -0.46, 0.24, 0.05, 0.01, 0.05, 0.0),
    "straight": (1.0, 1.6, 1.6, 0.09, 0.18, 0.2, 0.88, -0.49, 0.0, 0.03, 0.008, 0.05, 0.0),
    "wavy": (1.0, 1.5, 1.5, 0.12, 0.27, 0.25, 0.87, -0.48, 0.03, 0.06, 0.03, 0.2, 0.0),
    "ringlets": (1.0, 1.3, 1.3, 0.14, 0.32, 0.2, 0.88, -0.46, 0.05, 0.07, 0.04, 0.65, 0.0),
}
STYLE_TABLE = torch.tensor(list(STYLES.values()))
# How often each style is worn, in the same order
MALE_STYLES = torch.tensor([7, 12, 12, 20, 22, 8, 8, 4, 0, 1, 0, 0, 2, 2, 1.0])
FEMALE_STYLES = torch.tensor([0.3, 1, 0, 3, 3, 3, 3, 4, 11, 7, 11, 11, 18, 22, 9.0])


def cast(dice: Dice) -> Traits:
    """Return the traits of the faces whose random numbers are given."""
    male = dice.chance(0.45)
    dark = dice.uniform() ** 2
    age = dice.uniform() ** 1.3
    hair = _hair(dice, male, dark, age)
    skin = _skin(dice, male, dark, age)
    smile = dice.uniform() * dice.chance(0.7)
    wear = _wear(dice, male)
    return Traits(
        pose=_pose(dice),
        head=_head(dice, male),
        skin=skin,
        eyes=_eyes(dice, male, dark, smile),
        brows=_brows(dice, male, hair.colour),
        nose=_nose(dice, male, dark),
        mouth=_mouth(dice, male, smile, skin),
        hair=hair,
        wear=wear,
        cloth=_cloth(dice, male),
        scene=_scene(dice),
    )


def _pose(dice: Dice) -> Pose:
    return Pose(
        yaw=dice.bell(-0.7, 0.7),
        pitch=dice.bell(-0.2, 0.2),
        roll=dice.bell(-0.14, 0.14),
        scale=dice.bell(0.97, 1.15),
        shift_x=dice.bell(-0.04, 0.04),
        shift_y=dice.bell(-0.04, 0.04),
    )


def _head(dice: Dice, male: Tensor) -> Head:
    return Head(
        width=dice.bell(0.475, 0.565) + 0.012 * male,
        top=dice.bell(-0.8, -0.7),
        chin=dice.bell(0.75, 0.9) + 0.03 * male,
        jaw=dice.bell(1.7, 2.9) + 0.4 * male,
        taper=dice.bell(0.12, 0.32) - 0.08 * male,
        cheek=dice.bell(0.0, 1.0),
        ear=dice.bell(0.8, 1.2) + 0.05 * male,
    )


def _skin(dice: Dice, male: Tensor, dark: Tensor, age: Tensor) -> Skin:
    hue = torch.cat([dice.bell(0.93, 1.07), dice.bell(0.97, 1.03), dice.bell(0.88, 1.06)], 1)[..., None]
    bearded = male * dice.chance(0.25)
    lip = male * dice.chance(0.2)
    return Skin(
        tone=ramp(SKIN, dark * 0.95 + dice.uniform(0, 0.05)) * hue,
        blush=dice.bell(0, 1),
        age=age,
        freckles=dice.chance(0.15) * dice.uniform(0.3, 1) * (dark < 0.5),
        mole=dice.chance(0.15),
        mole_u=dice.uniform(-0.35, 0.35),
        mole_v=dice.uniform(0.1, 0.7),
        gloss=dice.bell(0.02, 0.22),
        stubble=male * dice.uniform() * (1 - 0.6 * dark),
        beard=bearded * dice.uniform(0.5, 1),
        moustache=torch.maximum(lip, bearded) * dice.uniform(0.75, 1),
        goatee=male * dice.chance(0.15) * dice.uniform(0.5, 1),
        makeup=(1 - male) * dice.uniform(),
    )


def _eyes(dice: Dice, male: Tensor, dark: Tensor, smile: Tensor) -> Eyes:
    light = dice.uniform() * (dark < 0.4)
    return Eyes(
        spread=dice.bell(0.203, 0.235),
        width=dice.bell(0.08, 0.1),
        upper=dice.bell(0.033, 0.056) - 0.006 * smile - 0.003 * male,
        lower=dice.bell(0.018, 0.03) - 0.004 * smile,
        tilt=dice.bell(-0.012, 0.025),
        crease=dice.bell(0.008, 0.034),
        iris=dice.bell(0.037, 0.043),
        colour=ramp(IRIS, light),
        gaze_x=dice.bell(-0.03, 0.03),
        gaze_y=dice.bell(-0.01, 0.01),
        shadow=dice.pick(SHADOWS),
    )


def _brows(dice: Dice, male: Tensor, hair: Tensor) -> Brows:
    return Brows(
        height=dice.bell(-0.19, -0.13) + 0.02 * male,
        length=dice.bell(0.11, 0.145),
        thickness=dice.bell(0.013, 0.028) + 0.007 * male,
        arch=dice.bell(0.005, 0.04) - 0.012 * male,
        tilt=dice.bell(-0.02, 0.03),
        density=dice.bell(0.55, 1.1),
        colour=hair * (0.25 / hair.amax(1, keepdim=True)).clamp(max=1) * dice.bell(0.4, 1.0)[:, None] + 0.004,
    )


def _nose(dice: Dice, male: Tensor, dark: Tensor) -> Nose:
    return Nose(
        length=dice.bell(0.27, 0.33) + 0.012 * male,
        width=dice.bell(0.1, 0.135) + 0.01 * male + 0.02 * dark,
        bridge=dice.bell(0.035, 0.055) + 0.004 * male,
        height=dice.bell(0.1, 0.19),
        nostrils=dice.bell(0.3, 1.0),
    )


def _mouth(dice: Dice, male: Tensor, smile: Tensor, skin: Skin) -> Mouth:
    opened = dice.chance(0.2 + 0.6 * smile)
    lipstick = skin.makeup * dice.chance(0.7)
    bare = skin.tone * torch.tensor([0.82, 0.5, 0.5])[:, None, None]
    painted = dice.pick(LIPS)
    return Mouth(
        height=dice.bell(0.49, 0.56),
        width=dice.bell(0.16, 0.205) + 0.035 * smile,
        smile=dice.bell(-0.008, 0.025) + 0.045 * smile,
        upper=dice.bell(0.024, 0.054) - 0.006 * male - 0.008 * smile,
        lower=dice.bell(0.042, 0.08) - 0.006 * male - 0.01 * smile,
        bow=dice.bell(0.1, 0.45),
        open=opened * (dice.uniform(0.008, 0.05) + 0.03 * smile * dice.uniform()),
        teeth=dice.uniform(0.35, 0.7) + 0.4 * smile,
        colour=bare + (painted - bare) * lipstick[:, None],
        gloss=dice.uniform(0.05, 0.2) + 0.4 * lipstick * dice.uniform(),
    )


def _hair(dice: Dice, male: Tensor, dark: Tensor, age: Tensor) -> Hair:
    weights = torch.where(male[:, 0] > 0, MALE_STYLES, FEMALE_STYLES)
    style = STYLE_TABLE[dice.choose(weights)[:, 0, 0]][:, :, None, None]
    amount, length, front, top, side, flare, opening, hairline, fringe, jag, wave, curl, comb = style.unbind(1)
    fair = dice.uniform() * (1 - dark).clamp(0.12, 1)
    grey = ((age - 0.6) * 2.5).clamp(0, 1) * dice.chance(0.6) * dice.uniform(0.3, 1)
    colour = ramp(HAIR, fair)
    fancy = dice.chance(0.08)[:, None]
    colour = colour + (dice.pick(FANCY, [3.0, 2, 3, 1, 0.5, 0.5]) - colour) * fancy
    colour = colour + (torch.tensor([0.5, 0.49, 0.47])[:, None, None] - colour) * grey[:, None]
    long = (length > 0.4).float()
    return Hair(
        amount=amount,
        length=length * dice.bell(0.9, 1.1),
        front=front * dice.bell(0.85, 1.15),
        top=top * dice.bell(0.6, 1.4),
        side=side * dice.bell(0.6, 1.4),
        flare=flare * dice.bell(0.2, 1.8),
        opening=opening + dice.bell(-0.06, 0.06) * (length > 0),
        hairline=hairline + dice.bell(-0.06, 0.06),
        fringe=fringe * dice.bell(0.6, 1.4),
        sweep=dice.bell(-0.35, 0.35) * (1 - 0.5 * comb),
        droop=dice.uniform(0.0, 0.9) * (1 - comb) * (fringe < 0.1),
        part=dice.bell(-0.35, 0.35),
        jag=jag * dice.bell(0.5, 1.5),
        wave=wave * dice.bell(0.4, 1.6),
        curl=curl,
        comb=comb,
        lean=dice.bell(-1.5, 1.5),
        contrast=dice.bell(0.35, 0.9) * (1 - 0.35 * curl),
        gloss=dice.bell(0.1, 1.0) * (1 - 0.6 * grey),
        colour=colour,
        tips=colour * (1 + long * dice.chance(0.4) * dice.uniform(0.3, 1.8))[:, None],
    )


def _wear(dice: Dice, male: Tensor) -> Wear:
    sunglasses = dice.chance(0.15)
    return Wear(
        glasses=dice.chance(0.14),
        lens_width=dice.bell(0.125, 0.165),
        lens_height=dice.bell(0.07, 0.125),
        lens_round=dice.uniform(),
        frame=dice.uniform(0.007, 0.028),
        frame_colour=dice.pick(FRAMES, [5.0, 3, 2, 2, 2, 1, 1]),
        tint=0.03 + dice.uniform(0, 0.08) + sunglasses * dice.uniform(0.6, 0.85),
        tint_colour=ramp(palette("050608 2a1a0e 0e1a2a"), dice.uniform()),
        hat=dice.chance(0.08) * dice.choose([0, 1.0, 1, 1]),
        hat_line=dice.bell(-0.4, -0.26),
        hat_height=dice.bell(0.12, 0.3),
        hat_colour=dice.pick(FABRIC),
        hat_trim=dice.pick(FABRIC),
        earring=dice.chance(0.45 - 0.4 * male) * dice.choose([0, 1.0, 1.2, 1]),
        earring_size=dice.bell(0.6, 1.4),
        metal=dice.pick(METAL, [4.0, 4, 2, 2, 0.5, 0.5]),
        necklace=dice.chance(0.22 - 0.17 * male),
        necklace_drop=dice.bell(0.92, 1.08),
        beads=dice.uniform(),
    )


def _cloth(dice: Dice, male: Tensor) -> Cloth:
    cuts = torch.where(male[:, 0] > 0, torch.tensor([2, 1, 0.6, 3.7]), torch.tensor([3, 3, 0.6, 0.7]))  # by Cut
    return Cloth(
        shoulder=dice.bell(0.66, 0.95),
        slope=dice.bell(0.2, 0.6),
        neck=dice.bell(0.25, 0.31) + 0.06 * male,
        neckline=dice.bell(0.05, 0.4) - 0.03 * male,
        cut=dice.choose(cuts).float(),
        pattern=dice.choose([5.0, 1.2, 1.0, 1.0]).float(),
        pitch=dice.uniform(5, 14),
        angle=dice.uniform(-0.6, 0.6),
        colour=dice.pick(FABRIC, [4.0, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0.5]),
        second=dice.pick(FABRIC),
    )


def _scene(dice: Dice) -> Scene:
    warmth = dice.bell(-1, 1)[:, None]
    tint = torch.tensor([0.12, 0.0, -0.16])[:, None, None]
    return Scene(
        azimuth=dice.bell(-1.4, 1.4),
        elevation=dice.bell(0.05, 1.0),
        key=dice.bell(0.7, 1.6),
        ambient=dice.bell(0.08, 0.45),
        key_colour=1 + tint * warmth,
        ambient_colour=1 + tint * dice.bell(-1.2, 0.6)[:, None],
        exposure=dice.bell(0.75, 1.35),
        contrast=dice.bell(0.1, 0.9),
        grain=dice.uniform(0, 0.02) * dice.chance(0.5),
        mono=dice.chance(0.03),
        backdrop=dice.choose([3.0, 3, 2, 1, 1.5]).float(),
        sharpness=dice.uniform() ** 2,
        near=dice.pick(BACKDROPS),
        far=dice.pick(BACKDROPS),
        accent=dice.pick(BACKDROPS),
    )
