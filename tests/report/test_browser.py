"""Reports in a real browser: the portrait turns, rows and points are linked, nothing is loaded."""

from __future__ import annotations

import shutil

import pytest

import stillpoint as sp

pytestmark = pytest.mark.browser

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def browser():
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def shown(browser, page):
    """Return the page in a tab; at the end nothing was loaded and nothing went wrong."""
    tab, wrong, asked = browser.new_page(), [], []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    yield tab
    assert wrong == []
    assert asked == [page.as_uri()]
    tab.close()


def pixels(tab):
    return tab.evaluate("document.querySelector('canvas').toDataURL()")


def test_the_portrait_turns_when_it_is_dragged_and_by_keys(shown):
    canvas = shown.locator("canvas")
    assert canvas.is_visible()
    assert not shown.locator(".still").is_visible()
    seen = [pixels(shown)]
    box = canvas.bounding_box()
    shown.mouse.move(box["x"] + 200, box["y"] + 200)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 260, box["y"] + 230, steps=4)
    shown.mouse.up()
    seen.append(pixels(shown))
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "+"):
        shown.keyboard.press(key)
        seen.append(pixels(shown))
    shown.mouse.wheel(0, 300)
    seen.append(pixels(shown))
    assert len(set(seen)) == len(seen)
    canvas.dblclick(position={"x": 3, "y": 3})
    assert pixels(shown) == seen[0]


def test_a_row_shows_its_point_and_a_point_its_row(shown, points):
    before = pixels(shown)
    row = shown.locator("tr[data-row='4']")
    row.click()
    assert "chosen" in row.get_attribute("class")
    assert pixels(shown) != before
    assert f"hits {points.hits[4]}," in shown.locator(".told").inner_text()
    assert shown.locator(".eigenvalue.chosen").count() == 3
    shown.locator("tr[data-row='2']").focus()
    shown.keyboard.press("Enter")
    chosen = shown.locator("tr.chosen")
    assert chosen.count() == 1
    assert chosen.get_attribute("data-row") == "2"
    # the nearest mark to the middle of the first point is that point
    place = shown.evaluate(
        "(() => { const c = document.querySelector('canvas');"
        "return [c.clientWidth / 2, c.clientHeight / 2]; })()"
    )
    shown.locator("canvas").click(position={"x": place[0], "y": place[1]})
    clicked = int(shown.locator("tr.chosen").get_attribute("data-row"))
    assert abs(points.xstar[clicked]).max() < 1e-6  # the origin, in the middle of the picture


def test_the_table_is_sorted_by_its_heads(shown, points):
    head = shown.locator("th", has=shown.get_by_role("button", name="hits"))
    for sense, expected in (
        ("ascending", sorted(points.hits)),
        ("descending", sorted(points.hits)[::-1]),
    ):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == sense
        column = [h.strip() for h in shown.locator("table.points thead th").all_inner_texts()]
        place = [h.rstrip(" ↑↓") for h in column].index("hits") + 1
        cells = shown.locator(f"table.points tbody td:nth-child({place})").all_inner_texts()
        assert list(map(int, cells)) == list(expected)


def test_groups_can_be_hidden(shown):
    before = pixels(shown)
    button = shown.locator("[data-group='0']")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert pixels(shown) != before
    button.click()
    assert pixels(shown) == before


def test_without_scripts_there_is_a_still_picture(browser, page):
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(page.as_uri())
    assert tab.locator(".still svg").is_visible()
    assert not tab.locator("canvas").is_visible()
    assert tab.locator("tr[data-row]").count() == 9


def test_records_of_every_kind_run_without_an_error(browser, records, tmp_path):
    report = sp.Report("Everything")
    for record in records.values():
        report.add(record)
    tab, wrong = browser.new_page(), []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(report.save(tmp_path / "all.html").as_uri())
    assert tab.locator("canvas:visible").count() == 5
    assert wrong == []


def test_the_download_is_the_record(shown, points, tmp_path):
    with shown.expect_download() as download:
        shown.get_by_text("Download these").click()
    file = tmp_path / "again.nc"
    download.value.save_as(file)
    assert (sp.load(file).xstar == points.xstar).all()
