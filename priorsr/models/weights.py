"""Save and load weights: safetensors with one metadata key; networks are rebuilt by registered name only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, JsonValue
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from priorsr.building import build
from priorsr.config import validate
from priorsr.errors import DataError, OptionError, PriorsrError, PriorsrWarning, UnknownNameError
from priorsr.files import atomic_path, sha256_json
from priorsr.infinity import json_value
from priorsr.makers import only_from
from priorsr.models.plain_config import as_plain, revive
from priorsr.options import from_file, taken, without_local
from priorsr.plugins import FILE, Offer
from priorsr.reading.fitting import built_for, check_fit
from priorsr.reading.json_files import parse_facts
from priorsr.reading.tensors import read_metadata, read_tensors
from priorsr.registry import find, offer_of, offers, packages
from priorsr.sources import UNREGISTERED, Component, components_of

KEY = "priorsr"
_DESCRIBED_BY = {"model": "config", "estimator": "options"}  # by kind, the attribute with the config or options
_EXPECTED = "weights that priorsr saved (.safetensors)"
_UNCHANGED = "the hash in its metadata was expected"
_HASH, _TENSORS_HASH = "metadata_hash", "tensors_hash"


class _Metadata(BaseModel):
    """The metadata of a weights file; there may be further keys, such as `components`.

    tensors_hash, metadata_hash: hashes of the tensors, and of the other metadata; absent in older files.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["model", "estimator"] = "model"  # absent in files older than saved estimators
    distribution: str
    version: str
    name: str
    config: dict[str, JsonValue]
    card: dict[str, JsonValue]
    tensors_hash: str | None = None
    metadata_hash: str | None = None


def save(
    module: nn.Module,
    path: str | Path,
    *,
    card: Mapping[str, Any] | None = None,
    trained_by: Iterable[Component] | None = None,
    half: bool = False,
) -> None:
    """Save a registered model's weights and config, or an estimator's weights and options, as .safetensors.

    The file is written atomically, and names every component of the module. An estimator that can be saved keeps its
    constructor's options, as JSON values, in the attribute `options`.

    card: facts for users (training data, recipe, scores), as JSON values, infinity as "inf".
    trained_by: the components that took part in training, such as recipe and teacher. By default, card and trained_by
        are those that the module was loaded with.
    half: store float32 as float16, which `load` converts back; the last bits of the weights are lost.

    Raises OptionError for a module, or a part in its config, that is not registered, since it could not be rebuilt by
    name, and DataError for a file that cannot be written.
    """
    kind = getattr(module, "kind", None)
    kind = kind if kind in _DESCRIBED_BY else "model"
    offer = offer_of(kind, type(module))
    if not hasattr(module, _DESCRIBED_BY[kind]):
        raise OptionError(f"the {kind} {offer.name!r} has no {_DESCRIBED_BY[kind]!r}, so it could not be built again")
    trained = [part for part in getattr(module, "made_by", None) or () if part.used_for == "training"]
    components = {*components_of([module], "inference"), *(trained if trained_by is None else trained_by)}
    config = as_plain(getattr(module, _DESCRIBED_BY[kind]))
    described = {
        "kind": kind,
        "distribution": offer.distribution,
        "version": offer.version,
        "name": offer.name,
        "config": without_local(type(module), config),
        "card": as_plain(json_value(getattr(module, "card", {}) if card is None else card)),
        "components": [dataclasses.asdict(component) for component in sorted(components)],
    }
    state = module.state_dict()
    if half:
        state = {name: x.half() if x.dtype == torch.float32 else x for name, x in state.items()}
    save_tensors(state, Path(path), described)


def save_tensors(state: Mapping[str, Tensor], path: Path, described: Mapping[str, Any]) -> None:
    """Write tensors (made contiguous, on the CPU) and the one metadata key to `path`, atomically.

    Hashes are added to the given metadata, by which a reader detects changes.
    """
    # Copies, since safetensors refuses tensors that share memory, as tied weights do.
    tensors = {name: x.detach().cpu().clone(memory_format=torch.contiguous_format) for name, x in state.items()}
    hashed = {**described, _TENSORS_HASH: tensors_hash(tensors)}
    hashed[_HASH] = _metadata_hash(hashed)
    with atomic_path(path) as beside:
        try:
            save_file(tensors, beside, {KEY: json.dumps(hashed, sort_keys=True, allow_nan=False)})
        except SafetensorError as error:
            raise DataError(f"{path}: cannot be written ({error})") from error


def load_file(path: str | Path) -> nn.Module:
    """Load a model or an estimator from a .safetensors that `save` wrote: on the CPU, in eval mode.

    Its card is the attribute `card`; the components of which it was built and by which it was trained are `made_by`,
    None for older weights. Builds registered names only, never a module that the file names, each from its original
    distribution. A PriorsrWarning names both versions if the installed one differs.

    Raises DataError for a missing, truncated or foreign file and for tensors that do not fit; UnknownNameError for a
    file whose plugins are not installed.
    """
    path = Path(path)
    described, tensors = read(path)
    made_by = components_in(described, path)
    other_versions = "; ".join(_other_versions(made_by or ()))
    try:
        with built_for(tensors, path):
            module = _built(described, made_by or (), path)
        check_fit(module, tensors, path)
    except PriorsrError as error:
        where = "" if str(error).startswith(f"{path}: ") else f"{path}: "
        raise type(error)(f"{where}{error}{f'; {other_versions}' if other_versions else ''}") from error
    if other_versions:
        warnings.warn(f"{path}: {other_versions}", PriorsrWarning, stacklevel=2)
    module.load_state_dict(tensors)
    module.card, module.made_by = described["card"], made_by  # type: ignore[assignment]  # no tensors
    return module.eval()


def _built(described: Mapping[str, Any], made_by: Iterable[Component], path: Path) -> nn.Module:
    """Build the module that a file's metadata describes, from its original distributions."""
    kind = described["kind"]
    source = Offer(kind, described["name"], "", described["distribution"], described["version"])
    makers = [
        Offer(part.kind, part.name, "", part.distribution, part.version)
        for part in made_by
        if part.used_for == "inference" and part.distribution != UNREGISTERED
    ]
    with only_from(makers), from_file():
        try:
            component: Any = find(kind, source.reference)
        except UnknownNameError as error:
            raise UnknownNameError(
                f"{path}: holds the {kind} {source.name!r} of {source.distribution} {source.version}, which is not "
                f"installed ({error})"
            ) from error
        who, described_by = f"{path}: the {_DESCRIBED_BY[kind]} of {source.name!r}", revive(described["config"])
        module: nn.Module
        if kind == "model":
            config = validate(component.Config, taken(component, described_by, who), who)
            try:
                module = component(config)
            except PriorsrError:
                raise
            except Exception as error:  # a constructor may raise anything
                raise OptionError(f"{who} builds no model: {type(error).__name__}: {error}") from error
        else:
            module = build(kind, component, preset=None, who=who, options=described_by)
    return module


def _other_versions(made_by: Iterable[Component]) -> Iterator[str]:
    """Return a sentence for each distribution of a module that is installed in another version."""
    here = dict(packages().values())
    parts = [part for part in made_by if part.used_for == "inference"]
    for distribution, version in sorted({(part.distribution, part.version) for part in parts}):
        if here.get(distribution, version) != version:
            yield f"made by {distribution} {version}, here is {here[distribution]}"
    for part in parts:
        found = {offer.name: offer for offer in offers(part.kind)}.get(part.name) if part.distribution == FILE else None
        if found and found.version not in ("", part.version):
            yield f"the {part.kind} {part.name!r} was made by a file of hash {part.version}, here is {found.version}"


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read the metadata and tensors of a .safetensors of priorsr; raises DataError for any other file."""
    described = read_card(path)
    tensors = read_tensors(Path(path), _EXPECTED)
    if described[_TENSORS_HASH] not in (None, tensors_hash(tensors)):
        raise DataError(f"{path}: its tensors were changed since it was written; {_UNCHANGED}")
    return described, tensors


def read_card(path: Path) -> dict[str, Any]:
    """Return the metadata of a .safetensors of ours (kind, distribution, name, config, card); read no tensor."""
    path = Path(path)
    text = read_metadata(path, _EXPECTED).get(KEY)
    if text is None:
        raise DataError(f"{path}: has no metadata {KEY!r}; {_EXPECTED} were expected")
    metadata = parse_facts(text, f"{path}: the metadata", _Metadata, "the whole")
    if metadata.metadata_hash not in (None, _metadata_hash(metadata.model_dump(exclude_unset=True))):
        raise DataError(f"{path}: its metadata were changed since it was written; {_UNCHANGED}")
    return metadata.model_dump()


def components_in(described: Mapping[str, Any], path: Path) -> tuple[Component, ...] | None:
    """Return the components that a file's metadata lists, None for an older file; raises DataError for a wrong list."""
    listed = described.get("components")
    if listed is None:
        return None
    try:
        return tuple(validate(Component, part, f"{path}: a component of the metadata") for part in listed)
    except (OptionError, TypeError, ValueError) as error:
        raise DataError(f"{path}: the metadata's 'components' are no list of components ({error})") from error


def made_of(module: nn.Module) -> Any:
    """Return a model's config or an estimator's options as JSON values, or None."""
    kind = getattr(module, "kind", None)
    return as_plain(getattr(module, _DESCRIBED_BY[kind], None)) if kind in _DESCRIBED_BY else None


def weights_hash(model: nn.Module) -> str:
    """Return the SHA-256 of a module's tensors, see `tensors_hash`."""
    return tensors_hash(model.state_dict())


def tensors_hash(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of tensors, sorted by name, each hashed as name, dtype, shape and bytes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _metadata_hash(described: Mapping[str, Any]) -> str:
    return sha256_json({key: value for key, value in described.items() if key != _HASH})
