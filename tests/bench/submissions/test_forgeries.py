"""Every lie in a forged submission, whose manifest is true, is named."""

from __future__ import annotations

import json
import math
import re
import zipfile

import numpy as np
import pytest
from checking import checked, edited, of_kind, refusal, said, summarise

from priorsr.files import sha256_json
from priorsr.metrics import load_protocol


def test_an_edited_score_is_named_with_its_face(rounded, synthetic, forge) -> None:
    def flatter(record) -> None:
        score = record["scores"]["psnr"]
        face = sorted(score["per_image"])[1]
        score["per_image"][face] += 0.01
        summarise(score)

    found = said(checked(forge(rounded, lambda members: edited(members, flatter)), synthetic))
    face = synthetic.ids("val")[1]
    assert any(f"scores.psnr of the face {face!r}: the record has" in text for text in found)
    assert any("scores.psnr.mean" in text for text in found)
    assert not any("ssim" in text for text in found)


def test_an_edited_direction_is_named(rounded, synthetic, forge) -> None:
    def flatter(record) -> None:
        record["scores"]["psnr"]["higher_is_better"] = False

    (text,) = said(checked(forge(rounded, lambda members: edited(members, flatter)), synthetic))
    assert "scores.psnr.higher_is_better: the record has" in text


@pytest.mark.parametrize(
    ("part", "value", "shown"),
    [
        ("mean", 30.0, "mean is 30.0, and "),
        ("value", 30.0, "value is 30.0, and "),
        ("interval95", [5.0, 40.0], "interval95 is (5.0, 40.0), and the faces' scores make it ("),
        ("interval95", None, "interval95 is None, and the faces' scores make it ("),
    ],
)
def test_an_edited_summary_is_no_record(rounded, synthetic, forge, part, value, shown) -> None:
    def flatter(record) -> None:
        record["scores"]["psnr"][part] = value

    assert shown in refusal(forge(rounded, lambda members: edited(members, flatter)), synthetic)


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
        from priorsr.bench.store.records import Record

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
    assert re.search(r"protocol.hash: the record has [0-9a-f]{64}", text)
    assert load_protocol("dic@1").content_hash in text
    assert "hash" in refusal(forge(rounded, lambda members: edited(members, kinder)), synthetic)


def test_a_protocol_that_nobody_has(rounded, synthetic, forge) -> None:
    def invent(record) -> None:
        record["protocol"]["id"] = "mine@1"

    path = forge(rounded, lambda members: edited(members, invent))
    assert "'mine@1', which this package lacks; give its file" in refusal(path, synthetic)


def test_a_protocol_that_is_called_otherwise_is_named(rounded, synthetic, forge) -> None:
    def rename(record) -> None:
        record["protocol"]["id"] = "dic@1 (the strict one)"

    (text,) = said(checked(forge(rounded, lambda members: edited(members, rename)), synthetic))
    assert "protocol.id: the record has dic@1 (the strict one), and dic@1 was found" in text


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


def test_a_score_of_the_set_under_the_name_of_a_protocols_is_a_difference(rounded, synthetic, forge) -> None:
    def smuggle(record) -> None:
        record["set_scores"]["psnr"] = {"value": 99.0, "higher_is_better": True, "count": 3, "warning": None}

    (text,) = said(checked(forge(rounded, lambda members: edited(members, smuggle)), synthetic))
    assert "set_scores.psnr: the record has 99, and nothing was found" in text


def test_too_many_records(exact, synthetic, monkeypatch) -> None:
    monkeypatch.setattr("priorsr.bench.submissions.bundle.MOST_RECORDS", 1)
    assert "holds 2 records; 1 to 1 were expected" in refusal(exact, synthetic)
