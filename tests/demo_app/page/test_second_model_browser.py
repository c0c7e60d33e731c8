"""Two models side by side on the static page in Chromium."""

import numpy as np
import pytest

from fer_core.inference.predictor import Predictor
from fer_core.weights import shipped_models
from tests.demo_app.page.conftest import READY, serve

pytestmark = pytest.mark.browser
SECOND = "noisy30-eac"


@pytest.fixture(scope="module")
def paired(build_site, tmp_path_factory):
    folder = build_site(tmp_path_factory.mktemp("paired") / "static", second=SECOND)
    running, server = serve(folder)
    yield server
    running.shutdown()


@pytest.fixture
def page(chromium, paired):
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    page.goto(paired.address)
    page.wait_for_selector(READY)
    yield page
    context.close()


def shares(page, article):
    bars = page.locator(f"#second article:nth-child({article}) .track i")
    widths = bars.evaluate_all("bars => bars.map(bar => bar.style.width)")
    return np.array([float(width.rstrip("%")) / 100 for width in widths])


def test_the_second_model_is_loaded_when_asked_for_and_predicts_as_in_python(page, paired, images):
    assert "/models/second.onnx" not in paired.paths
    page.set_input_files("#file", images / "portrait.png")
    page.check("#compare")
    page.wait_for_selector("#second:not([hidden])")
    assert "/models/second.onnx" in paired.paths
    for article, predictor in ((1, Predictor()), (2, Predictor(shipped_models()[SECOND]))):
        (face,) = predictor.predict(images / "portrait.png")
        assert np.abs(shares(page, article) - face.probabilities).max() < 0.03
    names = page.locator("#second h2").all_inner_texts()
    assert names == ["bundled", SECOND]


def test_a_chosen_class_is_drawn_for_both(page):
    page.check("#compare")
    page.wait_for_selector("#second:not([hidden])")
    page.locator("#bars .row:has-text('fear') input").check()
    assert all("map of fear" in text for text in page.locator("#second .said").all_inner_texts())


def test_the_comparison_can_be_left_again(page):
    page.check("#compare")
    page.wait_for_selector("#second:not([hidden])")
    page.uncheck("#compare")
    page.wait_for_selector("#second", state="hidden")


def test_two_models_fit_a_telephone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.check("#compare")
    page.wait_for_selector("#second:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
