from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from priorsr.errors import MissingWeightsError
from priorsr.pretrained import hub_weights

URL = "https://example.org/net-0123abcd.pth"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def test_weights_are_taken_from_torchs_cache(cache: Path) -> None:
    (cache / "net-0123abcd.pth").write_bytes(b"")
    assert hub_weights(URL, "Net's") == cache / "net-0123abcd.pth"


def test_absent_ones_are_fetched_only_if_asked_for(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    with pytest.raises(
        MissingWeightsError, match=f"Net's weights are absent: put net-0123abcd.pth into {cache}, or pass fetch=True"
    ):
        hub_weights(URL, "Net's")
    with pytest.raises(MissingWeightsError, match="since https://example.org/net-0123abcd.pth cannot be fetched"):
        hub_weights(URL, "Net's", fetch=True)
    fetched = []
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda url, **_: fetched.append(url))
    assert hub_weights(URL, "Net's", fetch=True) == cache / "net-0123abcd.pth"
    assert fetched == [URL]
