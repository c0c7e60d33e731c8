"""The live tab in Chromium, whose camera plays a film of drawn faces."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.faces_drawn import draw_portrait

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """One drawn person of 640 x 480 pixels, smiling, then surprised, as an MJPEG file."""
    path = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    with path.open("wb") as file:
        for index in range(40):
            emotion = "happiness" if index < 20 else "surprise"
            frame = Image.new("RGB", (640, 480), "#8899aa")
            face = draw_portrait(emotion, 360, np.random.default_rng(7))
            frame.paste(face, (140 + round(15 * np.sin(index / 40 * 2 * np.pi)), 80))
            stream = io.BytesIO()
            frame.save(stream, "JPEG", quality=90)
            file.write(stream.getvalue())
    return path


@pytest.fixture(scope="module")
def camera_browser(film, launch_chromium):
    browser = launch_chromium(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    yield browser
    browser.close()


@pytest.fixture
def visit(camera_browser, served):
    """The function that opens the live tab in a browser of its own and starts the camera."""
    contexts = []

    def open_one():
        context = camera_browser.new_context(permissions=["camera"])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(served.address)
        page.wait_for_selector(".bar.strong")
        page.get_by_role("tab", name="Live").click()
        page.locator("#camera button:visible").first.click()
        page.locator("#camera button:visible", has_text="Record").click()
        page.wait_for_selector("#live_panel .fps")
        return page

    yield open_one
    for context in contexts:
        context.close()


def shown(page):
    return page.locator("#live_view img").get_attribute("src")


def next_picture(page):
    """Another overlay than the one on the page now."""
    before = shown(page)
    page.wait_for_function(
        "before => document.querySelector('#live_view img').src != before", arg=before
    )
    return shown(page)


def test_overlays_of_the_camera_keep_coming_and_leave_no_file(visit, served):
    page = visit()
    files = {path for path in served.files.rglob("*") if path.is_file()}
    pictures = {next_picture(page) for _ in range(6)}
    assert len(pictures) == 6
    assert all(source.startswith("data:image/jpeg;base64,") for source in pictures)
    assert {path for path in served.files.rglob("*") if path.is_file()} == files
    figures = page.inner_text("#live_panel .live-figures")
    assert re.search(r"\d+\.\d frames/s · 1 face · \d+ ms", figures)
    assert page.locator("#live_panel .strip .row").count() == 1
    assert page.locator("#live_panel .bar").count() == 8


def test_a_chosen_emotion_is_drawn_while_the_camera_runs(visit):
    page = visit()
    page.locator("#live_emotion input").click()
    page.locator("#live_emotion ul[role=listbox] li[aria-label='fear']").click()
    page.wait_for_selector("#live_panel .bar.shown:has-text('fear')")
    next_picture(page)


def test_two_visitors_are_served_at_once(visit):
    first, second = visit(), visit()
    next_picture(first)
    next_picture(second)
    next_picture(first)


def test_the_stopped_camera_stops_the_pictures(visit):
    page = visit()
    page.locator("#camera button:visible", has_text="Stop").click()
    page.wait_for_timeout(1500)
    before = shown(page)
    page.wait_for_timeout(1000)
    assert shown(page) == before


def test_a_snapshot_of_the_camera_is_analysed_like_a_photograph(camera_browser, served):
    context = camera_browser.new_context(permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(served.address)
    page.wait_for_selector(".bar.strong")
    before = page.locator("#faces img").get_attribute("src")
    page.get_by_label("Capture from camera").click()
    page.locator("#photo button:visible", has_text="Click to Access Webcam").click()
    page.locator("#photo button[aria-label='capture photo']:visible").click()
    page.wait_for_function(
        "before => document.querySelector('#faces img')?.src != before", arg=before
    )
    page.wait_for_selector("#sentence :text('One face')")
    context.close()
