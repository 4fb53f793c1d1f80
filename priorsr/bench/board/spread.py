"""Score the same SR images under every scoring half, to show how far published scripts differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from priorsr.bench.board.row_labels import unique_labels
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import faces_path, outputs_path, read_results
from priorsr.bench.store.stored_images import load_arrays, load_images, pixel_hashes
from priorsr.errors import DataError
from priorsr.files import atomic_json
from priorsr.metrics import Protocol, Scores, load_protocol, protocol_names, score_many

if TYPE_CHECKING:
    from priorsr.viz.spread_picture import Scale

_AT_ONCE = 16  # images


@dataclass(frozen=True)
class SpreadRow:
    """One model's images. scores: protocol id -> score -> the set's value. eight_bit: whether they were rounded."""

    label: str
    record: str
    eight_bit: bool
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Spread:
    """Models with SR images of the same LR images, scored in the same ways.

    scored_as: protocol id -> score -> what it is of, such as "psnr". rows: the best first, by the first of these.
    """

    data: str
    split: str
    faces: int
    reduction: str
    scored_as: Mapping[str, Mapping[str, str]]
    rows: tuple[SpreadRow, ...]


def spreads(results: str | Path, protocols: Sequence[str | Path | Protocol] = ()) -> list[Spread]:
    """Score the SR images that a results folder keeps under the scoring halves of protocols, those of the package
    unless given: a `Spread` for each split and reduction of its records.

    Images are read as float32 arrays if the run kept them, otherwise as 8-bit PNG, also for protocols that do not
    round.
    Raises DataError for a folder without records or images, and for a face whose images are not the record's.
    """
    results = Path(results)
    chosen = [p if isinstance(p, Protocol) else load_protocol(p) for p in protocols or protocol_names()]
    groups: dict[tuple[str, str, str], dict[str, Record]] = {}
    for record in read_results(results):
        if record.outputs is not None and outputs_path(results, record.outputs).is_dir():
            key = (record.data.hash, record.data.split, record.protocol.reduction_hash)
            groups.setdefault(key, {}).setdefault(record.outputs, record)
    if not groups:
        raise DataError(f"{results}: keeps no SR images; results of a run that keeps them were expected")
    return [_spread(results, list(records.values()), chosen) for records in groups.values()]


def write_spreads(found: Sequence[Spread], out: Path) -> list[Path]:
    """Write spread.json and a picture for each spread into a folder; return their paths."""
    from priorsr.viz.spread_picture import draw_spread

    paths = [out / "spread.json"]
    atomic_json(paths[0], {"format": 1, "spreads": [asdict(spread) for spread in found]})
    for spread in found:
        paths.append(out / f"spread-{spread.data}-{spread.split}-{spread.reduction}.png")
        draw_spread(
            [row.label for row in spread.rows],
            [_scale(spread, "PSNR / dB", ("psnr",), 2), _scale(spread, "SSIM", ("ssim", "ssim-uniform"), 3)],
            paths[-1],
            title=f"The same images under {len(spread.scored_as)} protocols' scoring: {spread.data} {spread.split}",
            note=f"{spread.faces} faces, LR by {spread.reduction}. Each mark is a model's score under one protocol, "
            "each number the range over the protocols."
            + (" Images were kept in 8 bits." if any(row.eight_bit for row in spread.rows) else ""),
        )
    return paths


def _spread(results: Path, records: Sequence[Record], protocols: Sequence[Protocol]) -> Spread:
    first = records[0]
    size = int(str(first.protocol.reduction["hr_size"]))
    adapted = [protocol.adapted(size) for protocol in protocols]
    labels = _labels(records)
    rows = [SpreadRow(labels[record.id], record.id, *_scored(results, record, adapted)) for record in records]
    leading = adapted[0].id
    return Spread(
        data=first.data.name,
        split=first.data.split,
        faces=first.data.count,
        reduction=str(first.protocol.reduction["kernel"]),
        scored_as={p.id: {name: score.name for name, score in p.scoring.scores.items()} for p in adapted},
        rows=tuple(sorted(rows, key=lambda row: -next(iter(row.scores[leading].values())))),
    )


def _scored(results: Path, record: Record, protocols: Sequence[Protocol]) -> tuple[bool, dict[str, dict[str, float]]]:
    ids = sorted(record.images)
    folder = outputs_path(results, str(record.outputs))
    eight_bit = not (folder / f"{ids[0]}.npy").is_file()
    parts = [
        score_many([protocol.scoring for protocol in protocols], sr, hr)
        for sr, hr in _pairs(record, folder, faces_path(results, record.data.hash, "hr"), ids, eight_bit)
    ]
    joined = [Scores.join(batches) for batches in zip(*parts, strict=True)]
    return eight_bit, {
        protocol.id: protocol.aggregate(scores) for protocol, scores in zip(protocols, joined, strict=True)
    }


def _pairs(
    record: Record, folder: Path, faces: Path, ids: Sequence[str], eight_bit: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield SR and HR images, some at a time, checked against the record's hashes."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        sr = (load_images if eight_bit else load_arrays)(some, folder)
        hr = load_images(some, faces)
        for which, images, where in (("sr", sr, folder), ("hr", hr, faces)):
            for face, found in zip(some, pixel_hashes(images), strict=True):
                if found != getattr(record.images[face], which):
                    raise DataError(f"{where / face}: is another image than the record {record.id} is of")
        yield sr, hr


def _labels(records: Sequence[Record]) -> dict[str, str]:
    """Return the label of each record's row: its model's, with the prior that it was given beyond LR."""
    given = [f", given {record.prior.source}" if record.prior.beyond_lr else "" for record in records]
    labels = [record.model.label + beyond for record, beyond in zip(records, given, strict=True)]
    facts = [
        (record.model.name, f"seed {record.training.seed}", record.checkpoint[:8], record.id[:8]) for record in records
    ]
    return dict(zip((record.id for record in records), unique_labels(labels, facts), strict=True))


def _scale(spread: Spread, title: str, kinds: Sequence[str], digits: int) -> Scale:
    from priorsr.viz.spread_picture import Scale

    values = {}
    for protocol, scores in spread.scored_as.items():
        shown = [name for name, kind in scores.items() if kind in kinds]
        for name in shown:
            way = protocol if len(shown) == 1 else f"{protocol}, {name.rpartition('_')[2].upper()}"
            values[way] = [row.scores[protocol][name] for row in spread.rows]
    return Scale(title, values, digits)
