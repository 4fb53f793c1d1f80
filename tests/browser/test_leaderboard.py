from __future__ import annotations

import pytest

PHONE = 390


@pytest.fixture
def page(open_tab, site):
    return open_tab().open(site / "index.html")


def shown_labels(page) -> list[str]:
    return page.eval_on_selector_all(
        ".board:not([hidden]) table.ranked tbody tr:not([hidden]) th a", "links => links.map(link => link.textContent)"
    )


def numbers(page, column: str) -> list[float]:
    """What a column of the shown table sorts by."""
    return page.evaluate(
        """name => {
          const table = document.querySelector('.board:not([hidden]) table.ranked');
          const heading = [...table.tHead.rows[0].cells].find(cell => cell.textContent.trim().startsWith(name));
          return [...table.tBodies[0].rows].map(row => Number(row.cells[heading.cellIndex].dataset.sort));
        }""",
        column,
    )


def test_one_table_is_shown_best_first(page) -> None:
    assert page.locator(".board:visible").count() == 1
    assert len(shown_labels(page)) == 11  # one of the twelve is told the prior
    scores = numbers(page, "PSNR Y")
    assert scores == sorted(scores, reverse=True)


def test_a_press_on_a_heading_sorts_and_another_turns_round(page) -> None:
    heading = page.locator(".board:visible table.ranked th", has_text="Latency")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert numbers(page, "Latency") == sorted(numbers(page, "Latency"))
    heading.get_by_role("button").press("Enter")  # from the keyboard
    assert heading.get_attribute("aria-sort") == "descending"
    assert numbers(page, "Latency") == sorted(numbers(page, "Latency"), reverse=True)
    assert page.locator(".board:visible table.ranked [aria-sort]").count() == 1
    assert "sorted by Latency" in page.locator("p[role=status]").text_content()


def test_words_filter_rows_and_points_and_the_baseline_stays(page) -> None:
    page.get_by_role("searchbox").fill("network-03")
    assert set(shown_labels(page)) == {"network-03", "bicubic"}
    assert page.locator(".filter output").text_content() == "2 of 12 shown"
    assert page.locator(".board:visible .plot a.point:not(.out)").count() == 2
    page.get_by_role("link", name="dic@1").first.click()
    assert set(shown_labels(page)) == {"network-03", "bicubic"}  # under every protocol
    page.get_by_role("searchbox").fill("")
    assert len(shown_labels(page)) == 11


def test_rows_are_filtered_by_prior_and_by_tier(page) -> None:
    told = page.locator(".board:visible table:not(.ranked) tbody tr:visible")
    assert told.count() == 1
    page.locator("select[name=prior]").select_option("none")
    assert told.count() == 0
    page.locator("select[name=tier]").select_option("1")
    assert shown_labels(page) == ["bicubic"]


def test_another_protocol_tells_how_ranks_moved(open_tab, site) -> None:
    page = open_tab(still=False).open(site / "index.html")
    before = shown_labels(page)
    page.evaluate(
        """() => {
          const animate = Element.prototype.animate;
          window.moving = 0;
          Element.prototype.animate = function (...how) { window.moving++; return animate.apply(this, how); };
        }"""
    )
    page.locator(".choice a", has_text="dic@1").click()
    after = shown_labels(page)
    assert page.url.endswith("#table-2")
    assert page.locator(".choice a[aria-current]").text_content().startswith("dic@1")
    told = page.eval_on_selector_all(
        ".board:not([hidden]) .ranked tr:has(.move)",
        "rows => rows.map(row => [row.querySelector('th a').textContent, row.querySelector('.move').firstChild.data])",
    )
    moves = {label: before.index(label) - after.index(label) for label in after}
    assert dict(told) == {label: f"{'▲' if n > 0 else '▼'} {abs(n)}" for label, n in moves.items() if n}
    assert told  # the made-up scores change places
    assert page.evaluate("window.moving") >= len(told)
    page.go_back()
    assert shown_labels(page) == before


def test_rows_that_only_one_table_has_move_no_other(page) -> None:
    page.evaluate("document.querySelector('#table-1 .ranked tbody tr').remove()")  # as if another protocol lacked it
    page.locator(".choice a", has_text="dic@1").click()
    moves = page.eval_on_selector_all(
        ".board:not([hidden]) .ranked .move",
        "notes => notes.map(note => Number(note.firstChild.data.slice(2)) * (note.classList.contains('better') || -1))",
    )
    assert moves
    assert sum(moves) == 0  # what some climb, others fall


def test_going_back_keeps_the_filter(page) -> None:
    page.locator(".choice a", has_text="dic@1").click()
    page.get_by_role("searchbox").fill("network-03")
    page.go_back()
    assert set(shown_labels(page)) == {"network-03", "bicubic"}
    assert page.locator(".filter output").text_content() == "2 of 12 shown"


def test_protocols_change_from_the_keyboard(page) -> None:
    page.locator(".choice a").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".board:visible h2").text_content().startswith("dic@1")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".board:visible h2").text_content().startswith("priorsr@1")


def test_the_tab_key_reaches_the_content_first(page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("dark", [False, True])
def test_colours_follow_the_system_until_the_button_is_pressed(open_tab, site, dark) -> None:
    page = open_tab(dark=dark).open(site / "index.html")

    def is_dark() -> bool:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return max(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) < 64

    assert is_dark() is dark
    page.locator("button.theme").click()
    assert is_dark() is not dark
    page.reload()
    assert is_dark() is not dark


def test_every_page_fits_a_phone_and_has_what_a_screen_reader_needs(open_tab, site) -> None:
    tab = open_tab(PHONE, 844)
    pages = [*sorted(site.glob("*.html")), next(site.glob("models/sharper*.html"))]
    assert len(pages) == 4
    for path in pages:
        page = tab.open(path)
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1
        assert page.evaluate("document.documentElement.lang") == "en"
        nameless = page.evaluate(
            """[...document.querySelectorAll('button, input, select, a[href], [role=region], [tabindex]')].filter(
              part => !(part.getAttribute('aria-label') || part.getAttribute('placeholder') || part.labels?.length ||
                part.textContent.trim())).map(part => part.outerHTML)"""
        )
        assert nameless == [], path
        assert page.locator("img:not([alt])").count() == 0


def test_a_row_leads_to_its_models_page_and_that_to_the_comparison(page) -> None:
    page.locator(".board:visible th a", has_text="sharper").first.click()
    assert page.locator("h1").text_content() == "sharper"
    assert page.locator("#scores ~ .scroll tbody tr").count() == 3
    page.get_by_role("link", name="Compare with other models").first.click()
    page.wait_for_selector(".view.side figure")
    assert "sharper" in page.locator(".view.side").text_content()


def test_without_scripts_every_table_is_there(chromium, site) -> None:
    page = chromium.new_page(java_script_enabled=False)
    page.goto((site / "index.html").as_uri())
    assert page.locator(".board:visible").count() == 3
    assert not page.locator(".filter").is_visible()
    page.close()
