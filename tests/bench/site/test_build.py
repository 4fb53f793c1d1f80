from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from priorsr.bench import Record, build_site
from priorsr.bench.facts import protocol_facts
from priorsr.bench.records import PriorFacts
from priorsr.bench.results import faces_path, lr_kind, outputs_path, write_record
from priorsr.errors import DataError
from priorsr.metrics import load_protocol


class Page(HTMLParser):
    """What a test asks of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.urls: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.rows: list[str] = []
        self.tags: Counter[str] = Counter()
        self.sorted: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags[tag] += 1
        self.ids.update([found["id"]] if "id" in found else [])
        self.urls += [found[key] for key in ("src", "href") if found.get(key)]
        self.rows += [found["data-record"]] if "data-record" in found else []
        self.sorted += [found["aria-sort"]] if "aria-sort" in found else []
        if tag == "img":
            self.images.append(found)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def results(make_record: Callable[..., Record], tmp_path: Path) -> Path:
    """Results of three models under two protocols: one with a ground-truth prior, and images of two faces."""
    folder = tmp_path / "results"
    for name in ("dic@1", "priorsr@1"):
        protocol = protocol_facts(load_protocol(name))
        base = make_record("bicubic", {"face 1": 20.0, "b": 22.0, "c": 24.0}, protocol=protocol)
        network = make_record("<b>network</b>", {"face 1": 21.0, "b": 22.5, "c": math.inf}, protocol=protocol)
        told = make_record(
            "told",
            {"face 1": 23.0, "b": 23.0, "c": 25.0},
            protocol=protocol,
            prior=PriorFacts(source="ground-truth", by="drawn by hand"),
            absent={"lpips": "its weights are not on disk"},
        )
        for record in (base, network, told):
            kept = record if record is told else record.model_copy(update={"outputs": record.identity.outputs_id})
            write_record(folder, kept)
            paint(outputs_path(folder, record.identity.outputs_id) if record is not told else folder / "none")
        paint(faces_path(folder, base.data.hash, "hr"))
        paint(faces_path(folder, base.data.hash, lr_kind(protocol.reduction_hash)), size=16)
    return folder


def paint(folder: Path, size: int = 128) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for face in ("face 1", "b"):
        Image.new("RGB", (size, size), "teal").save(folder / f"{face}.png")


def test_every_record_is_a_row_once(results, tmp_path) -> None:
    page = Page(build_site(results, tmp_path / "site"))
    assert sorted(page.rows) == sorted(path.stem for path in (results / "records").iterdir())


def test_nothing_comes_from_elsewhere_and_everything_is_there(results, tmp_path) -> None:
    index = build_site(results, tmp_path / "site")
    page = Page(index)
    assert page.urls
    for url in page.urls:
        assert "//" not in url, url
        assert not url.startswith(("/", "http"))
        if url.startswith("#"):
            assert url[1:] in page.ids
        elif not url.startswith("data:"):
            assert (index.parent / unquote(url)).is_file(), url
    for name in ("site.css", "site.js"):
        assert "http" not in (index.parent / name).read_text()
        assert "@import" not in (index.parent / name).read_text()


def test_ids_are_unique(results, tmp_path) -> None:
    page = Page(build_site(results, tmp_path / "site"))
    assert page.ids
    assert max(page.ids.values()) == 1


def test_strips_hold_lr_each_model_and_hr_with_names(results, tmp_path) -> None:
    page = Page(build_site(results, tmp_path / "site"))
    # Two protocols, two faces each; `told` kept no images.
    assert Counter(image["alt"].split(", ")[1] for image in page.images) == {
        "LR": 4,
        "bicubic": 4,
        "<b>network</b>": 4,
        "HR": 4,
    }
    assert all(image["loading"] == "lazy" for image in page.images)


def test_ground_truth_rows_have_tables_of_their_own(results, tmp_path) -> None:
    page = Page(build_site(results, tmp_path / "site"))
    # For each of two protocols: ranked scores, those with a ground-truth prior, and the strips.
    assert page.tags["table"] == 6
    assert page.sorted == ["descending"] * 4
    assert page.text.count("With a prior from beyond the LR image") == 2


def test_the_page_says_what_is_missing_infinite_and_compared(results, tmp_path) -> None:
    page = Page(build_site(results, tmp_path / "site", title="A title"))
    assert "A title" in page.text
    assert "LPIPS is left out: its weights are not on disk" in page.text
    assert "∞" in page.text
    assert "these two checkpoints" in page.text
    assert "<b>network</b>" in page.text  # as text, never as markup


def test_it_can_be_built_again_and_leaves_other_files_alone(results, tmp_path) -> None:
    site = tmp_path / "site"
    first = build_site(results, site).read_text()
    (site / "CNAME").write_text("example")
    assert build_site(results, site).read_text() == first
    assert (site / "CNAME").read_text() == "example"


def test_without_images_there_are_no_strips(make_record, tmp_path) -> None:
    write_record(tmp_path / "results", make_record("bicubic"))
    page = Page(build_site(tmp_path / "results", tmp_path / "site"))
    assert page.images == []
    assert page.tags["table"] == 1


def test_latencies_of_two_environments_are_told_apart_and_not_sorted(make_record, tmp_path) -> None:
    record = make_record("one")
    other = record.environment.model_copy(update={"threads": 16})
    for one in (record, make_record("two", environment=other)):
        write_record(tmp_path / "results", one)
    page = Page(build_site(tmp_path / "results", tmp_path / "site"))
    assert page.tags["sup"] == 2
    assert "A A CPU, 2 threads, torch 2.11; B A CPU, 16 threads" in " ".join(page.text.split())
    buttons = build_site(tmp_path / "results", tmp_path / "site").read_text()
    assert ">Latency</th>" in buttons
    assert ">Latency</button>" not in buttons


def test_rows_of_two_scorer_versions_are_flagged(make_record, tmp_path) -> None:
    for record in (make_record("one"), make_record("two", scorer_version="0.2.0")):
        write_record(tmp_path / "results", record)
    page = Page(build_site(tmp_path / "results", tmp_path / "site"))
    assert "scored by different versions of priorsr: 0.1.0, 0.2.0" in page.text


def test_a_score_that_one_row_lacks_is_a_dash(make_record, make_score, tmp_path) -> None:
    psnr = make_score(dict.fromkeys("abc", 20.0))
    lpips = make_score(dict.fromkeys("abc", 0.5), unit="", higher_is_better=False)
    for record in (make_record("bicubic"), make_record("two", scores={"psnr": psnr, "lpips": lpips})):
        write_record(tmp_path / "results", record)
    page = Page(build_site(tmp_path / "results", tmp_path / "site"))
    assert page.text.count("\N{EN DASH}") == 1


def test_a_file_in_the_way_and_an_empty_folder_are_refused(results, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        build_site(results, tmp_path / "file")
    with pytest.raises(DataError, match="holds no record"):
        build_site(tmp_path / "nothing", tmp_path / "site")


def test_very_long_names_stay_whole(make_record, tmp_path) -> None:
    name = "a-very-long-name-without-a-space-" * 20
    for record in (make_record("bicubic"), make_record(name)):
        write_record(tmp_path / "results", record)
    page = Page(build_site(tmp_path / "results", tmp_path / "site"))
    assert name in page.text
    assert len(page.rows) == 2
    assert page.tags["table"] == 1


def test_rows_with_a_ground_truth_prior_can_be_alone(make_record, tmp_path) -> None:
    told = PriorFacts(source="ground-truth", by="drawn by hand")
    record = make_record("told", prior=told)
    write_record(tmp_path / "results", record)
    page = Page(build_site(tmp_path / "results", tmp_path / "site"))
    assert page.rows == [record.id]
    assert page.tags["table"] == 1
    assert page.text.count("With a prior from beyond the LR image") == 1
