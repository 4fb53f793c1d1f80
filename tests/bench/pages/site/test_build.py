from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest

from priorsr.bench import build_site
from priorsr.bench.board.numbers import score_label
from priorsr.bench.pages.site.build import _letter
from priorsr.bench.store.results import read_results, write_record
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.bench.store.score_facts import ExtraScoreFacts, RecordedSetScore
from priorsr.bench.store.verification import Verification, record_hash, write_verification
from priorsr.errors import DataError
from tests.bench.pages.site.built_pages import content


def test_every_record_is_in_a_row_once(built, results, page_of) -> None:
    page = page_of(built / "index.html")
    assert sorted(page.rows) == sorted(path.stem for path in (results / "records").iterdir())


def test_nothing_comes_from_elsewhere_and_every_link_leads_somewhere(built, page_of) -> None:
    pages = {path: page_of(path) for path in built.rglob("*.html")}
    assert len(pages) == 3 + 3  # index, comparison, reported; three models
    for path, page in pages.items():
        for url in page.urls:
            if url.startswith("data:"):
                continue
            parts = urlsplit(url)
            assert not parts.scheme, url
            assert not parts.netloc, url
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), url
            assert target.is_relative_to(built.resolve())
            if parts.fragment and target.suffix == ".html" and "=" not in parts.fragment:
                assert parts.fragment in pages[target].ids, url
    for path in (*built.glob("*.css"), *built.glob("*.js")):
        assert "http" not in path.read_text()
        assert "@import" not in path.read_text()


def test_ids_are_unique(built, page_of) -> None:
    for path in built.rglob("*.html"):
        page = page_of(path)
        assert page.ids
        assert max(page.ids.values()) == 1


def test_a_tables_script_holds_every_faces_score(built) -> None:
    found = content(built / "data" / "table-1.js")
    assert found["faces"] == ["b", "c", "face 1"]
    assert [model["label"] for model in found["models"]] == ["<b>network</b>", "bicubic"]  # `told` kept no images
    assert found["values"]["psnr"] == [[22.5, "Infinity", 21.0], [22.0, 24.0, 20.0]]
    assert found["withoutHr"] == found["withoutLr"] == []
    for model in found["models"]:
        assert (built / unquote(model["folder"]) / "face 1.png").is_file()


def test_a_score_that_was_not_verified_says_so(make_record, make_score, tmp_path, page_of) -> None:
    scores = {"psnr": make_score({"a": 20.0, "b": 21.0}), "beauty": make_score({"a": 1.0, "b": 1.0}, unit="")}
    record = make_record("network", scores=scores, data=make_record(psnr={"a": 20.0, "b": 21.0}).data)
    write_record(tmp_path, record)
    verification = Verification(
        format=1,
        record=record.id,
        record_hash=record_hash(record),
        tier=1,
        recomputed=2,
        rerun=(),
        tolerance=1e-4,
        not_checked={"beauty": "there is no score 'beauty'"},
        bundle_hash="0" * 64,
        scorer_version="1",
        scorer_hash="0" * 64,
        created=record.created,
    )
    write_verification(tmp_path, verification)
    site = build_site(tmp_path, tmp_path / "site").parent
    page = page_of(site / "index.html")
    label = score_label("beauty")
    assert f"? {label} of network: not verified, as the other scores were: there is no score 'beauty'." in page.text
    assert "scores recomputed from the images, but not beauty" in (site / "index.html").read_text()
    (model,) = site.glob("models/*.html")
    assert "scores recomputed from the images, but not beauty" in page_of(model).text


def test_ground_truth_rows_have_tables_of_their_own(built, page_of) -> None:
    page = page_of(built / "index.html")
    assert page.sorted == ["descending"] * 4  # for each of two protocols: ranked scores, and those apart
    assert page.text.count("With a prior from beyond the LR image") == 2


def test_the_page_says_what_is_missing_infinite_and_compared(results, tmp_path, page_of) -> None:
    page = page_of(build_site(results, tmp_path / "site", title="A title"))
    assert "A title" in page.text
    assert "LPIPS is left out: its weights are not on disk" in page.text
    assert "∞" in page.text
    assert "speaks of that checkpoint only" in page.text
    assert "<b>network</b>" in page.text  # as text, never as markup


def test_a_models_page_has_its_scores_card_faces_and_records(built, page_of, results) -> None:
    paths = {page_of(path).text.partition(",")[0]: path for path in (built / "models").iterdir()}
    page = page_of(paths["bicubic"])
    records = [record for record in read_results(results) if record.model.label == "bicubic"]
    for record in records:
        assert f"../records/{record.id}.json" in page.urls
    assert {"dic@1", "priorsr@1"} <= set(page.text.split())
    assert "perceptual: VGG" in page.text
    assert '{"width": 8}' in page.text
    assert [image["alt"] for image in page.images] == ["face 1, bicubic", "face 1, HR", "c, bicubic", "c, HR"]
    told = page_of(paths["told"])
    assert "ground truth (drawn by hand)" in told.text
    assert told.images == []


def test_it_can_be_built_again_and_leaves_other_files_alone(results, tmp_path) -> None:
    site = tmp_path / "site"
    first = build_site(results, site).read_text()
    (site / "CNAME").write_text("example")
    assert build_site(results, site).read_text() == first
    assert (site / "CNAME").read_text() == "example"


def test_latencies_of_two_environments_are_told_apart_and_never_compared(make_record, site_of, page_of) -> None:
    record = make_record("one")
    other = record.environment.model_copy(update={"threads": 16})
    index = site_of(record, make_record("two", environment=other))
    page = page_of(index)
    assert "A A CPU, 2 threads, torch 2.11; B A CPU, 16 threads" in page.text
    assert page.tags["sup"] == 2
    assert ">Latency</th>" in index.read_text()
    assert ">Latency</button>" not in index.read_text()
    assert "Speed against quality" not in page.text  # one row in each


def test_rows_of_one_environment_are_drawn_by_speed_and_quality(make_record, site_of, page_of) -> None:
    page = page_of(site_of(make_record("one"), make_record("two", {"a": 1.0, "b": 2.0, "c": 3.0})))
    assert "Speed against quality" in page.text
    assert page.tags["figure"] == 1


def test_rows_of_two_scorer_versions_are_flagged(make_record, site_of, page_of) -> None:
    page = page_of(site_of(make_record("one"), make_record("two", scorer_version="0.2.0")))
    assert "scored by different versions of priorsr: 0.1.0, 0.2.0" in page.text


def test_a_score_that_one_row_lacks_is_a_dash(make_record, make_score, site_of) -> None:
    psnr = make_score(dict.fromkeys("abc", 20.0))
    lpips = make_score(dict.fromkeys("abc", 0.5), unit="", higher_is_better=False)
    index = site_of(make_record("bicubic"), make_record("two", scores={"psnr": psnr, "lpips": lpips}))
    assert index.read_text().count('<span title="not asked for">') == 1


def test_a_score_that_some_rows_lack_says_why_where_it_is_missing(make_record, make_score, site_of, page_of) -> None:
    psnr = make_score(dict.fromkeys("abc", 20.0))
    lpips = make_score(dict.fromkeys("abc", 0.5), unit="", higher_is_better=False)
    lacks = make_record("bicubic", absent={"lpips": "its weights are not on disk", "fid": "nor are its"})
    index = site_of(lacks, make_record("two", scores={"psnr": psnr, "lpips": lpips}))
    assert '<span title="its weights are not on disk">\N{EN DASH}</span>' in index.read_text()
    assert "LPIPS is left out where \N{EN DASH} stands: its weights are not on disk." in page_of(index).text
    assert "FID is left out: nor are its." in page_of(index).text


@pytest.mark.parametrize(("place", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (702, "AAA")])
def test_no_two_environments_share_a_letter(place, letter) -> None:
    assert _letter(place) == letter


def test_scores_of_the_set_and_judges_that_took_part_in_training_are_marked(make_record, site_of, page_of) -> None:
    extra_scores = {
        "fid": ExtraScoreFacts(
            name="fid", version="1", weights_hash=None, networks=("Inception",), trained_with=("Inception",)
        )
    }
    fid = RecordedSetScore(value=12.34, higher_is_better=False, count=3, warning="3 faces are too few")
    page = page_of(site_of(make_record("one", set_scores={"fid": fid}, extra_scores=extra_scores), make_record("two")))
    assert "FID" in page.text
    assert "12.34‡!" in page.text
    assert "‡ FID of one: the model was trained with Inception, which computes this score." in page.text
    assert "! FID of one: 3 faces are too few." in page.text


def test_a_file_in_the_way_and_an_empty_folder_are_refused(results, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        build_site(results, tmp_path / "file")
    with pytest.raises(DataError, match="holds no record"):
        build_site(tmp_path / "nothing", tmp_path / "site")


def test_very_long_names_stay_whole(make_record, site_of, page_of) -> None:
    name = "a-very-long-name-without-a-space-" * 20
    page = page_of(site_of(make_record("bicubic"), make_record(name)))
    assert name in page.text
    assert len(page.rows) == 2


def test_rows_with_a_ground_truth_prior_can_be_alone(make_record, site_of, page_of) -> None:
    record = make_record("told", prior=PriorFacts(source="ground-truth", by="drawn by hand"))
    page = page_of(site_of(record))
    assert page.rows == [record.id]
    assert page.text.count("With a prior from beyond the LR image") == 1


def test_no_control_character_of_a_label_reaches_a_page(site_of, make_record) -> None:
    label = "a\x1b[31mred\x9b2J\u202ebdesrever<b>"
    index = site_of(make_record("bicubic"), make_record(label))
    for page in index.parent.rglob("*.html"):
        text = page.read_text()
        odd = {char for char in text if not (char.isprintable() or char in "\n\t")}
        assert not odd, (page, [text[max(0, text.index(char) - 60) : text.index(char) + 20] for char in odd])
    assert r"a\x1b[31mred\x9b2J\u202ebdesrever&lt;b&gt;" in index.read_text()
