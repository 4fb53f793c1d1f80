"""The training of KDFSRNet: the teacher alone, then the student with the teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from priorsr.training import fraction
from priorsr.training.teacher_student import NANO, SMALL, TeacherStudentConfig, TeacherStudentRecipe
from priorsr_kdfsrnet.config import KDFSRNetConfig, KDFSRNetTeacherConfig
from priorsr_kdfsrnet.model import KDFSRNet, KDFSRNetTeacher


@dataclass(frozen=True)
class KDFSRNetRecipeConfig(TeacherStudentConfig):
    """`TeacherStudentConfig`, whose defaults are KDFSRNet's released schedule, the preset `paper`.

    nano: distillation to the end of the stage, at a tenth of the features' weight and ten times the output's; a falling
        learning rate, an average of the weights (EMA) and flips, none of which the paper uses.
    small: as nano, for hours instead of minutes: larger networks and batches, a constant rate that falls in the last
        fifth, faces at several scales.
    """

    student: KDFSRNetConfig = field(default_factory=KDFSRNetConfig)
    teacher: KDFSRNetTeacherConfig = field(default_factory=KDFSRNetTeacherConfig)

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {},
        "nano": {
            **NANO,
            "student": KDFSRNetConfig(**KDFSRNetConfig.presets["nano"]),
            "teacher": KDFSRNetTeacherConfig(**KDFSRNetTeacherConfig.presets["nano"]),
            "feature_weight": 1.0,
            "output_weight": 1.0,
            "features_until": fraction(1.0),
            "teacher_share": 0.3,
        },
        "small": {
            **SMALL,
            "student": KDFSRNetConfig(**KDFSRNetConfig.presets["small"]),
            "teacher": KDFSRNetTeacherConfig(**KDFSRNetTeacherConfig.presets["small"]),
            "feature_weight": 1.0,
            "output_weight": 1.0,
            "features_until": fraction(1.0),
        },
    }


class KDFSRNetRecipe(TeacherStudentRecipe):
    """KDFSRNet's two stages: `teacher` (L1), then `student` (L1 and, at first, the distillation).

    At epoch i of the paper, from 0, the student's loss is L1(sr, hr) + 10 * (10 - i) / 10 * (mean over 9 stages of
    L1(features)) + 0.1 * L1(sr, teacher's sr) while i <= 10, and L1(sr, hr) afterwards.

    Source: KDFSRNet (TCSVT 2022) as released. Departures: none in `paper`; those of `nano` are listed in its config.
    """

    Config = KDFSRNetRecipeConfig
    Student, Teacher = KDFSRNet, KDFSRNetTeacher
