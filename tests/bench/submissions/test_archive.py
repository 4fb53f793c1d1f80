"""A zip file of somebody who means harm: each attack is one sentence, and nothing is written or unpacked."""

from __future__ import annotations

import copy
import os
import re
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from priorsr.bench.submissions.archive import MOST_BYTES, Archive
from priorsr.errors import DataError

RECORD = "records/0123456789abcdef.json"
IMAGE = "outputs/0123456789abcdef/face.png"


def archive(path: Path, *members: tuple[str, bytes], mode: int = 0o100644, compress: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = compress
            file.writestr(info, content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as raised:
        Archive(path)
    assert str(raised.value).startswith(f"{path}: ")
    return str(raised.value)


def test_plain_members_are_read_and_hashed(tmp_path) -> None:
    path = archive(tmp_path / "a.zip", ("manifest.json", b"{}"), (RECORD, b"{ }"), (IMAGE, b"png"))
    with Archive(path) as opened:
        assert opened.names == ["manifest.json", RECORD, IMAGE]
        assert opened.read(IMAGE, 3) == b"png"
        assert opened.sha256("manifest.json") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("/etc/passwd", "has an absolute path"),
        ("C:/windows/win.ini", "has an absolute path"),
        ("..\\..\\evil.png", "has an absolute path, or one of another system"),
        ("../../evil.png", "leaves the submission's folder"),
        ("outputs/0123456789abcdef/../../../evil.png", "leaves the submission's folder"),
        ("outputs/0123456789abcdef/..", "leaves the submission's folder"),
        ("outputs/0123456789abcdef/a/b.png", "is none of a submission's"),
        ("outputs/elsewhere/a.png", "is none of a submission's"),
        ("outputs/0123456789abcdef/a.exe", "is none of a submission's"),
        ("outputs/", "is none of a submission's"),
        ("weights.pth", "may hold a pickle"),
        ("weights/model.ckpt", "may hold a pickle"),
        ("outputs/0123456789abcdef/a.npz", "may hold a pickle"),
    ],
)
def test_names_that_no_submission_has(tmp_path, name, sentence) -> None:
    assert sentence in refusal(archive(tmp_path / "a.zip", ("manifest.json", b"{}"), (name, b"x")))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices(tmp_path, kind) -> None:
    path = archive(tmp_path / "a.zip", (IMAGE, b"/etc/passwd"), mode=kind | 0o777)
    assert "is a link or a device" in refusal(path)


def test_what_is_no_plain_file_is_refused_before_it_is_opened(tmp_path) -> None:
    assert "is a folder; a submission that priorsr packed was expected" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe.zip")
    for device in (tmp_path / "pipe.zip", Path("/dev/zero")):
        assert "is a pipe or a device; a submission" in refusal(device)


def test_an_absurdly_large_file(tmp_path) -> None:
    path = tmp_path / "a.zip"
    with open(path, "wb") as file:
        file.truncate(MOST_BYTES + 1)  # sparse
    assert "has 137,438,953,473 bytes; a submission that priorsr packed of at most" in refusal(path)


def test_members_that_share_their_bytes(tmp_path) -> None:
    """A small file that would take for ever to read."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(IMAGE, bytes(4000))
        for number in range(3):
            again = copy.copy(file.filelist[0])
            again.filename = again.orig_filename = f"outputs/0123456789abcdef/{number}.png"
            file.filelist.append(again)
            file.NameToInfo[again.filename] = again
    assert "and its members 16,000; members that share no bytes were expected" in refusal(path)


def test_weights_that_are_absurdly_large(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("priorsr.bench.submissions.archive.MOST_WEIGHTS", 10)
    path = archive(tmp_path / "a.zip", ("weights.safetensors", bytes(11)))
    assert "'weights.safetensors' has 11 bytes; at most 10 were expected" in refusal(path)


def test_a_name_that_is_there_twice(tmp_path) -> None:
    path = archive(tmp_path / "a.zip", (IMAGE, b"for the hash"), (IMAGE, b"for the score"))
    assert f"the member {IMAGE!r} is there twice" in refusal(path)


def test_a_name_that_ends_at_a_zero_byte(tmp_path) -> None:
    path = archive(tmp_path / "a.zip", ("manifest.jsonX", b"{}"))
    path.write_bytes(path.read_bytes().replace(b"manifest.jsonX", b"manifest.json\0"))
    assert "a path inside the submission was expected" in refusal(path)


def test_bombs_do_not_unpack(tmp_path) -> None:
    zeros = bytes(2**20)
    assert "is compressed" in refusal(archive(tmp_path / "a.zip", (IMAGE, zeros), compress=zipfile.ZIP_DEFLATED))
    assert "is compressed" in refusal(archive(tmp_path / "a.zip", (RECORD, zeros), compress=zipfile.ZIP_BZIP2))
    bomb = archive(tmp_path / "a.zip", (RECORD, zeros), compress=zipfile.ZIP_DEFLATED)
    sentence = re.escape(f"{RECORD!r} unpacks to 1048576 bytes; at most 1000")
    with Archive(bomb) as opened, pytest.raises(DataError, match=sentence):
        opened.read(RECORD, 1000)


def test_a_size_that_lies(tmp_path) -> None:
    """The header promises little, and more comes: no more than promised is read."""
    path = archive(tmp_path / "a.zip", (RECORD, bytes(4000)), compress=zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    path.write_bytes(content.replace((4000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with Archive(path) as opened, pytest.raises(DataError, match="is broken"):
        opened.read(RECORD, 100)
    path = archive(tmp_path / "b.zip", (IMAGE, bytes(4000)))
    at = path.read_bytes().rindex((4000).to_bytes(4, "little"))  # the unpacked size in the directory
    content = bytearray(path.read_bytes())
    content[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    assert "is stored, and its two sizes differ" in refusal(path)


def test_too_large_a_json_and_too_many_members(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("priorsr.bench.submissions.archive.MOST_JSON", 10)
    path = archive(tmp_path / "a.zip", (RECORD, bytes(11)), compress=zipfile.ZIP_DEFLATED)
    assert "unpacks to 11 bytes; at most 10" in refusal(path)
    monkeypatch.setattr("priorsr.bench.submissions.archive.MOST_MEMBERS", 1)
    assert "has 2 members; at most 1" in refusal(archive(tmp_path / "a.zip", ("manifest.json", b""), (RECORD, b"")))


def test_encrypted_members(tmp_path) -> None:
    path = archive(tmp_path / "a.zip", (IMAGE, b"x"))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refusal(path)


def test_what_is_no_zip_or_cut_or_changed(tmp_path) -> None:
    (tmp_path / "text.zip").write_text("dear reader")
    assert "cannot be read as a zip file" in refusal(tmp_path / "text.zip")
    assert "there is no such file" in refusal(tmp_path / "gone.zip")
    path = archive(tmp_path / "a.zip", (IMAGE, b"one image"))
    path.write_bytes(path.read_bytes()[:-30])
    assert "cannot be read as a zip file" in refusal(path)
    path = archive(tmp_path / "b.zip", (IMAGE, b"one image"))
    path.write_bytes(path.read_bytes().replace(b"one image", b"two image"))
    with Archive(path) as opened, pytest.raises(DataError, match="is broken"):
        opened.read(IMAGE, 100)
    with Archive(path) as opened, pytest.raises(DataError, match="has no member"):
        opened.read("records/none.json", 100)
