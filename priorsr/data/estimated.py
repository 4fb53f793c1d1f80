"""Make face sets with estimated priors in place of known ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.data.face_set import FaceSet, image_path
from priorsr.data.landmarks_file import Points
from priorsr.data.manifest import Provenance
from priorsr.data.reduction import USUAL, Reduction
from priorsr.data.writer import FROM_PARSING, About, Face, Pixels, write_face_set
from priorsr.errors import OptionError
from priorsr.estimators.estimator_spec import estimator_from_spec, identity_of
from priorsr.files import sha256_json
from priorsr.models.enlarging import enlarge
from priorsr.priors import label_map, landmark_scheme
from priorsr.sources import components_of

PARTS = ("parsing", "landmarks")  # of a Prior, that a face set keeps


def estimate_priors(
    faces: FaceSet,
    out: str | Path,
    estimators: Sequence[str | Path | nn.Module],
    *,
    seen: Literal["hr", "lr"] = "hr",
    reduction: Reduction | None = None,
    landmarks: Literal["estimated", "from-parsing"] = "estimated",
    fetch: bool = False,
    device: str = "cpu",
) -> FaceSet:
    """Copy a face set into the folder `out`, with the priors that estimators find, and no others.

    Known priors stay in their own set, and none gets into the copy. Its manifest holds for each prior the estimator,
    its version, the hash of its weights, and the images that it saw.

    estimators: as `estimator_from_spec` takes them. Together they give parsing maps, landmarks or both, each from one
        of them; heatmaps are not kept.
    seen: "hr", or "lr": the image reduced, rounded to 8 bits and enlarged again (bicubic), as in practice, where the
        HR image is unknown. reduction: for "lr" only; by default by 8 with pil-bicubic.
    landmarks: with "from-parsing", 68 points are read off the estimated parsing maps.
    fetch: let estimators download missing published weights. device: for the estimators.

    Each face is estimated alone, so no prior depends on other faces. Repeating an interrupted call continues it. Raises
    OptionError, DataError, and the errors of the estimators and the reduction.
    """
    if seen not in ("hr", "lr"):
        raise OptionError(f"priors were to be estimated from {seen!r}; 'hr' or 'lr' was expected")
    if seen == "hr" and reduction is not None:
        raise OptionError(
            f"the estimators were to see HR images, and {reduction.kernel} by {reduction.scale} makes LR images; "
            "seen='lr' (--from lr) was expected"
        )
    made: dict[str, Any] = {"estimated_from": seen}
    low = (reduction or USUAL) if seen == "lr" else None
    if low:
        made |= {"reduction": low.kernel, "scale": low.scale}
    modules = [estimator_from_spec(spec, fetch=fetch) for spec in estimators]
    look = _Look(faces, modules, low, device)
    members = [(face, split) for split in faces.splits for face in faces.ids(split)]
    first = members[0][0]
    prior, finders = look.find(first, faces.image(first))
    makers = {
        part: Provenance(**identity_of(finder)._asdict(), **made, components=components_of([finder], "prior"))
        for part, finder in finders.items()
    }
    if landmarks == "from-parsing":
        if makers.keys() != {"parsing"}:
            raise OptionError(
                "landmarks 'from-parsing' need an estimator of parsing maps, and no estimator of landmarks"
            )
        makers["landmarks"] = FROM_PARSING.model_copy(update={**made, "components": makers["parsing"].components})
    if not makers:
        raise OptionError("the estimators return neither parsing maps nor landmarks; a face set holds no other priors")
    settings = [getattr(finder, "options", None) for finder in finders.values()]
    how = sha256_json([{part: maker.model_dump() for part, maker in makers.items()}, settings])
    known = faces.manifest
    about = About(
        name=f"{known.name}-estimated-from-{seen}",
        source=f"{known.source}; priors estimated from {seen.upper()}",
        licence=known.licence,
        label_map=known.label_map if prior.parsing is None else label_map(prior.parsing.shape[1]).name,
        landmark_scheme="ibug-68" if prior.landmarks is None else landmark_scheme(prior.landmarks.shape[1]).name,
    )
    made_faces = [
        Face(face, split, f"{how}/{known.files[image_path(face)]}", partial(look.pixels, face))
        for face, split in members
    ]
    return write_face_set(out, made_faces, about, **makers, images_of=known)


class _Look:
    """Estimators that look at the faces of a set: as HR, or, given the reduction `low`, as LR enlarged."""

    def __init__(self, faces: FaceSet, estimators: Sequence[nn.Module], low: Reduction | None, device: str) -> None:
        self._faces = faces
        self._low = low
        try:
            self._device = torch.device(device)
            self._estimators = [estimator.to(self._device) for estimator in estimators]
        except (RuntimeError, AssertionError) as error:  # torch raises either for a device that is not there
            raise OptionError(f"estimators cannot run on the device {device!r}: {error}") from error

    def find(self, face: str, image: np.ndarray) -> tuple[Prior, dict[str, nn.Module]]:
        """Return a face's prior (a batch of one), and which estimator found which part of it."""
        shown = self._shown(face, image).to(self._device)
        found: dict[str, Tensor | None] = {}
        finders: dict[str, nn.Module] = {}
        for estimator in self._estimators:
            with torch.inference_mode():
                prior = estimator(shown)[0]
            for part in PARTS:
                if getattr(prior, part) is None:
                    continue
                if part in finders:
                    raise OptionError(f"two of the estimators find {part}; one was expected")
                finders[part] = estimator
                found |= {part: getattr(prior, part)} | ({"valid": prior.valid} if part == "landmarks" else {})
        return Prior(**found), finders

    def pixels(self, face: str) -> Pixels:
        """Return a face with its estimated prior, as a set keeps it."""
        image = self._faces.image(face)
        prior, _ = self.find(face, image)
        parsing = None if prior.parsing is None else prior.parsing[0].argmax(0).byte().cpu().numpy()
        return Pixels(image, parsing, _points(prior))

    def _shown(self, face: str, image: np.ndarray) -> Tensor:
        """Return the estimators' view of a face: (1,3,H,W) in [0, 1]."""
        if self._low is None:
            return _tensor(image)
        return enlarge(_tensor(self._low.reduce(image, face=face)), self._low.scale).clamp(0, 1)


def _tensor(image: np.ndarray) -> Tensor:
    """Return an image uint8 (H,W,3) as (1,3,H,W) in [0, 1]."""
    return torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(255))


def _points(prior: Prior) -> Points | None:
    if prior.landmarks is None:
        return None
    landmarks = prior.landmarks[0].float().cpu().numpy()
    valid = np.ones(len(landmarks), dtype=bool) if prior.valid is None else prior.valid[0].cpu().numpy()
    return np.where(valid[:, None], landmarks, np.float32(0)), valid
