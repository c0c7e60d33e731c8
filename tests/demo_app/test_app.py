import sys
import zipfile
from pathlib import Path

import gradio
import httpx
import numpy as np
import pytest
from gradio.route_utils import delete_files_created_by_app
from gradio_client import Client, handle_file
from PIL import Image

from demo_app.analysis.examples import load_examples
from demo_app.language import say
from demo_app.render.theme import THEME
from demo_app.serving.launch import launch_options
from demo_app.tabs.photo import remembered
from fer_core.faces.detect import detect_faces


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


def ask(client, image, path):
    image.save(path)
    return client.predict(photo=handle_file(path), api_name="/analyse")


@pytest.mark.slow
def test_every_example_shows_as_many_faces_as_it_has():
    counts = [len(detect_faces(example.image)) for example in load_examples()]
    assert counts[-1] == 3
    assert set(counts[:-1]) == {1}


@pytest.mark.slow
def test_without_scikit_image_the_page_opens_with_a_synthetic_smile(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)  # importing it raises ImportError
    assert load_examples()[0].name == "synthetic happiness"


@pytest.mark.slow
def test_the_endpoint_answers_with_rows_and_an_overlay(client, pair, tmp_path):
    answer, overlay = ask(client, pair, tmp_path / "pair.png")
    assert [row["face"] for row in answer["faces"]] == [1, 2]
    drawn = np.asarray(Image.open(overlay), dtype=int)
    changed = np.abs(drawn - np.asarray(pair, dtype=int)).max(2) > 40
    for row in answer["faces"]:
        x0, y0, x1, y1 = (round(value) for value in row["box"])
        assert changed[y0:y1, x0:x1].mean() > 0.1
    assert changed[400:].mean() < 0.01


@pytest.mark.slow
def test_the_endpoint_answers_a_photograph_without_a_face(client, empty, tmp_path):
    answer, _ = ask(client, empty, tmp_path / "empty.png")
    assert answer == {"sentence": say("photo.no_face"), "faces": []}


def test_only_the_documented_endpoint_is_public(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/analyse", "/batch", "/explain", "/models", "/video"}
    for endpoint in endpoints.values():
        assert len(endpoint["description"]) > 40


@pytest.mark.slow
def test_a_program_gets_the_map_of_an_emotion_and_sentences_for_what_it_asks_wrongly(
    client, portrait, tmp_path
):
    portrait.save(tmp_path / "one.png")
    photo = handle_file(tmp_path / "one.png")
    told, overlay, crop = client.predict(photo=photo, emotion="fear", api_name="/explain")
    assert told.startswith("One face")
    assert Image.open(overlay).size == portrait.size
    assert Image.open(crop).size[0] > 64
    told, overlay, crop = client.predict(photo=photo, face=0, api_name="/explain")
    assert told.startswith("There is no face 0")
    assert overlay is crop is None
    told, overlay, crop = client.predict(photo=photo, emotion="boredom", api_name="/explain")
    assert "boredom" in told
    assert overlay is crop is None


@pytest.mark.slow
def test_a_program_learns_which_models_there_are(client, model):
    answer = client.predict(api_name="/models")
    assert [entry["name"] for entry in answer][:2] == [model, "bundled"]


@pytest.mark.slow
def test_another_model_and_threshold_can_be_asked_by_programs(client, portrait, tmp_path):
    portrait.save(tmp_path / "one.png")
    photo = handle_file(tmp_path / "one.png")
    answer, _ = client.predict(photo=photo, model="embedded", threshold=1.0, api_name="/analyse")
    assert answer["faces"][0]["sure"] is False
    assert "not sure" in answer["sentence"]
    answer, _ = client.predict(photo=photo, model="nobody/none", api_name="/analyse")
    assert "nobody/none" in answer["sentence"]


def test_a_forgotten_session_gets_a_sentence():
    with pytest.raises(gradio.Error, match="choose it again"):
        remembered(None)


@pytest.mark.slow
def test_files_of_visitors_are_deleted_but_not_the_examples(served, client, pair, tmp_path):
    ask(client, pair, tmp_path / "pair.png")
    assert list(served.files.rglob("pair.png"))
    _, age = served.page.delete_cache
    assert age <= 15 * 60
    delete_files_created_by_app(served.page, age=None)  # what Gradio does when they are that old
    left = {str(path) for path in served.files.rglob("*") if path.is_file()}
    assert left == set().union(*(block.keep_in_cache for block in served.page.blocks.values()))


def test_nothing_is_recorded_or_shared():
    assert launch_options()["run_history"] is False
    assert launch_options()["share"] is False
    assert "http" not in str(THEME._stylesheets)


@pytest.mark.slow
def test_a_program_can_send_many_photographs(client, pair, portrait, tmp_path):
    pair.save(tmp_path / "pair.png")
    portrait.save(tmp_path / "one.png")
    photos = [handle_file(tmp_path / name) for name in ("pair.png", "one.png")]
    answer, table, overlays = client.predict(photos=photos, threshold=0.0, api_name="/batch")
    assert [row["file"] for row in answer["rows"]] == ["pair.png", "pair.png", "one.png"]
    assert len(Path(table).read_text().splitlines()) == 4
    assert zipfile.is_zipfile(overlays)
    answer, table, _ = client.predict(photos=[], api_name="/batch")
    assert answer == {"sentence": say("batch.none"), "rows": []}
    assert table is None
    absent = str(tmp_path / "absent")
    answer, table, _ = client.predict(photos=photos, model=absent, api_name="/batch")
    assert absent in answer["sentence"]
    assert answer["rows"] == []
    assert table is None


@pytest.mark.slow
def test_a_program_can_send_faces_that_are_cut_out_already(client, empty, tmp_path):
    empty.resize((48, 48)).save(tmp_path / "crop.png")
    photo = handle_file(tmp_path / "crop.png")
    for cropped, faces in ((False, 0), (True, 1)):
        answer, _ = client.predict(photo=photo, cropped=cropped, api_name="/analyse")
        assert len(answer["faces"]) == faces
        answer, *_ = client.predict(photos=[photo], cropped=cropped, api_name="/batch")
        assert [row["face"] for row in answer["rows"]] == [1 if cropped else None]
        told, overlay, _ = client.predict(photo=photo, cropped=cropped, api_name="/explain")
        assert (overlay is not None) == cropped, told


@pytest.mark.slow
def test_a_request_without_the_newest_input_is_still_answered(address, client, tmp_path, portrait):
    """As programs sent it that were written before there was ``cropped``."""
    portrait.save(tmp_path / "one.png")
    with httpx.Client(base_url=f"{address}/gradio_api", timeout=60) as site:
        files = {"files": (tmp_path / "one.png").open("rb")}
        (path,) = site.post("/upload", files=files).json()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        calls = {
            "analyse": [photo, "bundled", 0.5],
            "explain": [photo, "bundled", 1, "", 0.5],
            "batch": [[photo], "bundled", 0.5],
        }
        for name, data in calls.items():
            event = site.post(f"/call/{name}", json={"data": data}).json()["event_id"]
            assert "event: complete" in site.get(f"/call/{name}/{event}").text
