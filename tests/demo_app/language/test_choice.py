import pytest
from gradio.context import LocalContext

from demo_app.language import asked_language, class_name, current_language, speaking
from demo_app.language.choice import best_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("de-DE,en;q=0.5,vi;q=0.7", "vi"),
        ("de,fr;q=0.3", "en"),
        ("en-GB,vi;q=0.9", "en"),
        ("vi;q=much,en;q=0.1", "en"),
    ],
)
def test_the_browsers_best_language_that_there_is(accepted, language):
    assert best_language(accepted) == language


def test_the_choice_counts_more_than_the_browser():
    headers = {"cookie": "a=b; fer-language=en", "accept-language": "vi"}
    assert asked_language(headers) == "en"


@pytest.mark.parametrize(
    "cookie", ["fer-language=xx", "fer-language=../../etc", 'a="; b', "", "\x00"]
)
def test_a_cookie_that_is_no_choice_is_passed_over(cookie):
    assert asked_language({"cookie": cookie, "accept-language": "vi"}) == "vi"


class Request:
    headers = {"accept-language": "vi"}  # noqa: RUF012 - as Gradio's


def test_an_event_speaks_the_language_of_its_own_request():
    token = LocalContext.request.set(Request())
    try:
        with speaking("en"):  # left over from another request
            assert current_language() == "vi"
            assert class_name("happiness") == "vui vẻ"
    finally:
        LocalContext.request.reset(token)
    assert current_language() == "en"


def test_a_class_of_ones_own_keeps_its_name():
    with speaking("vi"):
        assert class_name("drowsy driver") == "drowsy driver"
        assert class_name("not sure") == "không chắc"
