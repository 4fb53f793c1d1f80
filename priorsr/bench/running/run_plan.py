"""The plan of a run: the settings that all its models share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from priorsr.bench.running.processes import Processes
from priorsr.bench.scoring.extra_scores import ExtraScores
from priorsr.bench.scoring.record_parts import data_facts
from priorsr.bench.store.run_facts import DataFacts
from priorsr.bounds import check_number
from priorsr.data import FaceSet
from priorsr.errors import DataError, OptionError
from priorsr.files import check_folder, require_extra
from priorsr.memory import keep_freed_memory
from priorsr.metrics import Protocol, load_protocol
from priorsr.sources import Component
from priorsr.terminal import Terminal


@dataclass(frozen=True)
class RunPlan:
    """The settings that all models of a run share; see `priorsr.bench.run`.

    protocols: adapted to the faces' size. scores, asked_device: as they were given, for other processes.
    score_components: the components that compute the extra scores. rerun: whether existing results are made again.
    command: recorded with the results. notes: takes what is reported to the user, instead of stderr.
    """

    faces: FaceSet
    data: DataFacts
    protocols: tuple[Protocol, ...]
    out: Path
    scores: tuple[str, ...]
    extra_scores: ExtraScores
    score_components: tuple[Component, ...]
    batch_size: int
    save_outputs: bool
    rerun: bool
    device: torch.device
    asked_device: str
    command: str | None
    processes: Processes
    console: Console
    notes: Callable[[str], None] | None

    @classmethod
    def check(
        cls,
        data: str | Path | FaceSet,
        split: str,
        protocols: Sequence[str | Path | Protocol],
        out: str | Path,
        *,
        scores: Sequence[str],
        batch_size: int,
        save_outputs: bool,
        rerun: bool,
        device: str,
        command: str | None,
        processes: Processes | None = None,
        notes: Callable[[str], None] | None = None,
    ) -> RunPlan:
        """Check the arguments of `priorsr.bench.run`; raises PriorsrError, and writes nothing."""
        _check_list("protocols", protocols, "one or more protocols, such as ['dic@1'],", least=1)
        _check_list("scores", scores, "names of scores, such as ['lpips'],")
        faces = data if isinstance(data, FaceSet) else FaceSet.open(data)
        out, processes = Path(out), processes or Processes()
        check_folder(out, "a folder for the results")
        require_extra("scipy", "bench")  # lest it lacks once all is scored
        check_number("batch_size", batch_size, 1)
        keep_freed_memory()  # first of all, so that no latency depends on what ran before
        loaded = tuple(adapted(protocol, faces) for protocol in protocols)
        extra_scores, used = ExtraScores.find(scores, loaded), processes.device(_device(device))
        extra_scores.to(used)
        return cls(
            faces=faces,
            data=data_facts(faces, split),
            protocols=loaded,
            out=out,
            scores=tuple(scores),
            extra_scores=extra_scores,
            score_components=extra_scores.components,
            batch_size=batch_size,
            save_outputs=save_outputs,
            rerun=rerun,
            device=used,
            asked_device=device,
            command=command,
            processes=processes,
            console=Terminal(stderr=True, quiet=not processes.is_main or notes is not None),
            notes=notes,
        )

    def report(self, text: str) -> None:
        """Report a note for the user."""
        if self.notes:
            self.notes(text)
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def adapted(protocol: str | Path | Protocol, face_set: FaceSet) -> Protocol:
    """Return a protocol as it applies to a face set: adapted where the HR images have another size."""
    loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    sizes = face_set.manifest.image_sizes
    if len(sizes) != 1 or sizes[0][0] != sizes[0][1]:
        there = ", ".join(f"{height} x {width}" for height, width in sizes)
        raise DataError(f"{face_set.path}: has images of {there} pixels; a protocol scores square images of one size")
    if not loaded.reduction.quantise:
        raise OptionError(
            f"the protocol {loaded.id} does not round LR to 8 bits, and face sets are read as 8-bit LR only"
        )
    return loaded.adapted(sizes[0][0])


def _check_list(name: str, values: object, wanted: str, least: int = 0) -> None:
    """Raise OptionError for one value where a list of them is expected, and for too few."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence) or len(values) < least:
        raise OptionError(f"{name} is {values!r:.80}; a list of {wanted} was expected")


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or not (name == kind or (index.isdecimal() and index.isascii())):
        raise OptionError(f"device is {name!r}; 'auto', 'cpu', 'cuda' or 'cuda:N' was expected")
    there = torch.cuda.device_count()
    if kind == "cuda" and int(index or 0) >= there:
        raise OptionError(f"device is {name!r}, and torch finds {there or 'no'} GPU{'s' * (there > 1)} here")
    return torch.device(kind) if kind == "cpu" else torch.device(name)
