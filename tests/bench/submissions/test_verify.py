"""True submissions pass; every lie in a forged one, whose manifest is true, is named."""

from __future__ import annotations

import json
import math
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import priorsr
from priorsr import registry
from priorsr.bench import leaderboards, read_results, run
from priorsr.bench.selection import records_called
from priorsr.bench.submissions import verify as module
from priorsr.bench.submissions.adding import add
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.pack import pack
from priorsr.bench.submissions.verification import read_verifications, record_hash
from priorsr.bench.submissions.verify import verify
from priorsr.errors import DataError, OptionError, PriorsrError
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol


def records(results: Path, label: str, *protocols: str):
    found = records_called(read_results(results), label)
    return [record for record in found if not protocols or record.protocol.id in protocols]


def checked(path: Path, synthetic, **options):
    with Bundle(path) as bundle:
        return verify(bundle, synthetic, **options)


def refusal(path: Path, synthetic, **options) -> str:
    with pytest.raises(PriorsrError) as raised:
        checked(path, synthetic, **options)
    return str(raised.value)


def said(report) -> list[str]:
    return [str(difference) for difference in report.differences]


def of_kind(members, ending: str) -> list[str]:
    return sorted(name for name in members if name.endswith(ending))


def edited(members, change) -> dict[str, bytes]:
    """Members whose first record was changed as JSON."""
    (name, *_) = of_kind({name for name in members if name.startswith("records/")}, ".json")
    record = json.loads(members[name])
    change(record)
    return {**members, name: json.dumps(record).encode()}


# True ones


def test_true_images_pass_as_tier_1(rounded, synthetic) -> None:
    report = checked(rounded, synthetic)
    assert (report.differences, report.tier, report.recomputed, report.rerun) == ((), 1, 3, ())


def test_arrays_and_weights_pass_as_tier_2(exact, synthetic) -> None:
    with zipfile.ZipFile(exact) as file:
        assert len(of_kind(file.namelist(), ".npy")) == 3
        assert not of_kind(file.namelist(), ".png")
    report = checked(exact, synthetic, faces=2, seed=1)
    assert (said(report), report.tier, report.recomputed, len(report.rerun)) == ([], 2, 3, 2)
    assert report.rerun == checked(exact, synthetic, faces=2, seed=1).rerun


def test_weights_alone_are_rerun(results, weights, synthetic, tmp_path) -> None:
    path = pack(results, records(results, "small"), tmp_path / "a.zip", weights=weights, outputs=False)
    report = checked(path, synthetic)
    assert (said(report), report.tier, report.recomputed, len(report.rerun)) == ([], 2, 0, 3)


def test_a_model_without_weights_is_rerun_by_its_name(results, synthetic, tmp_path) -> None:
    path = pack(results, records(results, "bicubic", "dic@1"), tmp_path / "a.zip")
    report = checked(path, synthetic, faces=3)
    assert (said(report), report.tier) == ([], 2)


def test_packing_twice_makes_the_same_file(results, rounded, tmp_path) -> None:
    again = pack(results, records(results, "small", "dic@1"), tmp_path / "again.zip")
    assert again.read_bytes() == rounded.read_bytes()


def test_rounding_elsewhere_is_no_difference(rounded, synthetic, forge) -> None:
    def nudge(record) -> None:
        for score in record["scores"].values():
            score["per_image"] = {face: value + 9e-5 for face, value in score["per_image"].items()}
            for part in ("value", "mean"):
                score[part] += 9e-5

    assert said(checked(forge(rounded, lambda members: edited(members, nudge)), synthetic)) == []


# Lies


def test_an_edited_score_is_named_with_its_face(rounded, synthetic, forge) -> None:
    def flatter(record) -> None:
        score = record["scores"]["psnr"]
        face = sorted(score["per_image"])[1]
        score["per_image"][face] += 0.01
        score["mean"] += 0.01 / 3
        score["value"] += 0.01 / 3

    found = said(checked(forge(rounded, lambda members: edited(members, flatter)), synthetic))
    face = synthetic.ids("val")[1]
    assert any(f"scores.psnr of the face {face!r}: the record says" in text for text in found)
    assert any("scores.psnr.mean" in text for text in found)
    assert not any("ssim" in text for text in found)


@pytest.mark.parametrize(
    ("part", "value"), [("value", 30.0), ("interval95", [5.0, 40.0]), ("interval95", None), ("higher_is_better", False)]
)
def test_an_edited_summary_is_named(rounded, synthetic, forge, part, value) -> None:
    def flatter(record) -> None:
        record["scores"]["psnr"][part] = value

    (text,) = said(checked(forge(rounded, lambda members: edited(members, flatter)), synthetic))
    assert f"scores.psnr.{part}: the record says" in text


def test_an_edited_mean_is_no_record(rounded, synthetic, forge) -> None:
    def flatter(record) -> None:
        record["scores"]["psnr"]["mean"] = 30.0

    assert "the images' mean is" in refusal(forge(rounded, lambda members: edited(members, flatter)), synthetic)


def test_swapped_images_are_named(rounded, synthetic, forge) -> None:
    def swap(members):
        one, other, _ = of_kind(members, ".png")
        return {**members, one: members[other], other: members[one]}

    found = said(checked(forge(rounded, swap), synthetic))
    for face in synthetic.ids("val")[:2]:
        assert any(f"the SR image of the face {face!r}" in text for text in found)
        assert any(f"scores.psnr of the face {face!r}" in text for text in found)
    assert not any(synthetic.ids("val")[2] in text for text in found)


def test_one_pixel_that_was_changed_is_named(rounded, synthetic, forge) -> None:
    from io import BytesIO

    from PIL import Image

    def touch(members):
        name = of_kind(members, ".png")[0]
        pixels = np.array(Image.open(BytesIO(members[name])))
        pixels[0, 0, 0] ^= 1  # outside the border that is scored
        file = BytesIO()
        Image.fromarray(pixels).save(file, format="PNG")
        return {**members, name: file.getvalue()}

    (text,) = said(checked(forge(rounded, touch), synthetic))
    assert "the SR image of the face" in text


def test_a_manifest_that_is_not_of_the_files(rounded, synthetic, forge) -> None:
    def swap(members):
        one, other, _ = of_kind(members, ".png")
        return {**members, one: members[other]}

    assert "has the SHA-256" in refusal(forge(rounded, swap, honest=False), synthetic)
    more = forge(rounded, lambda m: {**m, of_kind(m, ".png")[0].replace(".png", "x.png"): b"x"}, honest=False)
    assert "is there and not listed" in refusal(more, synthetic)
    less = forge(rounded, lambda m: {k: v for k, v in m.items() if k != of_kind(m, ".png")[0]}, honest=False)
    assert "is listed and not there" in refusal(less, synthetic)


def test_another_protocols_hash_is_named(rounded, synthetic, forge) -> None:
    """A record that is whole, with a scoring half of its own under a published name."""

    def kinder(record) -> None:
        protocol = record["protocol"]
        protocol["scoring"]["border"] = 0
        protocol["hash"] = sha256_json({"reduction": protocol["reduction"], "scoring": protocol["scoring"]})

    def rename(members):
        from priorsr.bench.records import Record

        changed = edited(members, kinder)
        (name,) = of_kind({name for name in changed if name.startswith("records/")}, ".json")
        content = json.loads(changed.pop(name))
        whole = Record.model_construct(**Record.model_validate_json(members[name]).__dict__)
        protocol = whole.protocol.model_copy(
            update={"scoring": content["protocol"]["scoring"], "hash": content["protocol"]["hash"]}
        )
        content["id"] = whole.identity._replace(protocol=protocol).record_id
        return {**changed, f"records/{content['id']}.json": json.dumps(content).encode()}

    (text,) = said(checked(forge(rounded, rename), synthetic))
    assert re.search(r"protocol.hash: the record says [0-9a-f]{64}", text)
    assert load_protocol("dic@1").content_hash in text
    assert "hash" in refusal(forge(rounded, lambda members: edited(members, kinder)), synthetic)


def test_a_protocol_that_nobody_has(rounded, synthetic, forge) -> None:
    def invent(record) -> None:
        record["protocol"]["id"] = "mine@1"

    path = forge(rounded, lambda members: edited(members, invent))
    assert "'mine@1', which this package lacks; give its file" in refusal(path, synthetic)


def test_wrong_image_counts(rounded, exact, synthetic, forge) -> None:
    less = forge(rounded, lambda m: {k: v for k, v in m.items() if k != of_kind(m, ".png")[0]})
    assert "has 2 SR images for the record" in refusal(less, synthetic)
    more = forge(rounded, lambda m: {**m, of_kind(m, ".png")[0].replace(".png", "x.png"): m[of_kind(m, ".png")[0]]})
    assert "has 4 SR images for the record" in refusal(more, synthetic)
    two = forge(rounded, lambda m: {**m, of_kind(m, ".png")[0].replace(".png", ".npy"): b"x"})
    assert "are two images of one face" in refusal(two, synthetic)
    none = forge(rounded, lambda m: {k: v for k, v in m.items() if not k.endswith(".png")})
    assert "neither SR images nor weights" in refusal(none, synthetic)
    odd = forge(rounded, lambda m: {**m, f"outputs/{'0' * 16}/a.png": b"x"})
    assert "is of none of the records" in refusal(odd, synthetic)

    def fewer_faces(record) -> None:
        for score in record["scores"].values():
            score["per_image"].popitem()
            score["mean"] = sum(score["per_image"].values()) / len(score["per_image"])

    assert "is of other faces than images" in refusal(forge(rounded, lambda m: edited(m, fewer_faces)), synthetic)


def test_nan_in_an_array_and_in_a_record(exact, rounded, synthetic, forge) -> None:
    from io import BytesIO

    def poison(members):
        file = BytesIO()
        np.save(file, np.full((3, 128, 128), math.nan, np.float32))
        return {**members, of_kind(members, ".npy")[0]: file.getvalue()}

    assert "holds NaN or infinity" in refusal(forge(exact, poison), synthetic)

    def hide(record) -> None:
        face = min(record["scores"]["psnr"]["per_image"])
        record["scores"]["psnr"]["per_image"][face] = math.nan

    assert "records/" in refusal(forge(rounded, lambda members: edited(members, hide)), synthetic)


def test_rounded_images_are_not_taken_for_what_the_model_answered(exact, rounded, synthetic, forge) -> None:
    def round_them(members):
        with zipfile.ZipFile(rounded) as file:
            images = {name: file.read(name) for name in of_kind(file.namelist(), ".png")}
        return {**{name: content for name, content in members.items() if not name.endswith(".npy")}, **images}

    assert "a float32 array (.npy) was expected" in refusal(forge(exact, round_them), synthetic)


def test_another_face_set_or_split(rounded, synthetic, tiny_faces, forge) -> None:
    assert "is of the face set synthetic-4-seed-0" in refusal(rounded, tiny_faces)

    def elsewhere(record) -> None:
        record["data"]["split"] = "train"

    assert "id is" in refusal(forge(rounded, lambda members: edited(members, elsewhere)), synthetic)


def test_records_of_two_models(rounded, results, synthetic, forge) -> None:
    other = records(results, "bicubic", "dic@1")[0]
    path = forge(rounded, lambda m: {**m, f"records/{other.id}.json": other.model_dump_json().encode()})
    assert "are not of one model" in refusal(path, synthetic)


# Weights


def test_other_weights_are_named(results, exact, synthetic, forge, tmp_path) -> None:
    def exchange(members):
        path = tmp_path / "other.safetensors"
        torch.manual_seed(1)
        priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1), path, card={})
        return {**members, "weights.safetensors": path.read_bytes()}

    found = said(checked(forge(exact, exchange), synthetic, faces=1))
    assert any("model.weights_hash" in text for text in found)
    assert any("scores.psnr of the face" in text for text in found)
    with pytest.raises(DataError, match="has weights of the hash"):
        pack(results, records(results, "small"), tmp_path / "a.zip", weights=tmp_path / "other.safetensors")


def test_weights_that_are_a_pickle(exact, synthetic, forge, tmp_path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    named = forge(exact, lambda members: {**members, "weights.pth": (tmp_path / "a.pth").read_bytes()})
    assert "may hold a pickle" in refusal(named, synthetic)
    hidden = forge(exact, lambda members: {**members, "weights.safetensors": (tmp_path / "a.pth").read_bytes()})
    assert "cannot be read as safetensors" in refusal(hidden, synthetic, faces=1)


def test_another_models_images_with_true_scores_are_told_by_a_rerun_only(results, exact, synthetic, forge) -> None:
    bicubic = {record.protocol.id: record for record in records(results, "bicubic")}

    def steal(members):
        stolen = dict(members)
        for name in of_kind(members, ".json"):
            if name.startswith("records/"):
                content = json.loads(members[name])
                theirs = json.loads(bicubic[content["protocol"]["id"]].model_dump_json())
                stolen[name] = json.dumps({**content, "scores": theirs["scores"], "images": theirs["images"]}).encode()
        for name in of_kind(members, ".npy"):
            outputs = bicubic["dic@1"].outputs
            stolen[name] = (results / "outputs" / outputs / Path(name).name).read_bytes()
        return stolen

    path = forge(exact, steal)
    assert said(checked(path, synthetic)) == []
    found = said(checked(path, synthetic, faces=3))
    assert len([text for text in found if "scores.psnr of the face" in text]) == 2 * 3


def test_faces_to_run_again(exact, rounded, synthetic) -> None:
    assert "4 faces are to be run again; 1 to 3" in refusal(exact, synthetic, faces=4)
    assert "brings no weights" in refusal(rounded, synthetic, faces=1)


# What is packed


def test_what_cannot_be_packed(results, copied, weights, tmp_path) -> None:
    both = records(results, "small", "dic@1") + records(results, "bicubic", "dic@1")
    with pytest.raises(OptionError, match="are not of one model"):
        pack(results, both, tmp_path / "a.zip")
    with pytest.raises(OptionError, match="neither SR images nor weights"):
        pack(results, records(results, "small"), tmp_path / "a.zip", outputs=False)
    with pytest.raises(OptionError, match="no record to pack"):
        pack(results, [], tmp_path / "a.zip")
    next((copied / "outputs").rglob("*.npy")).unlink()
    mine = records(copied, "small")
    for record in mine:
        for array in (copied / "outputs" / record.outputs).glob("*.npy"):
            array.unlink()
    with pytest.raises(DataError, match="is not there, and"):
        pack(copied, mine, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


# What is added


def test_what_was_verified_is_added_and_shown(exact, results, synthetic, tmp_path) -> None:
    out = tmp_path / "board"
    with Bundle(exact) as bundle:
        add(bundle, verify(bundle, synthetic, faces=1), out)
        ids = {record.id for record in bundle.records}
    assert {record.id for record in read_results(out)} == ids
    found = read_verifications(out)
    assert found.keys() == ids
    boards = leaderboards(read_results(out), found)
    assert [(row.tier, row.tier_words) for board in boards for row in board.rows] == [
        (2, "faces rerun from the weights")
    ] * 2
    saved = next((results / "outputs").rglob("*.png"))
    own = records(results, "small")[0]
    mine = sorted((out / "outputs" / own.outputs).glob("*.png"))
    assert [path.read_bytes() for path in mine] == [
        (results / "outputs" / own.outputs / path.name).read_bytes() for path in mine
    ]
    assert saved


def test_a_verification_is_of_the_records_content(exact, synthetic, tmp_path) -> None:
    with Bundle(exact) as bundle:
        add(bundle, verify(bundle, synthetic), tmp_path)
    known = read_verifications(tmp_path)
    changed = [record.model_copy(update={"command": "another"}) for record in read_results(tmp_path)]
    assert all(record_hash(record) != known[record.id].record_hash for record in changed)
    rows = [row for board in leaderboards(changed, known) for row in board.rows]
    assert {(row.tier, row.stale, row.tier_words) for row in rows} == {
        (0, True, "self-reported, changed since it was verified")
    }


def test_what_differs_is_not_added(rounded, synthetic, forge, tmp_path) -> None:
    def flatter(record) -> None:
        record["scores"]["psnr"]["value"] = 40.0

    with Bundle(forge(rounded, lambda members: edited(members, flatter))) as bundle:
        report = verify(bundle, synthetic)
        with pytest.raises(DataError, match="is not what it says"):
            add(bundle, report, tmp_path / "board")
    assert not (tmp_path / "board").exists()


def test_a_broken_verification_is_told_by_its_file(exact, synthetic, tmp_path) -> None:
    with Bundle(exact) as bundle:
        add(bundle, verify(bundle, synthetic), tmp_path)
    path = next((tmp_path / "verifications").iterdir())
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "tier": 3}))
    with pytest.raises(DataError, match=re.escape(f"{path}: tier is 3")):
        read_verifications(tmp_path)
    path.write_text(json.dumps({**content, "record": "0" * 16}))
    with pytest.raises(DataError, match="a file's name is its record's id"):
        read_verifications(tmp_path)


def test_scores_that_cannot_be_made_here_are_said(results, synthetic, monkeypatch, rounded) -> None:
    with Bundle(rounded) as bundle:
        record = bundle.records[0]
        judged = record.model_copy(update={"judges": {"nonsense": None}})
        judges, left = module._judges(judged, load_protocol("dic@1"))
    assert judges.present == {}
    assert "no score 'nonsense'" in left["nonsense"]


def test_judges_and_scores_of_the_set_are_computed_again(weights, synthetic, tmp_path, monkeypatch, forge) -> None:
    class Brightness:
        kind, level, higher_is_better = "score", "set", True
        judges_by, needs, networks, unit = (), (), (), ""

        class Seen:
            def __init__(self) -> None:
                self.total = 0.0

            def add(self, sr, hr) -> None:
                self.total += float(sr.sum() - hr.sum())

            def value(self) -> float:
                return self.total / 1e4

            def warning(self) -> None:
                return None

        def start(self):
            return self.Seen()

    class Contrast:
        kind, higher_is_better, unit, needs, judges_by = "score", True, "", (), ()

        def __call__(self, sr, hr):
            return sr.std(dim=(1, 2, 3)) / hr.std(dim=(1, 2, 3))

    monkeypatch.setattr("priorsr.bench.profile._SECONDS", 0.0)
    monkeypatch.setattr(registry, "_state", registry._State())
    priorsr.register("score", "brightness")(Brightness)
    priorsr.register("score", "contrast")(Contrast)
    asked = ["brightness", "contrast"]
    run(weights, data=synthetic, split="val", protocols=["dic@1"], out=tmp_path / "r", scores=asked)
    path = pack(tmp_path / "r", records(tmp_path / "r", "small"), tmp_path / "a.zip")
    assert said(checked(path, synthetic)) == []

    def flatter(record) -> None:
        record["set_scores"]["brightness"]["value"] += 1.0
        contrast = record["scores"]["contrast"]
        contrast["per_image"] = {face: value + 0.01 for face, value in contrast["per_image"].items()}
        contrast["mean"] = sum(contrast["per_image"].values()) / 3

    found = said(checked(forge(path, lambda members: edited(members, flatter)), synthetic))
    assert any("set_scores.brightness" in text for text in found)
    assert any("scores.contrast of the face" in text for text in found)
