"""The page in another language, in Chromium."""

import pytest

pytestmark = pytest.mark.browser
WORD = "Phân tích"


@pytest.fixture
def visit(chromium, address):
    """The function that opens the page with a browser of some language."""
    contexts = []

    def open_one(locale, **options):
        context = chromium.new_context(locale=locale, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(".bar.strong")
        return page

    yield open_one
    for context in contexts:
        context.close()


def test_the_browsers_language_is_that_of_the_layout_and_of_what_is_found(visit):
    page = visit("vi-VN")
    assert page.inner_text("h1").startswith("Biểu cảm khuôn mặt")
    assert page.inner_text("#sentence").startswith("Một khuôn mặt: ")
    assert "Xác suất" in page.inner_text("#bars")
    assert page.get_attribute("html", "lang") == "vi"
    page.get_by_role("tab", name="Hàng loạt").click()
    page.click("#batch_start")
    page.wait_for_selector("#batch_sentence :text('hãy chọn vài bức ảnh')")


def test_a_choice_counts_more_than_the_browser_and_is_remembered(visit):
    page = visit("vi-VN")
    with page.expect_navigation():
        page.select_option(".language select", "en")
    page.wait_for_selector("#sentence :text('One face: ')")
    page.goto(page.url)
    page.wait_for_selector("#sentence :text('One face: ')")
    assert page.input_value(".language select") == "en"
    assert page.get_attribute("html", "lang") == "en"


def test_two_visitors_read_their_own_languages(visit):
    first, second = visit("vi"), visit("en-GB")
    for page, words in ((first, "khuôn mặt"), (second, "faces")):
        page.get_by_role("tab").nth(3).click()
        assert page.inner_text("#batch_start") in (WORD, "Analyse")
        page.get_by_role("tab").first.click()
        page.locator("#examples .thumbnail-item").last.click()
        page.wait_for_selector(f"#sentence :text('{words}')")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_longer_words_fit_the_screen(visit, width):
    page = visit("vi", viewport={"width": width, "height": 844})
    for number in range(4):
        page.get_by_role("tab").nth(number).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_bars_are_ordered_by_probability_where_that_is_chosen(visit):
    page = visit("en")

    def tops():
        places = page.locator("#bars .bar").evaluate_all(
            "bars => bars.map(bar => [bar.getBoundingClientRect().top, "
            "parseFloat(bar.querySelector('.track i').style.width)])"
        )
        return [share for _, share in sorted(places)]

    before = tops()
    page.check(".language input")
    assert tops() == sorted(before, reverse=True)
    page.reload()
    page.wait_for_selector("#bars .bar.strong")
    assert tops() == sorted(before, reverse=True)
    page.uncheck(".language input")
    assert tops() == before
