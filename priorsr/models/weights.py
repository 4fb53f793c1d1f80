"""Weights in and out: safetensors with one metadata key, and networks rebuilt by registered name only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from priorsr.config import validate
from priorsr.errors import DataError, OptionError, UnknownNameError
from priorsr.files import atomic_path
from priorsr.plugins import Offer
from priorsr.registry import Part, build, find, offer_of

KEY = "priorsr"
_PART = "part"
_DESCRIBED_BY = {"model": "config", "estimator": "options"}  # by kind, the attribute that holds what one is made of


def save(module: nn.Module, path: str | Path, *, card: Mapping[str, Any] | None = None) -> None:
    """Save a registered model's weights and config, or an estimator's weights and options, as .safetensors.

    The file is written whole or not at all. An estimator that can be saved keeps its constructor's options, as JSON
    values, in the attribute `options`.
    card: what a reader should know (training data, recipe, scores), as JSON values; the card that the module was loaded
    with, unless given. A module, or a part in its config, that is not registered raises OptionError, since it could not
    be built again by name; a file that cannot be written DataError.
    """
    kind = getattr(module, "kind", None)
    kind = kind if kind in _DESCRIBED_BY else "model"
    offer = offer_of(kind, type(module))
    if not hasattr(module, _DESCRIBED_BY[kind]):
        raise OptionError(f"the {kind} {offer.name!r} has no {_DESCRIBED_BY[kind]!r}, so it could not be built again")
    described = {
        "kind": kind,
        "distribution": offer.distribution,
        "version": offer.version,
        "name": offer.name,
        "config": _plain(getattr(module, _DESCRIBED_BY[kind])),
        "card": _plain(getattr(module, "card", {}) if card is None else card),
    }
    save_tensors(module.state_dict(), Path(path), described)


def save_tensors(state: Mapping[str, Tensor], path: Path, described: Mapping[str, Any]) -> None:
    """Write tensors (made contiguous, on the CPU) and the one metadata key to `path`, whole or not at all."""
    # Copies, since safetensors refuses tensors that share memory, as tied weights do.
    tensors = {name: x.detach().cpu().clone(memory_format=torch.contiguous_format) for name, x in state.items()}
    with atomic_path(path) as beside:
        try:
            save_file(tensors, beside, {KEY: json.dumps(described, sort_keys=True, allow_nan=False)})
        except SafetensorError as error:
            raise DataError(f"{path}: cannot be written ({error})") from error


def load(path: str | Path) -> nn.Module:
    """Load a model or an estimator from a .safetensors that `save` wrote: on the CPU, in eval mode, its card as `card`.

    Builds registered names only, never a module that the file names. Raises DataError for a missing, truncated or
    foreign file and for tensors that do not fit; UnknownNameError for one whose plugin is not installed.
    """
    path = Path(path)
    described, tensors = read(path)
    kind = described["kind"]
    source = Offer(kind, described["name"], "", described["distribution"], described["version"])
    try:
        component: Any = find(kind, source.reference)
    except UnknownNameError as error:
        raise UnknownNameError(
            f"{path}: holds the {kind} {source.name!r} of {source.distribution} {source.version}, which is not "
            f"installed ({error})"
        ) from error
    who, described_by = f"{path}: the {_DESCRIBED_BY[kind]} of {source.name!r}", _revive(described["config"])
    module: nn.Module
    if kind == "model":
        module = component(validate(component.Config, described_by, who))
    else:
        module = build(kind, component, preset=None, who=who, options=described_by)
    check_fit(module, tensors, path)
    module.load_state_dict(tensors)
    module.card = described["card"]
    return module.eval()


def check_fit(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raise DataError naming the first tensor of the file `path` that the module lacks, or that has another shape."""
    wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in tensors.items()}
    for key in sorted(wanted.keys() | given.keys()):
        if wanted.get(key) != given.get(key):
            raise DataError(
                f"{path}: the tensor {key!r} is {given.get(key, 'absent')}; {wanted.get(key, 'none of that name')} "
                f"was expected by {type(module).__name__}"
            )


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The metadata and the tensors of a .safetensors of ours; raises DataError for anything else."""
    described = read_card(path)
    try:
        with safe_open(path, "pt") as file:
            return described, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path}: cannot be read as safetensors ({error})") from error


def read_card(path: Path) -> dict[str, Any]:
    """The metadata of a .safetensors of ours: kind, distribution, version, name, config and card; reads no tensor."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; weights that priorsr saved (.safetensors) were expected")
    try:
        with safe_open(path, "pt") as file:
            described = json.loads((file.metadata() or {}).get(KEY, "null"))
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as safetensors ({error})") from error
    types = {"distribution": str, "version": str, "name": str, "config": dict, "card": dict}
    if not isinstance(described, dict):
        raise DataError(f"{path}: has no metadata {KEY!r}; weights that priorsr saved were expected")
    for key, wanted in types.items():
        if not isinstance(described.get(key), wanted):
            found = described.get(key)
            raise DataError(f"{path}: the metadata's {key!r} is {found!r:.80}; a {wanted.__name__} was expected")
    kind = described.setdefault("kind", "model")  # files of before estimators were saved have none
    if kind not in list(_DESCRIBED_BY):
        raise DataError(
            f"{path}: the metadata's 'kind' is {kind!r:.80}; one of {', '.join(_DESCRIBED_BY)} was expected"
        )
    return described


def made_of(module: nn.Module) -> Any:
    """What a module is made of, as its file would say: a model's config or an estimator's options, else None."""
    kind = getattr(module, "kind", None)
    return _plain(getattr(module, _DESCRIBED_BY[kind], None)) if kind in _DESCRIBED_BY else None


def weights_hash(model: nn.Module) -> str:
    """The SHA-256 of a module's tensors: sorted by name, each as name, dtype, shape and bytes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """A config as JSON values, which `_revive` undoes; a part given as a class becomes its registered name."""
    if isinstance(value, Part):
        return {_PART: value.name, "options": _plain(value.options)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, type):
        return offer_of(getattr(value, "kind", "no kind"), value).reference
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, str | int | bool) or (isinstance(value, float) and isfinite(value)):
        return value
    raise OptionError(f"a config or card holds {value!r}, which cannot be saved: JSON values and parts can")


def _revive(value: Any) -> Any:
    """What `_plain` made plain: parts, and tuples for lists, since configs are immutable."""
    if isinstance(value, dict):
        revived = {key: _revive(item) for key, item in value.items()}
        return Part(revived[_PART], **revived["options"]) if revived.keys() == {_PART, "options"} else revived
    return tuple(_revive(item) for item in value) if isinstance(value, list) else value
