"""Write weights to a folder that can be published, and exchange them with the Hugging Face Hub."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from priorsr.errors import DataError, MissingWeightsError, OptionError
from priorsr.files import atomic_text, require_extra
from priorsr.models.weights import read_card, save

PREFIX = "hf://"
PRETRAINED = "model.safetensors"
_PLACE = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


def save_pretrained(model: nn.Module, folder: str | Path, *, half: bool = False) -> Path:
    """Write a model into a folder that can be published: model.safetensors and README.md, its model card.

    half: store floating point as float16, which `load` converts back to float32. Returns the folder. Raises what `save`
    raises.
    """
    out = Path(folder)
    save(model, out / PRETRAINED, half=half)
    atomic_text(out / "README.md", _readme(read_card(out / PRETRAINED)))
    return out


def push_to_hub(model: nn.Module, repo: str, *, private: bool = False, half: bool = False) -> str:
    """Publish a model as OWNER/NAME on the Hugging Face Hub, with the token that `hf auth login` keeps.

    Returns the address of the commit. Needs the extra `hub`. Raises OptionError for a name of another form, and
    DataError with the reason if the hub refuses or cannot be reached.
    """
    require_extra("huggingface_hub", "hub")
    from tempfile import TemporaryDirectory

    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    name = _parse(repo if repo.startswith(PREFIX) else PREFIX + repo)[0]
    with TemporaryDirectory() as folder:
        save_pretrained(model, folder, half=half)
        try:
            api = HfApi()
            api.create_repo(name, private=private, exist_ok=True)
            return str(api.upload_folder(repo_id=name, folder_path=folder, commit_message="Upload model"))
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise DataError(f"{PREFIX}{name}: cannot be published ({_reason(error)})") from error


def download(spec: str) -> Path:
    """Return the weights at hf://OWNER/NAME or hf://OWNER/NAME@REVISION, fetched into the hub's own cache if absent.

    Needs the extra `hub`. Raises MissingWeightsError naming file and address if they cannot be fetched.
    """
    repo, revision = _parse(spec)
    require_extra("huggingface_hub", "hub")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(hf_hub_download(repo, PRETRAINED, revision=revision))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise MissingWeightsError(
            f"{spec}: {PRETRAINED} cannot be fetched ({_reason(error)}); without a network, put that file into a "
            "folder, and give the folder's path"
        ) from error


def _parse(spec: str) -> tuple[str, str | None]:
    match = _PLACE.fullmatch(spec)
    if not match:
        raise OptionError(f"{spec!r} is no place on the hub; hf://OWNER/NAME or hf://OWNER/NAME@REVISION was expected")
    return match["repo"], match["revision"]


def _reason(error: Exception) -> str:
    """Return the first line of a library's error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _readme(described: Mapping[str, Any]) -> str:
    """Return the README of weights: the hub's metadata, their use, and the content of their card."""
    card, name = described["card"], described["name"]
    licence = card.get("licence")
    front = ["---", "library_name: priorsr", "tags: [face-super-resolution, priorsr]"]
    front += ["license: other", f"license_name: {json.dumps(licence)}"] if licence else []
    return os.linesep.join(
        [
            *front,
            "---",
            f"# {name}",
            "",
            f"A {described['kind']} of priorsr, from {described['distribution']} {described['version']}.",
            "",
            "```python",
            "import priorsr",
            "",
            'model = priorsr.load("PATH OR hf://OWNER/NAME")',
            "```",
            "",
            "## Card",
            "",
            "```json",
            json.dumps(card, indent=1, ensure_ascii=False, sort_keys=True),
            "```",
            "",
        ]
    )
