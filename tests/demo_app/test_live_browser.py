"""The live tab in Chromium, whose camera plays a film of synthetic faces."""

import csv
import re
import time

import pytest

from demo_app.analysis import live
from fer_core.emotions import EIGHT_CLASSES
from fer_core.landmarks.analysis import COLUMNS
from fer_core.models.pretrained import ModelError
from fer_core.video.reader import Video
from tests.made_analyses import smiling

pytestmark = pytest.mark.browser


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
        return start_camera(open_live(context, served.address))

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="class")
def watched(camera_browser, served):
    """A page whose camera runs, for the tests that leave it running and its settings alone."""
    context = camera_browser.new_context(permissions=["camera"])
    yield start_camera(open_live(context, served.address))
    context.close()


@pytest.fixture
def asked(pool, monkeypatch):
    """Names of the models that were asked, one for each frame."""
    names = []
    predict = pool.predict_next

    def spy(name, *frame):
        names.append(name)
        return predict(name, *frame)

    monkeypatch.setattr(pool, "predict_next", spy)
    return names


def open_live(context, address):
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".bar.strong")
    page.get_by_role("tab", name="Live").click()
    page.wait_for_selector("#camera button:visible")
    return page


def start_camera(page):
    page.locator("#camera button:visible").first.click()
    page.locator("#camera button:visible", has_text="Record").click()
    page.wait_for_selector("#live_panel .fps")
    return page


def shown(page):
    return page.locator("#live_view img").get_attribute("src")


def record_for(page, seconds):
    """Record for at least so many seconds: a busy machine may skip the one that is waited for."""
    page.click("#live_record .record-start")
    shown_time = re.compile(rf"0:(0[{seconds}-9]|[1-5]\d)")
    page.locator("#live_record .record-status").filter(has_text=shown_time).wait_for()


def next_picture(page):
    """Another overlay than the one on the page now."""
    before = shown(page)
    page.wait_for_function(
        "before => document.querySelector('#live_view img').src != before", arg=before
    )
    return shown(page)


ENCODED = """() => {
  window.encoded = 0;
  const own = HTMLCanvasElement.prototype.toDataURL;
  HTMLCanvasElement.prototype.toDataURL = function (...options) {
    window.encoded += 1;
    return own.apply(this, options);
  };
}"""


class TestWatched:
    """What one page with a running camera shows to whoever only watches it."""

    def test_overlays_of_the_camera_keep_coming_and_leave_no_file(self, watched, served):
        files = {path for path in served.files.rglob("*") if path.is_file()}
        images = {next_picture(watched) for _ in range(6)}
        assert len(images) == 6
        assert all(source.startswith("data:image/jpeg;base64,") for source in images)
        assert {path for path in served.files.rglob("*") if path.is_file()} == files
        figures = watched.inner_text("#live_panel .live-figures")
        assert re.search(r"\d+\.\d frames/s · 2 faces · \d+ ms", figures)
        assert watched.locator("#live_panel .strip .row").count() == 2
        assert watched.locator("#live_panel .bar").count() == 8

    def test_faces_keep_their_numbers(self, watched, monkeypatch):
        monkeypatch.setattr(live, "PAUSE", 600.0)  # a busy machine takes longer between two frames
        rows = "#live_panel .strip .row b"
        watched.wait_for_function("rows => document.querySelectorAll(rows).length == 2", arg=rows)
        before = watched.locator(rows).all_inner_texts()
        for _ in range(8):
            next_picture(watched)
        assert watched.locator(rows).all_inner_texts() == before

    def test_the_picture_is_a_mirror(self, watched):
        red = """async () => {
          const image = new Image();  // the one on the page changes meanwhile
          image.src = document.querySelector("#live_view img").src;
          await image.decode();
          const pen = new OffscreenCanvas(640, 480).getContext("2d");
          pen.drawImage(image, 0, 0);
          return [10, 630].map((x) => {
            const [r, g] = pen.getImageData(x, 470, 1, 1).data;
            return r > 200 && g < 60;
          });
        }"""
        next_picture(watched)
        assert watched.evaluate(red) == [True, False]  # in the film it is on the right

    @pytest.mark.parametrize("error", [RuntimeError("broken"), ModelError("The model is gone")])
    def test_an_error_in_one_frame_does_not_end_the_stream(self, watched, pool, monkeypatch, error):
        predict, failed = pool.predict_next, []

        def fail_once(name, *frame):
            if not failed:
                failed.append(name)
                raise error
            return predict(name, *frame)

        monkeypatch.setattr(pool, "predict_next", fail_once)
        for _ in range(3):
            next_picture(watched)
        assert failed
        assert shown(watched).startswith("data:")  # still no file

    def test_no_frame_is_encoded_for_which_the_server_has_no_room(self, watched):
        posted = []
        watched.on(
            "request", lambda asked: posted.append(asked.url) if "/stream/" in asked.url else None
        )
        watched.evaluate(ENCODED)
        for _ in range(6):
            next_picture(watched)
        encoded = watched.evaluate("window.encoded")
        assert 3 <= encoded <= len(posted) + 1

    def test_while_another_tab_is_shown_no_frame_is_analysed(self, watched, asked):
        watched.get_by_role("tab", name="Photo").click()
        watched.wait_for_timeout(700)
        before = len(asked)
        watched.wait_for_timeout(700)
        assert len(asked) == before
        watched.get_by_role("tab", name="Live").click()
        next_picture(watched)


def test_a_click_on_a_face_shows_its_bars_and_a_second_click_the_largest_again(visit):
    page = visit()
    page.wait_for_selector("#live_panel .live-face > p:has-text('Face 1')")
    number = page.locator("#live_number input")
    place = {"x": 0.22, "y": 0.5}  # of the smaller face in the mirror
    size = page.locator("#live_view img").bounding_box()
    at = {"x": place["x"] * size["width"], "y": place["y"] * size["height"]}
    page.locator("#live_view img").click(position=at)
    page.wait_for_selector("#live_panel .live-face > p:has-text('Face 2')")
    assert number.input_value() == "2"
    page.locator("#live_view img").click(position=at)
    page.wait_for_selector("#live_panel .live-face > p:has-text('Face 1')")
    assert number.input_value() == "0"


def test_the_number_of_a_face_can_be_typed(visit):
    page = visit()
    page.locator("#live_number input").fill("2")
    page.wait_for_selector("#live_panel .live-face > p:has-text('Face 2')")


def test_the_camera_is_started_and_stopped_from_the_keyboard(camera_browser, served, asked):
    context = camera_browser.new_context(permissions=["camera"])
    page = open_live(context, served.address)

    def go_to_camera():
        page.get_by_role("tab", name="Live").focus()
        for _ in range(6):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('#camera') !== null"):
                return
        pytest.fail("the camera's button cannot be reached with the tab key")

    go_to_camera()
    page.keyboard.press("Enter")
    page.wait_for_selector("#camera button[aria-label='capture photo']:visible")
    go_to_camera()
    page.keyboard.press("Enter")
    page.wait_for_selector("#live_panel .fps")
    page.keyboard.press("Enter")
    page.wait_for_selector("#camera button:has-text('Record'):visible")
    page.wait_for_timeout(500)
    before = len(asked)
    page.wait_for_timeout(500)
    assert len(asked) == before
    context.close()


def test_another_model_answers_without_a_new_start(visit, asked):
    page = visit()
    page.locator("#model_choice input").click()
    page.locator("#model_choice li[role=option]", has_text="bundled").first.click()
    for _ in range(100):
        if asked[-1] == "bundled":
            break
        page.wait_for_timeout(200)
    next_picture(page)
    assert asked[-1] == "bundled"


def test_over_a_slow_line_frames_are_dropped_and_do_not_queue_up(visit):
    page = visit()
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 20_000})
    page.wait_for_timeout(500)
    under_way, most = set(), [0]

    def begin(request):
        if "/stream/" in request.url:
            under_way.add(request)
            most[0] = max(most[0], len(under_way))

    page.on("request", begin)
    page.on("requestfinished", lambda request: under_way.discard(request))
    for _ in range(2):
        next_picture(page)
    # The answer's head lets the next one go before the browser has told that the first has ended.
    assert 1 <= most[0] <= 2


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
    page.goto(served.address)
    page.wait_for_selector(".bar.strong")
    before = page.locator("#faces img").get_attribute("src")
    page.get_by_label("Capture from camera").click()
    page.locator("#photo button:visible", has_text="Click to Access Webcam").click()
    page.locator("#photo button[aria-label='capture photo']:visible").click()
    page.wait_for_function(
        "before => document.querySelector('#faces img')?.src != before", arg=before
    )
    page.wait_for_selector("#sentence :text('2 faces')")
    context.close()


def save(page, kind, folder):
    with page.expect_download() as waiting:
        page.click(f"#live_record a[data-kind={kind}]")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_a_recording_is_two_videos_and_a_table_on_the_visitors_disk_alone(visit, served, tmp_path):
    page = visit()
    next_picture(page)
    files = {path for path in served.files.rglob("*") if path.is_file()}
    started = time.monotonic()
    record_for(page, seconds=2)
    for _ in range(2):
        next_picture(page)
    page.click("#live_record .record-stop")
    page.wait_for_selector("#live_record a[data-kind=faces]")
    passed = time.monotonic() - started  # seconds; no recording is longer, however busy the machine
    kinds = ("camera", "overlay", "faces")
    camera, overlay, table = (save(page, kind, tmp_path) for kind in kinds)
    for path in (camera, overlay):
        video = Video(path)
        frames = list(video.frames())
        assert video.size == (640, 480)
        assert 1 <= frames[-1].time <= passed
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # Two, whose numbers are higher where a busy machine has lost a face before, and more than two.
    assert len({row["face"] for row in rows}) >= 2
    times = [float(row["time_s"]) for row in rows]
    assert times == sorted(times)
    assert times[-1] <= passed
    for row in rows:
        chances = [float(row[name]) for name in EIGHT_CLASSES]
        assert sum(chances) == pytest.approx(1, abs=0.01)
        assert max(chances) == pytest.approx(float(row["probability"]), abs=1e-4)
        assert 0 <= float(row["x0"]) < float(row["x1"]) <= 660
    assert {path for path in served.files.rglob("*") if path.is_file()} == files


def test_without_a_camera_there_is_nothing_to_record(camera_browser, served):
    context = camera_browser.new_context(permissions=["camera"])
    page = open_live(context, served.address)
    page.click("#live_record .record-start")
    page.wait_for_selector("#live_record .record-status:has-text('Start the camera first')")
    context.close()


def test_a_camera_that_goes_away_ends_the_recording_and_keeps_it(visit):
    page = visit()
    record_for(page, seconds=1)
    page.evaluate("document.querySelector('#camera video').srcObject.getTracks()"
                  ".forEach(track => track.stop())")  # fmt: skip
    page.wait_for_selector("#live_record a[data-kind=camera]")
    assert page.is_visible("#live_record .record-start")


def test_movements_are_told_on_request_and_are_in_the_table_of_a_recording(
    visit, pool, monkeypatch, tmp_path
):
    monkeypatch.setattr(pool, "analyser", smiling)
    page = visit()
    assert page.locator("#live_panel .doing").count() == 0
    page.check("#live_movements input")
    page.wait_for_selector("#live_panel .doing :text('lip corners pulled (AU12)')")
    record_for(page, seconds=3)
    page.click("#live_record .record-stop")
    page.wait_for_selector("#live_record a[data-kind=faces]")
    with save(page, "faces", tmp_path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0])[-len(COLUMNS) :] == COLUMNS
    told = [row for row in rows if row["movements"]]
    assert {row["movements"] for row in told} == {"lip corners pulled"}
    assert {row["yaw"] for row in told} == {"5"}
    page.uncheck("#live_movements input")
    page.wait_for_selector("#live_panel:not(:has(.doing))")
