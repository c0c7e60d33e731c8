"""What the static page says when something is missing, refused or broken."""

import pytest

from tests.demo_app.page.conftest import fault, serve

pytestmark = pytest.mark.browser


def test_what_is_no_picture_is_a_sentence(visit, chromium):
    page = visit(chromium)
    page.set_input_files(
        "#file", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no image"}
    )
    assert fault(page).startswith("This file cannot be read as a photograph.")


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
    refusing = "--use-fake-ui-for-media-stream=deny"
    browser = launch_chromium("--use-fake-device-for-media-stream", refusing)
    page = visit(browser)
    page.click("#camera")
    assert fault(page).startswith("The browser does not let this page use the camera.")
    browser.close()


def test_a_missing_camera_is_a_sentence(visit, chromium):
    page = visit(chromium, permissions=["camera"])
    page.click("#camera")
    assert fault(page) == "No camera found. Connect one, then try again."
    assert page.locator("#camera").is_enabled()


def test_a_browser_without_webassembly_is_told_so(visit, chromium):
    def remove(page):
        page.add_init_script("delete window.WebAssembly")

    page = visit(chromium, wait="#fault:not([hidden])", prepare=remove)
    assert fault(page).startswith("This browser cannot run the model: it lacks WebAssembly")


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
