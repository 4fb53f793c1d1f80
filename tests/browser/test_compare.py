from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def page(open_tab, site):
    return opened(open_tab(), site)


def opened(tab, site: Path, fragment: str = ""):
    page = tab.open(site / "compare.html", fragment)
    page.wait_for_selector(".view.side figure", state="attached")
    return page


def face(page) -> str:
    return page.locator(".face-name").text_content().removeprefix("Face ")


def order(page) -> list[str]:
    """The faces in the order of the filmstrip, of which all eight fit."""
    return page.eval_on_selector_all(
        ".frame", "frames => frames.sort((a, b) => a.dataset.place - b.dataset.place).map(frame => frame.title)"
    )


def table(site: Path) -> dict:
    text = (site / "data" / "table-1.js").read_text()
    return json.loads(text.partition(", ")[2].removesuffix(");\n"))


def values(site: Path, label: str) -> dict[str, float]:
    content = table(site)
    place = [model["label"] for model in content["models"]].index(label)
    return dict(zip(content["faces"], map(float, content["values"]["psnr_y"][place]), strict=True))


def set_models(page, *labels: str) -> None:
    page.locator(".models summary").click()
    for box in page.locator(".models li").all():
        box.locator("input").set_checked(box.inner_text().strip() in labels)
    page.keyboard.press("Escape")


def test_every_image_is_there(page) -> None:
    assert page.locator(".view.side figcaption span").all_inner_texts()[0] == "LR"
    page.wait_for_function(
        "[...document.querySelectorAll('.view.side .pane > img:first-child')].every(i => i.naturalWidth)"
    )
    captions = page.locator(".view.side figcaption span").all_inner_texts()
    assert captions[1] == "bicubic"
    assert captions[-1] == "HR"
    assert len(captions) == 6


def test_faces_come_by_disagreement_of_the_models_shown(page, site) -> None:
    set_models(page, "bicubic", "much too sharp")
    ours, theirs = values(site, "bicubic"), values(site, "much too sharp")
    by_distance = sorted(ours, key=lambda name: -abs(ours[name] - theirs[name]))
    assert order(page) == by_distance
    assert len(set(by_distance)) == 8


def test_faces_come_worst_first_of_a_model(page, site) -> None:
    page.locator("select[name=order]").select_option("worst")
    page.locator("select[name=of]").select_option(label="blurred")
    found = values(site, "blurred")
    assert order(page) == sorted(found, key=found.__getitem__)
    assert face(page) == order(page)[0]


def test_a_face_is_chosen_by_pointer_and_keys_and_stays_in_the_address(page, open_tab, site) -> None:
    faces = order(page)
    page.locator(".frame").nth(3).click()
    assert face(page) == faces[3]
    page.locator(".filmstrip").focus()
    page.keyboard.press("ArrowRight")
    assert face(page) == faces[4]
    page.keyboard.press("End")
    assert face(page) == faces[-1]
    chosen = page.locator(".frame[aria-selected=true]")
    assert chosen.get_attribute("aria-posinset") == "8"
    assert page.locator(".filmstrip").get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    again = opened(open_tab(), site, page.url.partition("#")[1] + page.url.partition("#")[2])
    assert face(again) == faces[-1]
    assert order(again) == faces


def test_all_panes_zoom_and_move_together(page) -> None:
    def places() -> list[list[float]]:
        """Of each image: its zoom, and where it lies in parts of its pane."""
        return page.eval_on_selector_all(
            ".view.side .pane > img:first-child",
            """images => images.map(image => {
              const { a, e, f } = new DOMMatrix(getComputedStyle(image).transform);
              return [a, e / image.clientWidth, f / image.clientHeight].map(part => Number(part.toFixed(2)));
            })""",
        )

    still = places()
    pane = page.locator(".view.side .pane").nth(2)
    pane.dblclick()
    zoomed = places()
    assert len(set(map(tuple, zoomed))) == 1
    assert zoomed != still
    assert page.locator(".zoom output").text_content() == "200 %"
    box = pane.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.up()
    moved = places()
    assert len(set(map(tuple, moved))) == 1
    assert moved != zoomed
    page.locator(".view.side").focus()
    page.keyboard.press("+")
    assert page.locator(".zoom output").text_content() == "300 %"
    page.keyboard.press("0")
    assert places() == still


def test_the_slider_moves_by_range_pointer_and_keys(page) -> None:
    page.get_by_text("Slider", exact=True).click()
    page.locator("select[name=left]").select_option(label="much too sharp")
    page.locator("select[name=right]").select_option("hr")
    slider = page.get_by_role("slider")

    def clip() -> str:
        return page.evaluate("getComputedStyle(document.querySelector('.wipe')).clipPath")

    half = clip()
    slider.fill("20")
    assert clip() != half
    box = page.locator(".stage .pane").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40, steps=3)
    page.mouse.up()
    assert float(slider.input_value()) == pytest.approx(75, abs=1)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert float(slider.input_value()) == pytest.approx(74.5, abs=1)
    assert "much too sharp left of" in slider.get_attribute("aria-valuetext")
    page.wait_for_function("[...document.querySelectorAll('.stage img')].every(image => image.naturalWidth)")


def test_the_worst_faces_of_a_model_lead_back_to_the_comparison(page, site) -> None:
    page.get_by_text("Worst faces", exact=True).click()
    page.locator("select[name=worst]").select_option(label="blurred")
    found = values(site, "blurred")
    worst = sorted(found, key=found.__getitem__)
    assert [pair.get_attribute("data-face") for pair in page.locator(".view.worst .pair").all()] == worst
    page.locator(".view.worst .pair").first.click()
    assert face(page) == worst[0]
    assert "blurred" in page.locator(".view.side").inner_text()


def test_another_table_keeps_face_and_models(page) -> None:
    set_models(page, "sharper", "blurred")
    page.locator(".frame").nth(2).click()
    chosen = face(page)
    page.locator("select[name=table]").select_option("table-2")
    page.wait_for_function("document.querySelector('select[name=score]').options.length === 2")
    assert face(page) == chosen
    assert page.locator(".view.side figcaption span").all_inner_texts() == ["LR", "sharper", "blurred", "HR"]


def test_the_best_of_a_face_is_bold_and_errors_can_be_seen(page, site) -> None:
    set_models(page, "bicubic", "sharper", "told †")
    at = {label: values(site, label)[face(page)] for label in ("bicubic", "sharper")}
    bold = page.locator(".view.side figure:has(b.best) figcaption span").all_inner_texts()
    assert bold == [max(at, key=at.__getitem__)]  # `told` saw more than the LR image
    page.get_by_label("Error").check()
    shown = page.locator(".view.side .error")
    assert shown.count() == 4
    blend = shown.first.locator(".truth").evaluate("image => getComputedStyle(image).mixBlendMode")
    assert blend == "difference"
    assert math.isfinite(at["bicubic"])


def test_all_that_is_chosen_stands_in_the_address(page, open_tab, site) -> None:
    set_models(page, "sharper", "blurred")
    page.get_by_label("Error").check()
    page.get_by_label("Pixels").check()
    page.locator("[data-zoom=in]").click()
    page.locator("[data-zoom=in]").click()
    page.locator(".view.side").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("decodeURIComponent(location.hash).includes('zoom=2.25,0.544')")  # moved, not only zoomed
    side = page.url
    page.get_by_text("Worst faces", exact=True).click()
    page.locator("select[name=worst]").select_option(label="network-03")

    again = opened(open_tab(), site, "#" + side.partition("#")[2])
    assert again.locator(".view.side figcaption span").all_inner_texts() == ["LR", "sharper", "blurred", "HR"]
    assert again.locator(".view.side .error").count() == 3
    assert again.locator("body.pixels").count() == 1
    again.wait_for_function("document.querySelector('.zoom output').textContent === '225 %'")
    middles = [
        tab.evaluate("getComputedStyle(document.querySelector('.view.side')).getPropertyValue('--x')")
        for tab in (page, again)
    ]
    assert float(middles[0]) == pytest.approx(float(middles[1]), abs=0.001)
    assert float(middles[1]) > 0.5

    gallery = opened(open_tab(), site, "#" + page.url.partition("#")[2])
    assert gallery.locator(".view.worst").is_visible()
    assert gallery.locator("select[name=worst] option:checked").text_content() == "network-03"


def test_an_address_that_makes_no_sense_shows_the_first_table(open_tab, site) -> None:
    fragment = "#table=none&score=beauty&order=random&of=1&models=a,b&view=up&face=nobody&left=x&right=y&zoom=1,a"
    page = opened(open_tab(), site, fragment)
    assert page.locator("select[name=table]").input_value() == "table-1"
    assert page.locator(".view.side figcaption span").all_inner_texts()[1] == "bicubic"
    assert face(page) == order(page)[0]
    assert page.locator(".zoom output").text_content() == "100 %"


def test_a_table_whose_scores_are_gone_is_told(chromium, site, tmp_path) -> None:
    broken = shutil.copytree(site, tmp_path / "site", ignore=shutil.ignore_patterns("images", "data"))
    page = chromium.new_page()
    page.goto((broken / "compare.html").as_uri())
    page.wait_for_selector(".failed:visible")
    assert "data/table-1.js could not be loaded" in page.get_by_role("alert").text_content()
    page.close()
