"""dlib's face detector, landmarks and face recognition for priorsr: a plugin with real weights."""

from __future__ import annotations

from priorsr_dlib.detector import DetectedFace, FaceDetector
from priorsr_dlib.landmarks import find_landmarks

__all__ = ["DetectedFace", "FaceDetector", "find_landmarks"]
