"""Find the models that a user names."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from priorsr.errors import OptionError, PriorsrError, UnknownNameError, WrongKindError, did_you_mean
from priorsr.models.creation import create
from priorsr.models.finding import find_weights, weights_names
from priorsr.models.foreign.checkpoint_file import CHECKPOINTS, model_of_checkpoint
from priorsr.models.foreign.onnx_file import model_of_onnx_file
from priorsr.models.foreign.python_file import is_python_spec, model_of_python_file
from priorsr.models.weights import load_file
from priorsr.registry import names

ModelSpec = nn.Module | str | Path
"""A model, or a name or file of one, see `model_from_spec`."""


def model_from_spec(spec: ModelSpec) -> nn.Module:
    """Return the model that a user names.

    spec: anything that `priorsr.load` takes; the registered name of a model without parameters, such as `bicubic`;
    FILE.py:NAME, a network or function in a Python file, which is executed; FILE.onnx; FILE.pth, .pt or .ckpt, a
    checkpoint of a general network that spandrel detects; or a model, which is returned as it is.

    Raises UnknownNameError for an unknown name; OptionError for FILE.py without a name; PriorsrError for a model
    without weights; WrongKindError for anything but a model; and the errors of `priorsr.load`.
    """
    if not isinstance(spec, nn.Module):
        return named_model(spec)[0]
    return _checked(spec, f"the {type(spec).__name__} given as model")


def named_model(spec: str | Path) -> tuple[nn.Module, Path | None]:
    """Return the model of a name or file as `model_from_spec` does, and the file of its weights, or None."""
    if foreign := _foreign(spec):
        return foreign, None
    if isinstance(spec, str) and _is_model(spec) and not weights_names(spec.rpartition(":")[2]):
        model: nn.Module = create("model", spec)
        if next(model.parameters(), None) is not None:
            raise PriorsrError(
                f"the model {spec!r} has parameters, and no installed package offers weights for it: install those of "
                "priorsr-weights (pip install 'priorsr[weights]'), or give a weights file (.safetensors) or the folder "
                "of a run of 'priorsr train'"
            )
        return model.eval(), None
    try:
        path = find_weights(spec)
    except UnknownNameError:
        known = did_you_mean(str(spec), {*names("model"), *weights_names()})
        hint = "" if weights_names() else " (pip install 'priorsr[models,weights]' brings models with their weights)"
        text = f"there is neither a model, nor a file or folder, called {str(spec)!r}; {known}{hint}"
        raise UnknownNameError(text) from None
    return _checked(load_file(path), spec), path


def _foreign(spec: str | Path) -> nn.Module | None:
    """Return the model of a file in a foreign format, by the file's suffix; None for any other file."""
    if is_python_spec(spec):
        return model_of_python_file(str(spec))
    suffix = Path(spec).suffix.lower()
    if suffix == ".py":
        raise OptionError(f"{spec}: names no network in it; {spec}:NAME was expected")
    if suffix == ".onnx":
        return model_of_onnx_file(Path(spec))
    return model_of_checkpoint(Path(spec)) if suffix in CHECKPOINTS else None


def _checked(found: nn.Module, who: str | Path) -> nn.Module:
    kind = getattr(found, "kind", None)
    if kind != "model":
        raise WrongKindError(f"{who}: is of the kind {kind!r}; a model was expected")
    return found


def _is_model(spec: str) -> bool:
    return spec.rpartition(":")[2] in names("model")
