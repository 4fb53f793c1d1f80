"""The parts of a record that describe protocol and data."""

from __future__ import annotations

from pydantic_core import to_jsonable_python

from priorsr.bench.store.run_facts import DataFacts, ProtocolFacts
from priorsr.data import FaceSet
from priorsr.errors import DataError
from priorsr.metrics import Protocol, load_protocol, protocol_names
from priorsr.plugins import FILE, OWN
from priorsr.sources import PROTOCOL, Component
from priorsr.version import __version__


def protocol_facts(protocol: Protocol) -> ProtocolFacts:
    """Return a record's description of a protocol."""
    return ProtocolFacts(
        id=protocol.id,
        hash=protocol.content_hash,
        adapted_from=protocol.adapted_from,
        description=protocol.description,
        notes=protocol.notes,
        reduction=to_jsonable_python(protocol.reduction),
        scoring=to_jsonable_python(protocol.scoring.content),
    )


def protocol_component(protocol: Protocol) -> Component:
    """Name a protocol as a component, whose source is its content."""
    name = f"{protocol.name}@{protocol.version}"
    size = protocol.hr_size
    packaged = name in protocol_names() and load_protocol(name).adapted(size).content_hash == protocol.content_hash
    distribution, version = (OWN, __version__) if packaged else (FILE, "")
    return Component(PROTOCOL, PROTOCOL, protocol.id, distribution, version, protocol.content_hash)


def data_facts(face_set: FaceSet, split: str) -> DataFacts:
    """Return a record's description of a split.

    Raises UnknownNameError for an unknown split, DataError for an empty one.
    """
    manifest, ids = face_set.manifest, face_set.ids(split)
    if not ids:
        raise DataError(f"{face_set.path}: there is no face in the split {split!r}")
    return DataFacts(
        name=manifest.name,
        version=manifest.version,
        licence=manifest.licence,
        hash=face_set.hash,
        split=split,
        count=len(ids),
    )
