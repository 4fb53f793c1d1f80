"""Examine face sets: `examine` finds all that is wrong with one at once."""

from __future__ import annotations

from priorsr.data.doctor.examination import Examination, examine
from priorsr.data.doctor.findings import Finding

__all__ = ["Examination", "Finding", "examine"]
