"""The static page in Chromium, served by a plain file server."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from fer_core.emotions import EIGHT_CLASSES
from fer_core.predictor import Predictor

pytestmark = pytest.mark.browser

MOST_BYTES = 15_000_000
READY = "html[data-ready]"
# What is drawn on the stage, as a number that changes with it.
DRAWN = """() => {
  const { width, height } = document.querySelector("#stage");
  const pen = document.querySelector("#stage").getContext("2d");
  return pen.getImageData(0, 0, width, height).data.reduce((sum, v, at) => sum + v * (at % 97), 0);
}"""
SEE = """async (address) => {
  const { Network, startRuntime } = await import("/js/networks.js");
  const { download } = await import("/js/download.js");
  const { Analysis } = await import("/js/analysis.js");
  const { softmax } = await import("/js/classifier.js");
  if (!window.analysis) {
    const facts = await (await fetch("/facts.json")).json();
    const { runtime, ...models } = facts.files;
    const files = [runtime, ...Object.values(models)];
    const [program, ...contents] = await download(files, new URL("/", location), () => {});
    startRuntime(program);
    const networks = {};
    for (const [index, name] of Object.keys(models).entries()) {
      networks[name] = await Network.open(contents[index]);
    }
    window.analysis = new Analysis(networks, facts);
  }
  const bitmap = await createImageBitmap(await (await fetch(address)).blob());
  const faces = await window.analysis.see(bitmap);
  return faces.map(({ box, landmarks, score, logits, maps }) => (
    { box, landmarks, score, probabilities: softmax(logits), maps: maps.map((map) => [...map]) }
  ));
}"""


class Server(NamedTuple):
    address: str
    paths: list[str]
    sent: list[int]


def serve(folder):
    paths, sent = [], []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            super().do_GET()

        def copyfile(self, source, outputfile):
            content = source.read()
            sent.append(len(content))
            outputfile.write(content)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, Server(f"http://127.0.0.1:{server.server_port}", paths, sent)


@pytest.fixture(scope="module")
def pictures(portrait, pair, empty, tmp_path_factory):
    """PNG files of drawn people."""
    folder = tmp_path_factory.mktemp("pictures")
    small = Image.new("RGB", (900, 1400), "#8899aa")
    small.paste(portrait, (400, 800))
    turned = portrait.rotate(20, Image.Resampling.BICUBIC, fillcolor="#8899aa")
    drawn = {"portrait": portrait, "pair": pair, "turned": turned, "small": small, "empty": empty}
    for name, picture in drawn.items():
        picture.save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def server(site, pictures):
    (site / "pictures").symlink_to(pictures)
    running, server = serve(site)
    yield server
    running.shutdown()
    (site / "pictures").unlink()


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
def visit(server):
    """The function that opens the page; `page.complaints` are errors and foreign requests."""
    contexts = []

    def open_one(browser, *, wait=READY, prepare=None, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: page.complaints.append(line.text) if line.type == "error" else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((server.address, f"blob:{server.address}"))
                else page.complaints.append(request.url)
            ),
        )
        page.set_default_timeout(20_000)
        if prepare:
            prepare(page)
        page.goto(server.address)
        page.wait_for_selector(wait)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def see(server, chromium):
    """The function that asks the page's own modules what they see in a picture."""
    page = chromium.new_page()
    page.goto(f"{server.address}/icon.svg")
    yield lambda name: page.evaluate(SEE, f"/pictures/{name}.png")
    page.close()


def upload(page, picture):
    before = page.evaluate(DRAWN)
    page.set_input_files("#file", picture)
    page.wait_for_function(f"before => ({DRAWN})() !== before", arg=before)


def shares(page):
    """The probabilities that the bars show, unrounded."""
    widths = page.locator("#bars .track i").evaluate_all("bars => bars.map(b => b.style.width)")
    return np.array([float(width.rstrip("%")) / 100 for width in widths])


def fault(page):
    page.wait_for_selector("#fault:not([hidden])")
    return page.inner_text("#fault")


def test_the_page_loads_without_a_complaint_and_under_its_bar(visit, chromium, server):
    server.sent.clear()
    page = visit(chromium)
    assert page.complaints == []
    assert page.inner_text("#sentence").startswith("One face: happiness")
    assert 5_000_000 < sum(server.sent) < MOST_BYTES


@pytest.mark.parametrize("name", ["portrait", "pair", "turned", "small", "empty"])
def test_the_browser_sees_what_python_sees(see, pictures, name):
    found = see(name)
    expected = Predictor().predict(pictures / f"{name}.png")
    assert len(found) == len(expected) == {"pair": 2, "empty": 0}.get(name, 1)
    for one, other in zip(found, expected, strict=True):
        assert np.abs(np.subtract(one["box"], other.box)).max() < 2
        assert np.abs(np.subtract(one["landmarks"], other.landmarks)).max() < 1
        assert abs(one["score"] - other.score) < 0.01
        assert np.abs(np.subtract(one["probabilities"], other.probabilities)).max() < 0.03
        maps = np.corrcoef(np.ravel(one["maps"]), np.ravel(other.maps))[0, 1]
        assert maps > 0.999


def test_a_model_that_sees_colours_is_asked_as_in_python(
    chromium, build_site, model_folder, pictures, tmp_path
):
    folder = build_site(tmp_path / "page", str(model_folder))
    (folder / "pictures").symlink_to(pictures)
    running, colour_server = serve(folder)
    page = chromium.new_page()
    page.goto(f"{colour_server.address}/icon.svg")
    found = page.evaluate(SEE, "/pictures/pair.png")
    running.shutdown()
    page.close()
    expected = Predictor(model_folder).predict(pictures / "pair.png")
    for one, other in zip(found, expected, strict=True):
        assert np.abs(np.subtract(one["probabilities"], other.probabilities)).max() < 0.02
        assert np.corrcoef(np.ravel(one["maps"]), np.ravel(other.maps))[0, 1] > 0.999


def test_an_upload_is_shown_with_the_probabilities_of_python(visit, chromium, pictures):
    page = visit(chromium)
    upload(page, pictures / "pair.png")
    first, second = Predictor().predict(pictures / "pair.png")
    assert page.inner_text("#sentence").startswith("2 faces.")
    assert np.abs(shares(page) - first.probabilities).max() < 0.03
    page.locator("#faces input").nth(1).check()
    assert np.abs(shares(page) - second.probabilities).max() < 0.03
    assert f"2 · {second.emotion}" in page.inner_text("#faces .chip >> nth=1")


def test_a_click_on_a_face_chooses_it(visit, chromium, pictures):
    page = visit(chromium)
    upload(page, pictures / "pair.png")
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


def test_a_picture_without_a_face_is_a_sentence(visit, chromium, pictures):
    page = visit(chromium)
    upload(page, pictures / "empty.png")
    assert page.inner_text("#sentence").startswith("No face found in this picture.")


def test_what_is_no_picture_is_a_sentence(visit, chromium):
    page = visit(chromium)
    page.set_input_files(
        "#file", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    )
    assert fault(page).startswith("This file cannot be read as a photograph.")


@pytest.mark.parametrize(("event", "field"), [("drop", "dataTransfer"), ("paste", "clipboardData")])
def test_pictures_are_dropped_and_pasted(visit, chromium, event, field):
    page = visit(chromium)
    page.evaluate(
        """async ([event, field]) => {
          const blob = await (await fetch("/pictures/pair.png")).blob();
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
    page.wait_for_timeout(300)
    before = page.evaluate(DRAWN)
    page.wait_for_timeout(300)
    assert page.evaluate(DRAWN) == before
    assert page.inner_text("#camera") == "Start the camera"


def test_a_photograph_ends_the_camera(visit, camera_browser, pictures):
    page = visit(camera_browser, permissions=["camera"])
    page.click("#camera")
    page.wait_for_selector("#figures:has-text('frames/s')")
    page.set_input_files("#file", pictures / "portrait.png")
    page.wait_for_selector("#figures:not(:has-text('frames/s'))")
    assert page.inner_text("#camera") == "Start the camera"
    page.wait_for_timeout(300)
    assert "frames/s" not in page.inner_text("#figures")
    assert page.inner_text("#sentence").startswith("One face")


def test_nothing_can_be_sent_elsewhere_not_even_by_the_worker(visit, chromium, tmp_path):
    page = visit(chromium)
    running, other = serve(tmp_path)
    send = "address => fetch(address, { mode: 'no-cors' }).then(() => 'sent', () => 'refused')"
    assert page.evaluate(send, f"{other.address}/from-the-page") == "refused"
    (worker,) = page.workers
    assert worker.evaluate(send, f"{other.address}/from-the-worker") == "refused"
    running.shutdown()
    assert other.paths == []


def test_a_refused_camera_is_a_sentence(visit, launch_chromium):
    browser = launch_chromium("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    page = visit(browser)
    page.click("#camera")
    assert fault(page).startswith("The browser does not let this page use the camera.")
    browser.close()


def test_a_missing_camera_is_a_sentence(visit, chromium):
    page = visit(chromium, permissions=["camera"])
    page.click("#camera")
    assert fault(page) == "There is no camera. Connect one, then try again."
    assert page.locator("#camera").is_enabled()


def test_a_browser_without_webassembly_is_told_so(visit, chromium):
    def remove(page):
        page.add_init_script("delete window.WebAssembly")

    page = visit(chromium, wait="#fault:not([hidden])", prepare=remove)
    assert fault(page).startswith("This browser cannot run the model: it has no WebAssembly.")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("models/onet.onnx", "The model could not be loaded: a file is missing"),
        ("runtime/ort-wasm-simd-threaded.wasm.gz", "The model could not be loaded: a file is miss"),
        ("facts.json", "The page could not be loaded: the file facts.json is missing."),
        ("js/detector.js", "The model could not be loaded: a file is missing"),
    ],
)
def test_a_missing_file_is_a_sentence(visit, chromium, site, path, words):
    hidden = (site / path).with_suffix(".hidden")
    (site / path).rename(hidden)
    try:
        page = visit(chromium, wait="#fault:not([hidden])")
        assert fault(page).startswith(words)
        assert not page.locator("#loading").is_visible()
    finally:
        hidden.rename(site / path)


def test_a_damaged_model_is_a_sentence(visit, chromium, site):
    file = site / "models" / "rnet.onnx"
    content = file.read_bytes()
    file.write_bytes(content[:1000])
    try:
        page = visit(chromium, wait="#fault:not([hidden])")
        assert fault(page).startswith("The model could not be started: its file is damaged")
    finally:
        file.write_bytes(content)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_is_no_wider_than_the_screen(visit, chromium, width):
    page = visit(chromium, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_control_has_a_name(visit, chromium):
    page = visit(chromium)
    snapshot = page.locator("body").aria_snapshot()
    for name in (
        'button "Choose a photograph"',
        'button "Start the camera"',
        'radio "the answer\'s map" [checked]',
        'slider "Not sure below"',
        'button "Example: drawn surprise"',
        'img "The picture with boxes and maps. One face: happiness',
    ):
        assert name in snapshot
