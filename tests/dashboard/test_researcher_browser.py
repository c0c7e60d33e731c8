"""A researcher's path in a headless Chromium: a table and a figure for a paper, and a link."""

import pytest

from tests.dashboard.test_browser import (  # noqa: F401 - address is a fixture
    address,
    pytestmark,
)

TABLE = ".st-key-results-table table"
RATES = ("10 % symmetric", "30 % symmetric")


@pytest.fixture
def three_rates(records, write_run):
    for method in ("eac", "cross_entropy"):
        for seed in (0, 1):
            write_run(records, method=method, rate=0.1, seed=seed)


def open_view(browser, url):
    """The page in a browser without any memory, its table, and the title of its chart."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1600},
        permissions=["clipboard-read", "clipboard-write"],
        accept_downloads=True,
    )
    page = context.new_page()
    page.goto(url)
    page.locator(TABLE).wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    return page


def pick(page, label, names):
    """Choose values of a field with several choices, one after another."""
    field = page.get_by_test_id("stMultiSelect").filter(has_text=label)
    for count, name in enumerate(names, start=1):
        field.locator("input").first.click()
        page.get_by_role("option", name=name, exact=True).click()
        picked = f"location.search.split('table_with=').length == {count + 1}"
        page.wait_for_function(picked)
    page.keyboard.press("Escape")


@pytest.mark.usefixtures("three_rates")
def test_from_the_runs_to_latex_a_pdf_and_a_link(address, launch_chromium):  # noqa: F811
    browser = launch_chromium()
    page = open_view(browser, f"{address}/table?table_rows=method")
    pick(page, "Only these columns", RATES)
    heads = page.locator(f"{TABLE} th")
    page.wait_for_function(f"document.querySelectorAll('{TABLE} th').length == 3")
    assert heads.all_inner_texts() == ["Method", *RATES]

    page.get_by_role("button", name="Copy table").click()
    page.get_by_test_id("stCode").first.hover()
    page.locator("[aria-label='Copy to clipboard']").first.click()
    latex = page.evaluate("navigator.clipboard.readText()")
    assert r"\toprule" in latex
    assert r"Method & 10 \% symmetric & 30 \% symmetric" in latex
    assert r"\mathbf{79.6}" in latex
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Save figure").click()
    save = page.get_by_role("button", name="Save PDF")
    save.wait_for()
    with page.expect_download() as download:
        save.click()
    assert download.value.suggested_filename.startswith("results-synthetic-faces")
    assert download.value.suggested_filename.endswith("accuracy-3.3in.pdf")
    content = download.value.path().read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/FontFile2" in content

    seen = page.locator(TABLE).inner_text()
    other = launch_chromium()
    again = open_view(other, page.url)
    again.wait_for_function(f"document.querySelectorAll('{TABLE} th').length == 3")
    assert again.locator(TABLE).inner_text() == seen
    assert again.locator("[data-testid=stException]").count() == 0
    other.close()
    browser.close()
