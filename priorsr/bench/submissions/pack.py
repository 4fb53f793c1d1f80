"""Pack a submission: records of a results folder, with their SR images or weights."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from priorsr.bench.running.entries import entry_of
from priorsr.bench.store.old_intervals import check_old_intervals
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import outputs_path, record_path
from priorsr.bench.store.stored_images import check_image
from priorsr.bench.submissions.archive import MANIFEST, WEIGHTS
from priorsr.bench.submissions.bundle import BundleManifest, odd_one, quantised
from priorsr.bench.submissions.differences import model_differences
from priorsr.errors import DataError, OptionError
from priorsr.files import atomic_path, sha256_file
from priorsr.models.weights import load_file, weights_hash
from priorsr.version import __version__

_EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same content makes the same file


def pack(
    results: str | Path,
    records: Sequence[Record],
    out: str | Path,
    *,
    weights: str | Path | None = None,
    outputs: bool = True,
) -> Path:
    """Pack records of one model, data, split and prior into the file `out`.

    weights: the model's .safetensors to pack. outputs: whether to pack the SR images of the results folder: 8-bit PNG,
    or float32 arrays if one of the records' protocols does not round.

    Raises DataError for missing images, for images or weights that are not those of the records, for a card that
    contradicts the records, and for intervals that do not follow from the faces' scores; OptionError for records of
    several models, and if nothing could be verified.
    """
    results, out = Path(results), Path(out)
    _check_one_model(records)
    for record in records:
        check_old_intervals(record)
    if not outputs and weights is None:
        raise OptionError("neither SR images nor weights are to be packed; at least one of them was expected")
    members = {f"records/{record.id}.json": record_path(results, record.id) for record in records}
    if outputs:
        members |= _outputs(results, records)
    if weights is not None:
        members[WEIGHTS] = _weights(Path(weights), records)
    manifest = BundleManifest(
        format=1, made_by=f"priorsr {__version__}", files={name: sha256_file(path) for name, path in members.items()}
    )
    with atomic_path(out) as beside, zipfile.ZipFile(beside, "w") as file:
        text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
        file.writestr(_member(MANIFEST), text.encode())
        for name, path in members.items():
            with open(path, "rb") as source, file.open(_member(name), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
    return out


def _check_one_model(records: Sequence[Record]) -> None:
    if not records:
        raise OptionError("there is no record to pack; at least one was expected")
    if odd := odd_one(records):
        raise OptionError(
            f"the records {records[0].id} and {odd.id} are not of one model (weights, label), data, split and prior; "
            "a submission is of one: name its records by their ids"
        )


def _outputs(results: Path, records: Sequence[Record]) -> dict[str, Path]:
    """Return the SR images, by the member's name: arrays for outputs that any record scores as they are, else PNG."""
    as_they_are = {record.outputs for record in records if not quantised(record.protocol.scoring)}
    members = {}
    for record in records:
        if record.outputs is None:
            raise DataError(
                f"{record_path(results, record.id)}: its SR images were not kept; run the benchmark again and "
                "keep them (rerun=True)"
            )
        suffix = ".npy" if record.outputs in as_they_are else ".png"
        for face, hashes in record.images.items():
            path = outputs_path(results, record.outputs) / f"{face}{suffix}"
            if not path.is_file():
                raise DataError(
                    f"{path}: is not there, and {record.protocol.id} needs it; run 'priorsr bench run' again under it"
                )
            name = f"outputs/{record.outputs}/{face}{suffix}"
            if name not in members:  # records of one model, data and reduction share them
                check_image(path, hashes.sr, f"the record {record.id}")
            members[name] = path
    return members


def _weights(path: Path, records: Sequence[Record]) -> Path:
    record, module = records[0], load_file(path)
    found = weights_hash(module)
    if found != record.model.weights_hash:
        known = record.model.weights_hash[:12] if record.model.weights_hash else "images that were made elsewhere"
        raise DataError(f"{path}: has weights of the hash {found[:12]}, and the record {record.id} is of {known}")
    entry = entry_of(module, record.model.label)
    for difference in (found for record in records for found in model_differences(record, entry)):
        raise DataError(f"{path}: {difference}; run 'priorsr bench run' again with these weights")
    return path


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.external_attr = 0o100644 << 16
    member.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
    return member
