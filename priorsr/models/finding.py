"""Find weights by file, folder, training run, name in a package, or address on a hub."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from priorsr.errors import DataError, MissingWeightsError, NameCollisionError, UnknownNameError, did_you_mean
from priorsr.models.hub import PREFIX, PRETRAINED, download
from priorsr.models.weights import read_card
from priorsr.plugins import Offer, normalise
from priorsr.reading.json_files import read_json
from priorsr.registry import weights_offers

DEFAULT = "default"


def find_weights(spec: str | Path) -> Path:
    """Return the .safetensors that a user names; only names that begin with hf:// use the network.

    spec: a file; a folder that `save_pretrained` wrote; a training run's folder, for the last stage's weights; the name
    of weights that an installed package offers (see `weights_names`), or DISTRIBUTION:NAME; or hf://OWNER/NAME, perhaps
    with @REVISION. An existing path takes precedence over a name.

    Raises DataError for a folder without weights, UnknownNameError for a name that no package offers,
    NameCollisionError for a name that several packages offer, and MissingWeightsError for a file that is missing or
    cannot be fetched.
    """
    if isinstance(spec, str) and spec.startswith(PREFIX):
        return download(spec)
    path = Path(spec)
    if path.is_dir():
        return path / PRETRAINED if (path / PRETRAINED).is_file() else _of_run(path)
    return path if path.exists() or path.suffix == ".safetensors" else _offered(str(spec))


def weights_names(model: str | None = None) -> list[str]:
    """Return the names of all weights that installed packages offer, or those for a model, without imports.

    A name is MODEL, for the model's default weights, or MODEL.VARIANT.
    """
    found = {offer.name for offer in weights_offers()}
    return sorted(name for name in found if model is None or name.partition(".")[0] == model)


def name_of_weights(model: str, weights: str) -> str:
    """Return the name of a model's weights: `default`, a variant, or the whole name."""
    if weights == DEFAULT:
        return model
    return weights if weights.partition(".")[0] == model else f"{model}.{weights}"


def _offered(name: str) -> Path:
    distribution, _, bare = name.rpartition(":")
    found = [o for o in weights_offers() if o.name == bare and normalise(distribution) in ("", o.distribution)]
    if not found:
        known = weights_names()
        some = did_you_mean(bare, known) if known else "no installed package offers weights, as priorsr-weights does"
        raise UnknownNameError(f"there is neither a file nor are there weights called {name!r}; {some}")
    if len(found) > 1:
        choices = " or ".join(f"{offer.distribution}:{offer.name}" for offer in found)
        raise NameCollisionError(f"several distributions offer weights called {bare!r}: ask for {choices}")
    return _file_of(found[0])


def _file_of(offer: Offer) -> Path:
    package, _, stem = offer.target.partition(":")
    spec = find_spec(package.partition(".")[0])  # of a top-level package, which this does not import
    folders = [Path(folder, *package.split(".")[1:]) for folder in (spec and spec.submodule_search_locations) or ()]
    files = [folder / f"{stem}.safetensors" for folder in folders]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        where = str(files[0]) if files else f"the package {package!r}"
        raise MissingWeightsError(
            f"{where}: is absent, though {offer.distribution} {offer.version} offers the weights {offer.name!r}; "
            f"install {offer.distribution} anew"
        )
    return found


def _of_run(run: Path) -> Path:
    """Return the weights that the last stage of a training run produces."""
    config = run / "config.json"
    if not config.is_file():
        raise DataError(
            f"{run}: has neither {PRETRAINED} nor a training run's config.json; a folder with weights was expected"
        )
    described = read_json(config)
    steps = described.get("stage_steps") if isinstance(described, dict) else None
    last = list(steps)[-1:] if isinstance(steps, dict) else []
    found = sorted((run / "weights").glob("*.safetensors"))
    final = [path for path in found if read_card(path)["card"].get("stage") in last]
    if len(final) != 1:
        there = ", ".join(map(str, found)) or "none"
        raise DataError(
            f"{run}: has no weights of its last stage {''.join(last)!r}, as a finished run has; those there: {there}"
        )
    return final[0]
