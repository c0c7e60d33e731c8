"""The Runs page and the report as a visitor meets them, in a headless Chromium."""

import json

import pytest

from dashboard.analysis.map_process import MapCache
from dashboard.data.names import read_folders
from dashboard.report.export import export, read_places
from tests.dashboard.test_browser import (  # noqa: F401 - address is a fixture
    address,
    pytestmark,
)

REPORT_PAGES = 7  # of the shipped runs on A4
# What sticks out of its block, by its title, and names in charts that are cut at the edge.
CUT = """() => [...document.querySelectorAll("section")].filter((block) => {
  const edge = block.getBoundingClientRect().right + 1;
  const inside = block.querySelectorAll("table, img, .gtitle, .legendtext, .annotation-text");
  return [...inside].some((one) => one.getBoundingClientRect().right > edge);
}).map((block) => block.querySelector("h3").textContent)"""
PAIR = ["cross_entropy-mobilenetv2_100-30-s0", "eac-mobilenetv2_100-30-s0"]


@pytest.fixture
def page(launch_chromium):
    browser = launch_chromium()
    yield browser.new_page(viewport={"width": 1200, "height": 1600})
    browser.close()


def test_picked_rows_are_compared_and_the_address_reopens_the_view(address, page):  # noqa: F811
    from playwright.sync_api import expect

    page.goto(f"{address}/runs?runs_status=finished&runs_seeds=single%20runs")
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for()
    page.get_by_text("Options and accuracy").first.wait_for()
    for row in (0, 1):  # below the line of names; the box to tick stands at the left
        table.click(position={"x": 18, "y": 35 * (row + 1) + 17})
        named = f"location.search.split('runs_compare=').length == {row + 2}"
        page.wait_for_function(named)
    page.get_by_text("Options that differ", exact=True).wait_for()
    assert "runs_status=finished" in page.url
    choices = page.get_by_test_id("stMultiSelect")
    seen = choices.all_text_contents()
    assert len(seen) == 8  # five filters, what is hidden, the runs that are compared, the axes
    page.goto(page.url)
    page.get_by_text("Options that differ", exact=True).wait_for()
    expect(choices).to_have_text(seen)


def test_the_address_of_a_run_is_left_behind_on_the_other_pages(address, page):  # noqa: F811
    page.goto(f"{address}/runs?run={PAIR[0]}")
    page.get_by_role("heading", name=PAIR[0]).wait_for()
    page.get_by_role("link", name="Training curves").click()
    page.get_by_text("figures 8 to 11 of the HUST report").first.wait_for()
    assert page.get_by_test_id("stException").count() == 0


def test_an_open_page_follows_what_the_runs_write(address, page, records):  # noqa: F811
    page.goto(f"{address}/runs")
    page.get_by_text("8 of 8 runs").wait_for()
    path = records / PAIR[0] / "run.json"
    run = json.loads(path.read_text())
    path.write_text(json.dumps(run | {"status": "failed", "error": "the disk is full"}))
    page.get_by_text("failed: the disk is full").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_draws_its_charts_alone_and_legibly(page, records, tmp_path, scheme):
    report = tmp_path / "report.html"
    report.write_text(export(read_folders([records])))
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    charts = page.locator(".chart")
    drawn = "document.querySelectorAll('.chart:has(.main-svg)').length"
    charts.first.scroll_into_view_if_needed()
    page.locator(".chart .main-svg").first.wait_for()
    assert page.evaluate(drawn) < charts.count()  # the others wait until they are scrolled to
    for number in range(charts.count()):
        charts.nth(number).scroll_into_view_if_needed()
        charts.nth(number).locator(".main-svg").first.wait_for()
    assert charts.count() > 5
    ink = page.evaluate("getComputedStyle(document.querySelector('.gtitle')).fill")
    assert ink == {"light": "rgb(34, 38, 44)", "dark": "rgb(232, 234, 237)"}[scheme]
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == [report.as_uri()]
    assert complaints == []


def test_the_report_is_searched_sorted_and_printed_with_all_charts(page, records, tmp_path):
    report = tmp_path / "report.html"
    report.write_text(export(read_folders([records])))
    page.goto(report.as_uri())
    rows = page.locator("section", has=page.get_by_role("heading", name="All runs", exact=True))
    page.get_by_role("searchbox").fill(PAIR[1])
    assert rows.locator("tbody tr:visible").count() == 1
    assert "rows in" in page.locator(".search output").inner_text()
    page.get_by_role("searchbox").fill("")
    rows.get_by_role("button", name="Accuracy (%)", exact=True).click()
    column = rows.locator("th").all_inner_texts().index("Accuracy (%) \u2191".rstrip(" \u2191"))
    values = [
        float(row.locator("td").nth(column).inner_text()) for row in rows.locator("tbody tr").all()
    ]
    assert values == sorted(values)
    assert "\\toprule" in page.locator("pre").first.text_content()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    bars = page.locator(".legend .scrollbar")  # of height 0 where all names fit
    assert bars.count() > 3
    assert {bar.get_attribute("height") for bar in bars.all()} == {"0"}
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert page.evaluate("document.querySelectorAll('.chart:not(:has(.main-svg))').length") == 0
    assert 2 <= pdf.count(b"/Type /Page\n") <= 12


def test_the_shipped_runs_are_printed_on_few_pages_with_nothing_cut(page, tmp_path):
    report = tmp_path / "report.html"
    cache = MapCache()
    report.write_text(export(read_places(["shipped"]), cache))
    cache.close()
    page.set_viewport_size({"width": 703, "height": 1000})  # 186 mm
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(CUT) == []
    assert page.locator(".modebar:visible").count() == 0
    assert page.locator(".paper:visible", has_text="more rows in the file.").count() > 0
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert pdf.count(b"/Type /Page\n") <= REPORT_PAGES
