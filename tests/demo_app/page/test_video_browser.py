"""Video files on the static page in Chromium."""

import csv
import io

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import EIGHT_CLASSES
from fer_core.inference.predictor import Predictor
from fer_core.video.reader import Video
from fer_core.video.writer import VideoWriter
from tests.demo_app.page.conftest import fault

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A happy person for a second, then a surprised one; ten images a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    faces = [
        draw_portrait(emotion, 360, np.random.default_rng(seed))
        for emotion, seed in (("happiness", 7), ("surprise", 9))
    ]
    with VideoWriter(path) as writer:
        for index in range(20):
            frame = Image.new("RGB", (640, 480), "#8899aa")
            frame.paste(faces[index // 10], (140, 60))
            writer.write(frame, index / 10)
    return path


def seek(page, seconds):
    page.evaluate("time => { document.querySelector('#film').currentTime = time; }", seconds)
    page.wait_for_function(
        "text => document.querySelector('#figures').textContent.startsWith(text)",
        arg=f"{seconds:.2f} s",
    )


def shares(page):
    bars = page.locator("#bars .track i")
    widths = bars.evaluate_all("bars => bars.map(bar => bar.style.width)")
    return np.array([float(width.rstrip("%")) / 100 for width in widths])


def test_any_moment_of_a_video_is_seen_as_python_sees_it(visit, chromium, clip):
    page = visit(chromium)
    page.set_input_files("#file", clip)
    page.wait_for_selector("#film:not([hidden])")
    predictor = Predictor()
    frames = list(Video(clip).frames())
    for seconds in (0.45, 1.75):
        seek(page, seconds)
        image = max((one for one in frames if one.time <= seconds), key=lambda one: one.time).image
        (face,) = predictor.predict(image)
        assert np.abs(shares(page) - face.probabilities).max() < 0.05
    assert page.complaints == []


def test_what_was_played_is_saved_as_a_table(visit, chromium, clip):
    page = visit(chromium)
    page.set_input_files("#file", clip)
    page.wait_for_selector("#film:not([hidden])")
    page.evaluate("document.querySelector('#film').play()")
    page.wait_for_function("() => document.querySelector('#film').ended")
    page.wait_for_timeout(500)
    with page.expect_download() as waiting:
        page.click("#film_table")
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
    times = [float(row["time_s"]) for row in rows]
    assert times == sorted(set(times))
    assert len(times) >= 3
    for row in rows:
        assert sum(float(row[name]) for name in EIGHT_CLASSES) == pytest.approx(1, abs=0.01)
        assert 0 <= float(row["x0"]) < float(row["x1"]) <= 640


def test_a_photograph_ends_the_video(visit, chromium, clip, images):
    page = visit(chromium)
    page.set_input_files("#file", clip)
    page.wait_for_selector("#film:not([hidden])")
    page.set_input_files("#file", images / "pair.png")
    page.wait_for_selector("#sentence:has-text('2 faces')")
    assert page.is_hidden("#film")
    assert page.is_hidden("#film_table")


def test_a_file_that_is_no_video_is_a_sentence(visit, chromium, tmp_path):
    page = visit(chromium)
    (tmp_path / "broken.mp4").write_text("no video")
    page.set_input_files("#file", tmp_path / "broken.mp4")
    assert "cannot be played" in fault(page)
    assert page.is_hidden("#film")
