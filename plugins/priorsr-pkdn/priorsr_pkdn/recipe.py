"""The training of PKDN: the teacher alone, then the student with the teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from priorsr.training import Duration, TeacherStudentConfig, TeacherStudentRecipe, fraction
from priorsr.training.teacher_student import NANO, SMALL
from priorsr_pkdn.config import PKDNConfig, PKDNTeacherConfig
from priorsr_pkdn.model import PKDN, PKDNTeacher


@dataclass(frozen=True)
class PKDNRecipeConfig(TeacherStudentConfig):
    """`TeacherStudentConfig`; the distillation's weight and end differ from KDFSRNet's, and are ours.

    paper: KDFSRNet's optimiser and length, since the paper's are not known to us.
    nano: distillation of the output only, since imitating features made its students worse; a falling learning rate, an
        average of the weights (EMA) and flips.
    small: as nano, for hours instead of minutes: larger networks and batches, a constant rate that falls in the last
        fifth, faces at several scales.
    """

    student: PKDNConfig = field(default_factory=PKDNConfig)
    teacher: PKDNTeacherConfig = field(default_factory=PKDNTeacherConfig)
    feature_weight: float = 1.0
    output_weight: float = 1.0
    features_until: Duration = field(default_factory=lambda: fraction(1.0))

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {},
        "nano": {
            **NANO,
            "student": PKDNConfig(**PKDNConfig.presets["nano"]),
            "teacher": PKDNTeacherConfig(**PKDNTeacherConfig.presets["nano"]),
            "feature_weight": 0.0,
            "teacher_share": 0.3,
        },
        "small": {
            **SMALL,
            "student": PKDNConfig(**PKDNConfig.presets["small"]),
            "teacher": PKDNTeacherConfig(**PKDNTeacherConfig.presets["small"]),
            "feature_weight": 0.0,
        },
    }


class PKDNRecipe(TeacherStudentRecipe):
    """PKDN's two stages: `teacher` (L1), then `student` (L1, and the distillation of features and output).

    Source: PKDN (arXiv 2409.14385) for L1, the frozen teacher and the distillation. Departures: everything else is
        ours, since no more is public; the plugin's README has measurements.
    """

    Config = PKDNRecipeConfig
    Student, Teacher = PKDN, PKDNTeacher
