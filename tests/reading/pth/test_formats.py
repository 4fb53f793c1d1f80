"""Checkpoints of every format are read whole; what is cut off, damaged or something else is told as what it is."""

from __future__ import annotations

import pickle
import random
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from priorsr.errors import DataError
from priorsr.reading.pth import formats, machine
from priorsr.reading.pth.state_dicts import read_state_dict

sys.path.insert(0, str(Path(__file__).parent))

from checkpoints import FORMATS, dumps, tensor, write_zip

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(7), "c": torch.ones(2, dtype=torch.bfloat16)}


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
def test_tensors_come_back(zipped: bool, tmp_path: Path) -> None:
    whole = torch.rand(100)
    state = {
        **STATE,
        "view": whole[10:30:2],
        "same": whole,
        "bool": torch.tensor([True, False]),
        "none": torch.empty(0, 3),
    }
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    found = read_state_dict(tmp_path / "a.pth")
    assert found.keys() == state.keys()
    for name, value in state.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
def test_a_file_that_is_cut_off_is_told_so(zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"a": torch.rand(500)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in [*range(16, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"{path}: (is cut off|the tensor 'a' lacks)"):
            read_state_dict(path)


def html(path: Path) -> None:
    path.write_text("\n<!DOCTYPE html><html><body>Google Drive can't scan this file</body></html>")


def lfs(path: Path) -> None:
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1292813\n")


def tar(path: Path) -> None:
    with tarfile.open(path, "w") as file:
        file.add(__file__, "storages")


def script(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("net/data.pkl", b"N.")
        file.writestr("net/constants.pkl", b"N.")


def other_zip(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), a=np.ones(2))
    path.with_suffix(".npz").rename(path)


def compressed(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"0" * 10_000)


def other_end(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", b"N.")
        file.writestr("archive/byteorder", b"big")


def safetensors(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.ones(2)}, path)


def flipped(path: Path) -> None:
    torch.save(STATE, path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.arange(6.0).numpy().tobytes())] ^= 1
    path.write_bytes(content)


OTHERS = {
    html: "is a web page, as a download leaves that was not confirmed; download it again",
    lfs: "is a pointer of Git LFS",
    tar: "is a tar archive",
    script: "is a TorchScript program",
    other_zip: "is a zip file without a data.pkl",
    compressed: "is compressed",
    other_end: "was saved on a machine of the other byte order",
    safetensors: "is a .safetensors",
    flipped: "the tensor 'a.weight' is damaged",
    lambda path: path.write_bytes(b""): "is empty, as a download leaves that did not begin",
    lambda path: path.write_text("404: Not Found, the file is elsewhere"): "is text",
    lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"): "is an HDF5 file",
    lambda path: path.write_bytes(b"\x1f\x8b" + bytes(30)): "is a compressed archive",
    lambda path: path.write_bytes(bytes(30)): "is nothing known; a checkpoint of PyTorch",
    lambda path: path.write_bytes(b"PK\x03\x04" + bytes(30)): "is cut off or damaged, a zip file without its end",
    lambda path: path.write_bytes(pickle.dumps({"a": 1})): "is a pickle that torch.save did not write",
    lambda path: path.write_bytes(dumps(formats._MAGIC) + dumps(7)): "is of the format 7",
    lambda path: path.write_bytes(dumps(formats._MAGIC) + dumps(1001) + dumps({})): "of the other byte order",
    lambda path: path.mkdir(): "is a folder",
}


@pytest.mark.parametrize(("make", "sentence"), OTHERS.items(), ids=OTHERS.values())
def test_what_is_no_checkpoint_is_told_as_what_it_is(make, sentence: str, tmp_path: Path) -> None:
    make(tmp_path / "a.pth")
    with pytest.raises(DataError) as raised:
        read_state_dict(tmp_path / "a.pth")
    assert str(raised.value).startswith(f"{tmp_path / 'a.pth'}: ")
    assert sentence in str(raised.value)


@pytest.mark.parametrize("keys", [["1"], "0", 5, [["0"]], {"0": 1}])
def test_storages_of_the_old_format_are_those_that_its_pickle_names(keys: object, tmp_path: Path) -> None:
    parts = [formats._MAGIC, 1001, {"little_endian": True}, {"a": tensor((6,), (1,), view=(None,))}, keys]
    (tmp_path / "a.pth").write_bytes(b"".join(map(dumps, parts)) + (6).to_bytes(8, "little") + bytes(24))
    with pytest.raises(DataError, match="those that its pickle names were expected"):
        read_state_dict(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("count", "sentence"), [(7, "is cut off"), (-6, "is cut off"), (5, "of which the file has 20")]
)
def test_a_storage_of_the_old_format_is_as_long_as_it_says(count: int, sentence: str, tmp_path: Path) -> None:
    parts = [formats._MAGIC, 1001, {"little_endian": True}, {"a": tensor((6,), (1,), view=(None,))}, ["0"]]
    content = b"".join(map(dumps, parts)) + count.to_bytes(8, "little", signed=True) + bytes(24)
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_state_dict(tmp_path / "a.pth")


def test_storages_that_overlap_in_the_file_are_refused(tmp_path: Path) -> None:
    """As a zip file can have them, whose members are all the same bytes."""
    tensors = {str(number): tensor((6,), (1,), key=str(number)) for number in range(60)}
    write_zip(tmp_path / "a.pth", dumps(tensors), **{f"_{number}": bytes(24) for number in range(60)})
    assert len(read_state_dict(tmp_path / "a.pth")) == 60
    content = (tmp_path / "a.pth").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pth") as file:
        first, *others = (file.getinfo(f"archive/data/{number}") for number in range(60))
    where = first.header_offset.to_bytes(4, "little")
    for member in others:
        entry = content.rindex(member.filename.encode()) - 4
        content = content[:entry] + where + content[entry + 4 :]
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(DataError, match="is damaged|overlaps"):
        read_state_dict(tmp_path / "a.pth")


def test_a_large_pickle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MOST_PICKLE", 100)
    write_zip(tmp_path / "a.pth", b"N" * 101)
    with pytest.raises(DataError, match="compressed, or too large"):
        read_state_dict(tmp_path / "a.pth")
    monkeypatch.undo()
    monkeypatch.setattr(machine, "MOST_INSTRUCTIONS", 10)
    write_zip(tmp_path / "b.pth", b"N" * 101)
    with pytest.raises(DataError, match="a pickle of more than 10 instructions"):
        read_state_dict(tmp_path / "b.pth")


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
def test_a_damaged_file_is_refused_or_gives_other_numbers_in_the_same_places(zipped: bool, tmp_path: Path) -> None:
    """The old format has no checksum of its numbers; what they are is checked when they are loaded."""
    path = tmp_path / "a.pth"
    torch.save({"a.weight": torch.rand(4, 3), "b": torch.rand(5)}, path, _use_new_zipfile_serialization=zipped)
    dice, whole = random.Random(0), path.read_bytes()
    for _ in range(300):
        content = bytearray(whole)
        content[dice.randrange(len(whole))] = dice.randrange(256)
        path.write_bytes(content)
        try:
            found = read_state_dict(path)
        except DataError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017  # many outcomes are right
        else:
            assert sum(value.numel() for value in found.values()) <= 17
