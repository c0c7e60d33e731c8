import inspect
import io
import json
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from demo_app.language import say
from demo_app.serving.guarded_page import GuardedPage, refuse_foreign_files
from tests.demo_app.conftest import free_port

MARK = {"meta": {"_type": "gradio.FileData"}}
ROUTES = ("queue", "run", "api", "call", "call/v2")


@pytest.fixture(scope="module")
def secret(tmp_path_factory, portrait):
    """A photograph of the server that nobody has uploaded."""
    path = tmp_path_factory.mktemp("server") / "secret.png"
    portrait.save(path)
    return path


@pytest.fixture(scope="module")
def site(address):
    with httpx.Client(base_url=address, timeout=30) as site:
        yield site


@pytest.fixture(scope="module")
def events(site):
    """Every event of the page that calls a function: number, name, and count of inputs."""
    found = site.get("/config").json()["dependencies"]
    return [event for event in found if event["backend_fn"] and event["inputs"]]


def from_queue(site, body):
    """What the queue answers to an event."""
    joined = site.post("/gradio_api/queue/join", json={**body, "session_hash": "visitor"})
    assert joined.status_code == 200, joined.text
    with site.stream("GET", "/gradio_api/queue/data?session_hash=visitor") as lines:
        for line in lines.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line else {}
            if message.get("msg") in ("process_completed", "unexpected_error"):
                return json.dumps(message)
    raise AssertionError("the queue ended without an answer")


def from_call(site, name, route, body):
    joined = site.post(f"/gradio_api/{route}/{name}", json=body)
    assert joined.status_code == 200, joined.text
    return site.get(f"/gradio_api/{route}/{name}/{joined.json()['event_id']}").text


def parameters(site, name, data):
    info = site.get("/gradio_api/info").json()["named_endpoints"][f"/{name}"]
    names = [parameter["parameter_name"] for parameter in info["parameters"]]
    return dict(zip(names, data, strict=True))


def send(site, event, route, data):
    """What the page answers to an event that is sent on one of its ways in."""
    name = event["api_name"]
    if route == "queue":
        return from_queue(site, {"data": data, "fn_index": event["id"]})
    if route in ("run", "api"):
        body = {"data": data, "fn_index": event["id"], "session_hash": "visitor"}
        return site.post(f"/gradio_api/{route}/{name or 'predict'}", json=body).text
    body = {"data": data} if route == "call" else parameters(site, name, data)
    return from_call(site, name, route, body)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("mark", [{}, MARK], ids=["bare", "marked"])
@pytest.mark.slow
def test_no_event_reads_an_image_of_the_server_in_any_of_its_inputs(
    site, events, secret, route, mark
):
    file = {"path": str(secret), **mark}
    shapes = [file, [[file, None]], {"files": [{"image": file}]}]
    asked = 0
    for event in events:
        if route.startswith("call") and event["api_visibility"] != "public":
            continue
        for place in range(len(event["inputs"])):
            data = [None] * len(event["inputs"])
            data[place] = shapes[place % len(shapes)]
            answer = send(site, event, route, data)
            assert "handle_file" in answer, (event["api_name"], answer)
            assert "emotion" not in answer
            asked += 1
    assert asked >= (10 if route.startswith("call") else 50)


def test_convention_gradio_still_hands_every_input_to_the_method_that_is_guarded():
    own, theirs = (
        list(inspect.signature(kind.preprocess_data).parameters)
        for kind in (GuardedPage, gr.Blocks)
    )
    assert own == theirs
    assert "self.preprocess_data(" in inspect.getsource(gr.Blocks.process_api)
    assert "async_move_files_to_cache(" in inspect.getsource(gr.Blocks.preprocess_data)


@pytest.mark.parametrize("endpoint", ["analyse", "explain"])
def test_the_refusal_does_not_tell_whether_the_file_exists(site, secret, endpoint):
    def ask(path):
        data = {"photo": {"path": str(path)}}
        return from_call(site, endpoint, "call/v2", data)

    assert ask(secret) == ask(secret.with_name("nothing.png"))


@pytest.mark.slow
@pytest.mark.parametrize("mark", [{}, {"meta": "x"}, {"meta": None}])
def test_what_was_uploaded_needs_no_mark(site, portrait, mark):
    stream = io.BytesIO()
    portrait.save(stream, "PNG")
    sent = site.post("/gradio_api/upload", files={"files": ("photo.png", stream.getvalue())})
    file = {"path": sent.json()[0], **mark}
    assert "overlays.zip" in from_call(site, "batch", "call/v2", {"photos": [file]})
    assert "not a video" in from_call(site, "video", "call/v2", {"video": file})
    assert "happiness" in from_call(site, "analyse", "call/v2", {"photo": file})


@pytest.mark.slow
def test_an_event_of_a_later_version_of_the_page_is_guarded_as_well(portrait, secret):
    with GuardedPage() as page:
        gallery, told = gr.Gallery(), gr.Textbox()
        gallery.change(lambda images: str(len(images)), gallery, told, api_name="count")
    page.launch(prevent_thread_lock=True, quiet=True, server_port=free_port())
    try:
        with httpx.Client(base_url=page.local_url, timeout=30) as site:
            data = [[{"image": {"path": str(secret)}, "caption": None}]]
            assert "handle_file" in from_call(site, "count", "call", {"data": data})
    finally:
        page.close()


def test_the_server_gives_no_file_that_it_has_not_made(site, secret):
    for path in (secret, f"../../..{secret}", Path(__file__), f"file://{secret}"):
        assert site.get(f"/gradio_api/file={path}").status_code in (403, 404)


@pytest.mark.slow
def test_what_was_uploaded_and_the_images_of_the_page_are_read(
    site, address, portrait, tmp_path, served
):
    portrait.save(tmp_path / "photo.png")
    client = Client(address, verbose=False, download_files=tmp_path)
    answer, overlay = client.predict(handle_file(tmp_path / "photo.png"), api_name="/analyse")
    assert len(answer["faces"]) == 1
    assert Image.open(overlay).size == portrait.size
    components = site.get("/config").json()["components"]
    (gallery,) = [one for one in components if one["props"].get("elem_id") == "examples"]
    examples = [entry["image"]["path"] for entry in gallery["props"]["value"]]
    assert len(examples) >= 5
    for path in examples:
        refuse_foreign_files([{"path": path}], served.files)


@pytest.fixture
def uploads(tmp_path):
    folder = tmp_path / "uploads"
    (folder / "ab12").mkdir(parents=True)
    (folder / "ab12" / "photo.png").write_bytes(b"")
    (tmp_path / "secret.png").write_bytes(b"")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "folder").symlink_to(tmp_path)
    (tmp_path / "uploads-of-others").mkdir()
    return folder


@pytest.mark.parametrize(
    "path",
    [
        *("../secret.png", "ab12/../../secret.png", "link.png", "folder/secret.png"),
        *("../uploads-of-others/photo.png", "/etc/passwd", "~/photo.png", "a\0b.png", "..", ""),
        *("file:///etc/passwd", "FILE:///etc/passwd", "http://../../etc/passwd"),
        "https://example.org/photo.png",
    ],
)
def test_a_path_that_leads_out_of_the_uploads_is_refused(uploads, path, monkeypatch):
    monkeypatch.chdir(uploads.parent)
    inside = path.startswith(("/", "~", "file:", "FILE:", "http")) or not path
    named = path if inside else f"{uploads}/{path}"
    with pytest.raises(gr.Error, match="Only uploaded files are read"):
        refuse_foreign_files([1, {"deep": [{"path": named}]}], uploads)


def test_a_folder_of_the_uploads_is_refused(uploads):
    for folder in (uploads, uploads / "ab12"):
        with pytest.raises(gr.Error, match="handle_file"):
            refuse_foreign_files([{"path": str(folder), **MARK}], uploads)
    refuse_foreign_files([{"path": str(uploads / "ab12" / "photo.png"), **MARK}], uploads)


@pytest.mark.parametrize("path", [1, ["/etc/passwd"], {"path": None}, b"/etc/passwd", True])
def test_a_path_that_is_no_text_is_refused(uploads, path):
    with pytest.raises(gr.Error):
        refuse_foreign_files({"path": path}, uploads)


def test_a_web_address_needs_the_mark_at_which_gradio_fetches_it(uploads):
    file = {"path": "https://example.org/photo.png", **MARK}
    refuse_foreign_files([file], uploads)
    with pytest.raises(gr.Error):
        refuse_foreign_files([file | {"is_stream": True}], uploads)
    for meta in ("gradio.FileData", {"_type": "other"}, None):
        with pytest.raises(gr.Error):
            refuse_foreign_files([file | {"meta": meta}], uploads)


def test_uploads_may_be_named_by_a_link_and_inputs_without_files_are_let_through(uploads, tmp_path):
    (tmp_path / "door").symlink_to(uploads)
    for folder in (uploads, tmp_path / "door"):
        for name in (uploads, tmp_path / "door"):
            refuse_foreign_files([{"path": f"{name}/ab12/photo.png"}], folder)
    refuse_foreign_files(["text", 0.5, None, {"path": None}, {"url": "data:,"}], uploads)


@pytest.mark.slow
def test_nesting_without_end_is_no_way_around(uploads):
    value = {"path": "/etc/passwd"}
    for _ in range(100_000):
        value = [value]
    with pytest.raises(gr.Error) as refusal:
        refuse_foreign_files(value, uploads)
    assert refusal.value.message == say("page.foreign_file")
