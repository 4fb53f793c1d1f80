"""A small site to test with, and what tests ask of its pages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from doubles import teal, teal_hashes

from priorsr.bench import Record, build_site
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.store.results import faces_path, lr_kind, outputs_path, write_record
from priorsr.bench.store.run_facts import PriorFacts
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
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags[tag] += 1
        self.ids.update([found["id"]] if "id" in found else [])
        self.urls += [found[key] for key in ("src", "href", "data-script") if found.get(key)]
        self.rows += (found.get("data-records") or "").split()
        self.sorted += [found["aria-sort"]] if "aria-sort" in found else []
        if tag == "img":
            self.images.append(found)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page_of() -> type[Page]:
    """Read a page."""
    return Page


@pytest.fixture
def paint() -> Callable[..., None]:
    """Fill a folder with teal images of the three faces."""

    def make(folder: Path, size: int = 128) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for face in ("face 1", "b", "c"):
            teal(size).save(folder / f"{face}.png")

    return make


@pytest.fixture
def results(make_record: Callable[..., Record], paint: Callable[..., None], tmp_path: Path) -> Path:
    """Results of three models under two protocols on three faces; one has a ground-truth prior, and no images."""
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
        write_record(folder, told.model_copy(update={"images": teal_hashes(told.images)}))
        for record in (base, network):
            write_record(
                folder,
                record.model_copy(update={"outputs": record.identity.outputs_id, "images": teal_hashes(record.images)}),
            )
            paint(outputs_path(folder, record.identity.outputs_id))
        paint(faces_path(folder, base.data.hash, "hr"))
        paint(faces_path(folder, base.data.hash, lr_kind(protocol.reduction_hash)), size=16)
    return folder


@pytest.fixture
def built(results, tmp_path):
    return build_site(results, tmp_path / "site").parent


@pytest.fixture
def site_of(tmp_path):
    """The index of a site of these records."""

    def build(*records):
        for record in records:
            write_record(tmp_path / "results", record)
        return build_site(tmp_path / "results", tmp_path / "site")

    return build
