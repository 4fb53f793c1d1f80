"""A new board: a folder ready to be published as a repository, with bicubic as its first, verified row."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from priorsr.bench.board.board_file import Board, BoardFacts, BoardProtocol, BoardSet
from priorsr.bench.board.selection import records_called
from priorsr.bench.repository.board_texts import board_texts
from priorsr.bench.running.entries import BASELINE
from priorsr.bench.running.run_plan import adapted
from priorsr.bench.running.runner import run
from priorsr.bench.scoring.record_parts import data_facts
from priorsr.bench.store.results import read_results
from priorsr.bench.submissions.board_verification import add_to_board, verify_on_board
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.pack import pack
from priorsr.data import FaceSet
from priorsr.data.manifest import NAME as MANIFEST
from priorsr.errors import OptionError
from priorsr.metrics import load_protocol, protocol_names
from priorsr.new_folder import new_folder, write_texts
from priorsr.plugins import OWN
from priorsr.reading.mistakes import first_mistake

TITLE = "Face super-resolution, compared"


def init_board(
    folder: str | Path,
    *,
    data: Sequence[str | Path],
    split: str,
    protocols: Sequence[str | Path],
    title: str = TITLE,
    allowed_distributions: Sequence[str] = (OWN,),
    command: str | None = None,
) -> list[Path]:
    """Write a board into a new folder, whole or not at all, and return the paths of its files but the images.

    It is a results folder with `board.toml`, texts for submitters and maintainers, workflows, and the verified rows of
    bicubic. Face sets whose licence permits to publish them are copied into it, with the images that pages show.

    data: face sets, each with the split `split`. protocols: ids, or files NAME@V.toml, which are copied; the first is
    the default. allowed_distributions: those whose models verifying may run.

    Raises DataError for a folder that is there already and for a broken set, OptionError and UnknownNameError for what
    does not fit, as `priorsr.bench.run`.
    """
    sets = [FaceSet.open(path) for path in data]
    loaded = [load_protocol(protocol) for protocol in protocols]
    if not sets or not loaded:
        raise OptionError("a board without a face set or without a protocol was asked for; one of each was expected")
    for face_set in sets:
        for protocol in loaded:
            adapted(protocol, face_set)
    try:
        facts = BoardFacts(
            format=1,
            title=title,
            default_protocol=loaded[0].id,
            allowed_distributions=tuple(allowed_distributions),
            protocols=tuple(BoardProtocol(id=protocol.id, hash=protocol.content_hash) for protocol in loaded),
            sets=tuple(_board_sets(sets, split)),
        )
    except ValidationError as error:
        raise OptionError(f"the board cannot be made: {first_mistake(error, 'it')}") from error
    target = Path(folder)
    with new_folder(target) as beside:
        texts = board_texts(facts, loaded)
        write_texts(beside, texts)
        for given in protocols:
            if str(given) not in protocol_names():
                (beside / "protocols").mkdir(exist_ok=True)
                shutil.copyfile(given, beside / "protocols" / Path(given).name)
        board = Board.open(beside)
        for known, face_set in zip(facts.sets, sets, strict=True):
            if known.publishable:
                _copy(face_set, beside / known.folder)
            _add_baseline(board, known, face_set, command)
    return [target / path for path in texts]


def _board_sets(sets: Sequence[FaceSet], split: str) -> list[BoardSet]:
    found: list[BoardSet] = []
    for face_set in sets:
        facts = data_facts(face_set, split)
        word = re.sub(r"[^A-Za-z0-9._-]+", "-", facts.name).strip("-.")[:60] or "faces"
        taken = {known.folder for known in found}
        place = next(name for name in (word, *(f"{word}-{n}" for n in range(2, 99))) if f"sets/{name}" not in taken)
        found.append(
            BoardSet(
                name=facts.name,
                version=facts.version,
                licence=facts.licence,
                hash=facts.hash,
                split=facts.split,
                count=facts.count,
                folder=f"sets/{place}",
            )
        )
    return found


def _copy(face_set: FaceSet, target: Path) -> None:
    for name in (*face_set.manifest.files, MANIFEST):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(face_set.path / name, target / name)


def _add_baseline(board: Board, known: BoardSet, face_set: FaceSet, command: str | None) -> None:
    """Run bicubic, verify its records as those of any submission, and add them, with the faces that pages show."""
    protocols = [adapted(protocol, face_set) for protocol in board.protocols.values()]
    with tempfile.TemporaryDirectory() as folder:
        results, packed = Path(folder) / "results", Path(folder) / "baseline.zip"
        run(BASELINE, data=face_set, split=known.split, protocols=protocols, out=results, command=command)
        pack(results, records_called(read_results(results), BASELINE), packed)
        with Bundle(packed) as bundle:
            add_to_board(bundle, verify_on_board(bundle, board, face_set), board, board.folder)
        if known.publishable:
            shutil.copytree(results / "faces", board.folder / "faces", dirs_exist_ok=True)
