"""The static page in Chromium."""

import numpy as np
import pytest

from fer_core.emotions import EIGHT_CLASSES
from fer_core.inference.predictor import Predictor
from tests.demo_app.page.conftest import DRAWN, MOST_BYTES, upload

pytestmark = pytest.mark.browser


def shares(page):
    """The probabilities that the bars show, unrounded."""
    widths = page.locator("#bars .track i").evaluate_all("bars => bars.map(b => b.style.width)")
    return np.array([float(width.rstrip("%")) / 100 for width in widths])


def test_the_page_loads_without_a_complaint_and_under_its_bar(visit, chromium, server):
    server.sent.clear()
    page = visit(chromium)
    assert page.complaints == []
    assert page.inner_text("#sentence").startswith("One face: happiness")
    assert 5_000_000 < sum(server.sent) < MOST_BYTES


def test_an_upload_is_shown_with_the_probabilities_of_python(visit, chromium, images):
    page = visit(chromium)
    upload(page, images / "pair.png")
    first, second = Predictor().predict(images / "pair.png")
    assert page.inner_text("#sentence").startswith("2 faces.")
    assert np.abs(shares(page) - first.probabilities).max() < 0.03
    page.locator("#faces input").nth(1).check()
    assert np.abs(shares(page) - second.probabilities).max() < 0.03
    assert f"2 · {second.emotion}" in page.inner_text("#faces .chip >> nth=1")


def test_a_click_on_a_face_chooses_it(visit, chromium, images):
    page = visit(chromium)
    upload(page, images / "pair.png")
    size = page.locator("#stage").bounding_box()
    page.locator("#stage").click(position={"x": size["width"] * 0.2, "y": size["height"] * 0.5})
    assert page.locator("#faces input").nth(1).is_checked()


def test_the_map_of_any_emotion_is_chosen_from_the_keyboard(visit, chromium):
    page = visit(chromium)
    before = page.evaluate(DRAWN)
    page.locator("#bars input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("#bars .row:has(:checked)").inner_text().startswith("surprise")
    assert page.evaluate(DRAWN) != before


def test_below_the_threshold_the_answer_is_not_sure(visit, chromium):
    page = visit(chromium)
    page.locator("#threshold").fill("1")
    assert page.inner_text("#sentence").startswith("One face: not sure (happiness")
    assert page.inner_text("#threshold_words").startswith("At 100 % ")


def test_a_picture_without_a_face_is_a_sentence(visit, chromium, images):
    page = visit(chromium)
    upload(page, images / "empty.png")
    assert page.inner_text("#sentence").startswith("No face found in this image.")


@pytest.mark.parametrize(("event", "field"), [("drop", "dataTransfer"), ("paste", "clipboardData")])
def test_pictures_are_dropped_and_pasted(visit, chromium, event, field):
    page = visit(chromium)
    page.evaluate(
        """async ([event, field]) => {
          const blob = await (await fetch("/images/pair.png")).blob();
          const transfer = new DataTransfer();
          transfer.items.add(new File([blob], "pair.png", { type: "image/png" }));
          const made = new Event(event, { bubbles: true, cancelable: true });
          Object.defineProperty(made, field, { value: transfer });
          document.body.dispatchEvent(made);
        }""",
        [event, field],
    )
    page.wait_for_selector("#sentence:has-text('2 faces')")


def test_the_camera_runs_and_overlays_appear(visit, camera_browser):
    page = visit(camera_browser, permissions=["camera"])
    page.click("#camera")
    page.wait_for_selector("#figures:has-text('frames/s')")
    page.wait_for_selector("#faces .chip >> nth=1")
    seen = set()
    for _ in range(5):
        seen.add(page.evaluate(DRAWN))
        page.wait_for_function(
            "before => document.querySelector('#figures').textContent !== before",
            arg=page.inner_text("#figures"),
        )
    assert len(seen) > 2
    red = "() => [10, 630].map(x => [...stage.getContext('2d').getImageData(x, 470, 1, 1).data])"
    left, right = page.evaluate(red)
    assert left[0] > 200 > 60 > left[1]  # in the film it is on the right: a mirror
    assert right[1] > 60
    answers = page.locator("#faces .chip").all_inner_texts()
    assert all(any(name in answer for name in EIGHT_CLASSES) for answer in answers)
    assert page.complaints == []
    page.click("#camera")
    assert page.inner_text("#camera") == "Start the camera"
    drawn = [page.evaluate(DRAWN)]
    while len(drawn) < 20 and drawn[-1] not in drawn[:-1]:  # a frame may still be on its way
        page.wait_for_timeout(300)
        drawn.append(page.evaluate(DRAWN))
    assert drawn[-1] == drawn[-2]


def test_a_photograph_ends_the_camera(visit, camera_browser, images):
    page = visit(camera_browser, permissions=["camera"])
    page.click("#camera")
    page.wait_for_selector("#figures:has-text('frames/s')")
    page.set_input_files("#file", images / "portrait.png")
    page.wait_for_selector("#figures:not(:has-text('frames/s'))")
    assert page.inner_text("#camera") == "Start the camera"
    page.wait_for_timeout(300)
    assert "frames/s" not in page.inner_text("#figures")
    assert page.inner_text("#sentence").startswith("One face")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_is_no_wider_than_the_screen(visit, chromium, width):
    page = visit(chromium, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_control_has_a_name(visit, chromium):
    page = visit(chromium)
    snapshot = page.locator("body").aria_snapshot()
    for name in (
        'button "Choose a photograph or video"',
        'button "Start the camera"',
        'radio "the prediction\'s map" [checked]',
        'slider "Not sure below"',
        'button "Example: synthetic surprise"',
        'img "The image with boxes and maps. One face: happiness',
    ):
        assert name in snapshot
