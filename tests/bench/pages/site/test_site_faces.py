"""The faces and images that a site shows."""

from __future__ import annotations

import pytest
from doubles import teal_hashes
from PIL import Image

from priorsr.bench import build_site
from priorsr.bench.store.results import faces_path, lr_kind, outputs_path, read_results, write_record
from priorsr.errors import DataError, OptionError
from priorsr.files import sha256_json
from tests.bench.pages.site.built_pages import content


def test_the_face_of_most_disagreement_is_shown_with_names(built, page_of) -> None:
    page = page_of(built / "index.html")  # face 1, in two tables: 1 dB apart; c is infinite for one, and left out
    shown = [image["alt"] for image in page.images]
    assert shown == ["face 1, LR", "face 1, bicubic", "face 1, <b>network</b>", "face 1, HR"] * 2
    assert all(image["loading"] == "lazy" for image in page.images)


@pytest.fixture
def trained(make_record):
    """A record of a method's training seed."""

    def make(seed: int, psnr):
        base = make_record("bicubic", psnr)
        card = {"recipe": "supervised", "steps": 5}
        changes = {"label": f"network seed {seed}", "weights_hash": sha256_json(seed), "card": card}
        model = base.model.model_copy(update={**changes, "distribution": "somebody", "name": "network"})
        training = base.training.model_copy(update={"seed": seed, "method": model.method})
        return make_record(psnr=psnr, model=model, training=training)

    return make


def test_the_images_of_a_method_are_those_of_one_seed_and_say_so(
    make_record, trained, paint, tmp_path, page_of
) -> None:
    folder = tmp_path / "results"
    for seed in (1, 0):
        record = trained(seed, {"face 1": 20.0 + seed, "b": 22.0, "c": 24.0})
        images = teal_hashes(record.images)
        record = record.model_copy(update={"outputs": record.identity.outputs_id, "images": images})
        write_record(folder, record)
        if seed == 1:  # those of seed 0 were removed
            paint(outputs_path(folder, record.outputs))
    base = make_record("bicubic", {"face 1": 20.0, "b": 22.0, "c": 24.0})
    write_record(folder, base.model_copy(update={"images": images}))
    site = build_site(folder, tmp_path / "site").parent
    found = content(site / "data" / "table-1.js")
    assert [model["label"] for model in found["models"]] == ["network, seed 1"]
    assert found["values"]["psnr"] == [[22.0, 24.0, 21.0]]  # of that seed, not the mean of both
    (path,) = site.glob("models/network*.html")
    page = page_of(path)
    assert "2 training seeds: 0, 1" in page.text
    assert "Of network, seed 1, by PSNR" in page.text


def test_faces_can_be_limited(results, tmp_path) -> None:
    site = build_site(results, tmp_path / "site", faces=2).parent
    assert content(site / "data" / "table-1.js")["faces"] == ["b", "c"]
    assert {path.stem for path in site.rglob("images/**/*.png")} == {"b", "c"}
    with pytest.raises(OptionError, match="faces is 0"):
        build_site(results, tmp_path / "site", faces=0)


def test_an_incomplete_folder_of_images_is_refused(results, tmp_path) -> None:
    record = next(record for record in read_results(results) if record.outputs)
    (outputs_path(results, record.outputs) / "c.png").unlink()
    with pytest.raises(DataError, match=r"lacks c\.png"):
        build_site(results, tmp_path / "site")


@pytest.mark.parametrize("which", ["sr", "lr", "hr"])
def test_an_image_that_is_not_the_records_is_refused(results, tmp_path, which) -> None:
    records = read_results(results)
    first = next(record for record in records if record.outputs)
    folder = {
        "sr": outputs_path(results, first.outputs),
        "lr": faces_path(results, first.data.hash, lr_kind(first.protocol.reduction_hash)),
        "hr": faces_path(results, first.data.hash, "hr"),
    }[which]
    build_site(results, tmp_path / "site")
    Image.new("RGB", (128, 128), "tan").save(folder / "c.png")  # changed between two builds
    with pytest.raises(DataError, match=r"c\.png: is another image than that of the record \w{16} \(its hash is"):
        build_site(results, tmp_path / "site")
    shown = tmp_path / "site" / "images" / folder.relative_to(results) / "c.png"
    assert Image.open(shown).getpixel((0, 0)) == (0, 128, 128)


def test_faces_whose_hr_was_not_kept_are_told(results, tmp_path) -> None:
    for path in results.glob("faces/*/hr/c.png"):
        path.unlink()
    site = build_site(results, tmp_path / "site").parent
    assert content(site / "data" / "table-1.js")["withoutHr"] == [1]


def test_a_changed_image_is_copied_again(results, built, tmp_path) -> None:
    source = next(results.glob("faces/*/hr/b.png"))
    copied = built / "images" / source.relative_to(results)
    before = copied.read_bytes()
    source.write_bytes(before + b"more")
    build_site(results, built)
    assert copied.read_bytes() == before + b"more"


def test_without_images_there_is_nothing_to_compare(make_record, site_of, page_of) -> None:
    index = site_of(make_record("bicubic"))
    page = page_of(index)
    assert page.images == []
    assert "compare.html" not in page.urls
    assert not (index.parent / "compare.html").exists()
