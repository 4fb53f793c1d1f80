"""Priors of a face: parsing maps, landmarks and heatmaps; their definitions and conversions."""

from __future__ import annotations

from priorsr.priors.from_parsing import landmarks_from_parsing
from priorsr.priors.label_maps import LABEL_MAPS, LabelMap, label_map, parsing_picture, to_label_map
from priorsr.priors.landmark_conversion import draw_heatmaps, to_scheme
from priorsr.priors.landmark_schemes import LANDMARK_SCHEMES, LandmarkScheme, landmark_scheme
from priorsr.priors.mirror import flip_landmarks, flip_prior, rotate_landmarks, rotate_prior

__all__ = [
    "LABEL_MAPS",
    "LANDMARK_SCHEMES",
    "LabelMap",
    "LandmarkScheme",
    "draw_heatmaps",
    "flip_landmarks",
    "flip_prior",
    "label_map",
    "landmark_scheme",
    "landmarks_from_parsing",
    "parsing_picture",
    "rotate_landmarks",
    "rotate_prior",
    "to_label_map",
    "to_scheme",
]
