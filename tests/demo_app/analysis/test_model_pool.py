import json
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from demo_app.analysis import model_pool as model_shelf
from demo_app.analysis.model_pool import EMBEDDED_NAME, ModelShelf
from fer_core.faces.detect import detect_faces
from fer_core.models.pretrained import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, ModelError
from tests.hub_server import serve_hub, use_hub

NAME = "someone/faces"


@pytest.fixture
def folders(model_folder, tmp_path):
    """Five copies of the tiny model."""
    made = [tmp_path / f"run{number}" / "model" for number in range(5)]
    for folder in made:
        shutil.copytree(model_folder, folder)
    return [str(folder) for folder in made]


@pytest.fixture
def loads(monkeypatch):
    """Names of the models that were loaded, in order."""
    seen, load = [], model_shelf.load_model

    def count(folder, called=""):
        seen.append(called)
        return load(folder, called)

    monkeypatch.setattr(model_shelf, "load_model", count)
    return seen


@pytest.fixture
def hub(monkeypatch, tmp_path, model_folder):
    """A hub with the tiny model, to which the client would ask with the token of the server."""
    with serve_hub() as server:
        use_hub(server, monkeypatch, tmp_path / "cache", "hf_servers_own")
        files = {path.name: path.read_bytes() for path in model_folder.iterdir()}
        server.add(NAME, {**files, CARD_FILE: b"# Faces\n"})
        yield server


def open_shelf(*sources, **options):
    """A shelf of a page that other computers can open."""
    return ModelShelf(sources, free_choice=False, **options)


def test_the_embedded_model_is_the_default_and_the_named_ones_come_before_it(folders):
    assert ModelShelf().names[0] == EMBEDDED_NAME
    assert ModelShelf(folders[:2]).names[:3] == ["run0", "run1", EMBEDDED_NAME]


def test_models_of_the_same_name_are_told_apart(model_folder, tmp_path):
    other = shutil.copytree(model_folder, tmp_path / model_folder.name)
    names = ModelShelf([str(model_folder), str(other), str(other)]).names
    short = model_folder.name
    assert names[:3] == [short, f"{short} (2)", f"{short} (3)"]


def test_a_source_that_is_no_model_is_refused_at_once(tmp_path, folders):
    with pytest.raises(ModelError, match=f"no model at {tmp_path}"):
        ModelShelf([folders[0], str(tmp_path)])


def test_a_model_is_loaded_once_however_many_ask_at_once(folders, loads):
    shelf = ModelShelf(folders)
    gate = threading.Barrier(16)

    def ask(number):
        gate.wait()
        return shelf.take(f"run{number % 2}")

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(ask, range(16)))
    assert sorted(loads) == ["run0", "run1"]
    assert len({id(predictor) for predictor in taken}) == 2


def test_a_model_that_is_slow_to_load_keeps_nobody_else_waiting(folders, monkeypatch, portrait):
    shelf = ModelShelf(folders)
    shelf.take("run0")
    started, go_on, load = threading.Event(), threading.Event(), model_shelf.load_model

    def slow(folder, called=""):
        if called == "run1":
            started.set()
            assert go_on.wait(30)
        return load(folder, called)

    monkeypatch.setattr(model_shelf, "load_model", slow)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(shelf.take, "run1")
        assert started.wait(30)
        assert len(shelf.predict("run0", portrait)) == 1
        assert shelf.take("run2")
        assert not waiting.done()
        go_on.set()
        assert waiting.result(30) is shelf.take("run1")


def test_everyone_who_waits_hears_of_a_failure_and_a_later_try_works(folders, loads):
    config = Path(folders[1]) / CONFIG_FILE
    shelf = ModelShelf(folders)
    whole = config.read_text()
    config.write_text("{}")

    def ask(_):
        with pytest.raises(ModelError, match="the model at run1 cannot be loaded"):
            shelf.take("run1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    config.write_text(whole)
    assert shelf.take("run1").trained.classes


def test_the_models_used_last_stay_in_memory_and_the_default_always(folders, loads):
    shelf = ModelShelf(folders, kept=2)
    for name in ("run0", "run1", "run2", "run1", "run3", EMBEDDED_NAME):
        shelf.take(name)
    loads.clear()
    for name in ("run0", EMBEDDED_NAME, "run1", "run3"):
        shelf.take(name)
    assert loads == []
    shelf.take("run2")  # left when run3 came; now run1 has waited longest
    shelf.take("run3")
    assert loads == ["run2"]
    shelf.take("run1")
    assert loads == ["run2", "run1"]


def test_answers_are_those_of_the_predictor(folders, portrait):
    shelf = ModelShelf(folders)
    (expected,) = shelf.take("run0").predict(portrait)
    (whole,) = shelf.predict("run0", portrait)
    (parts,) = shelf.predict_faces("run0", portrait, detect_faces(portrait))
    assert (whole.probabilities == expected.probabilities).all()
    assert (parts.probabilities == expected.probabilities).all()


def test_one_question_is_answered_at_a_time(folders, portrait, monkeypatch):
    shelf = ModelShelf(folders)
    inside, most = [], []

    def predict(_):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()
        return []

    for name in ("run0", "run1"):
        monkeypatch.setattr(shelf.take(name), "predict", predict)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: shelf.predict(f"run{n % 2}", portrait), range(40)))
    assert most == [1] * 40


def test_a_person_at_this_computer_may_name_any_folder(folders, tmp_path):
    shelf = ModelShelf(folders[:1])
    assert shelf.take(f" {folders[3]} ").trained.classes
    with pytest.raises(ModelError, match=f"no model at {tmp_path}"):
        shelf.take(str(tmp_path))
    with pytest.raises(ModelError, match="neither a folder of this computer"):
        shelf.take("absent")


@pytest.mark.parametrize("name", ["{}", "{}/nothing", "{}/../run3/model", "file://{}", "x" * 9999])
def test_strangers_learn_nothing_of_the_servers_folders(folders, name, loads):
    shelf = open_shelf(folders[0])
    asked = name.format(folders[3])
    with pytest.raises(ModelError) as caught:
        shelf.take(asked)
    shown = asked if len(asked) <= 60 else f"{asked[:60]}..."
    offered = ", ".join(shelf.names)
    assert str(caught.value) == (
        f"no model named {shown!r}: choose {offered}, or the USER/NAME of one on the Hugging Face "
        "Hub"
    )
    assert loads == []


def test_a_strangers_name_means_the_hub_even_where_there_is_such_a_folder(
    hub, model_folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some").mkdir()
    shutil.copytree(model_folder, tmp_path / "some" / "where")
    messages = []
    for name in ("some/where", "no/where"):
        with pytest.raises(ModelError) as caught:
            open_shelf().take(name)
        messages.append(str(caught.value).replace(name, ""))
    assert messages[0] == messages[1]
    assert ModelShelf().take("some/where").trained.classes


def test_no_name_is_told_the_choice():
    with pytest.raises(ModelError, match="choose embedded"):
        open_shelf().take("")
    with pytest.raises(ModelError, match="choose embedded"):
        ModelShelf().take("  ")


def test_a_strangers_model_is_fetched_without_the_servers_token(hub):
    assert open_shelf().take(NAME).trained.classes
    assert {request.token for request in hub.requests} == {None}
    hub.requests.clear()
    ModelShelf().take(NAME)
    assert {request.token for request in hub.requests} == {"hf_servers_own"}


def test_a_strangers_download_leaves_the_disk_with_its_model(hub, model_folder):
    files = hub.repositories[NAME].revisions["main"]
    for number in range(3):
        hub.add(f"someone/other{number}", files)
    shelf = open_shelf(kept=2)
    first = shelf.folder(NAME)
    assert (first / WEIGHTS_FILE).is_file()
    assert shelf.card(NAME) == "### Faces"
    for number in range(2):
        shelf.take(f"someone/other{number}")
    assert not first.exists()
    assert shelf.folder("someone/other0").exists()
    assert shelf.take(NAME).trained.classes  # fetched once more


def test_a_strangers_download_that_fails_leaves_nothing(hub, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    hub.repositories[NAME].revisions["main"][WEIGHTS_FILE] = b"broken"
    with pytest.raises(ModelError, match=f"the model at {NAME} cannot be loaded"):
        open_shelf().take(NAME)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_strangers_model_cannot_bring_pictures_into_an_error(hub):
    files = hub.repositories[NAME].revisions["main"]
    config = json.loads(files[CONFIG_FILE])
    config["architecture"] = "![x](https://evil.example/x.png)"
    files[CONFIG_FILE] = json.dumps(config).encode()
    with pytest.raises(ModelError, match="unknown timm backbone 'x'"):
        open_shelf().take(NAME)


def test_a_model_of_the_hub_can_be_the_default(hub):
    shelf = open_shelf(NAME)
    hub.requests.clear()
    assert shelf.names[0] == NAME
    assert shelf.take(NAME).trained.classes
    assert hub.requests == []


def test_the_label_has_name_data_and_accuracy_without_loading(folders, loads):
    config = json.loads((Path(folders[0]) / CONFIG_FILE).read_text())
    config["fer_core"]["facts"] = {"data": "rafdb:/somewhere?clean", "accuracy": 0.9}
    (Path(folders[0]) / CONFIG_FILE).write_text(json.dumps(config))
    shelf = ModelShelf(folders)
    assert shelf.label(EMBEDDED_NAME) == "embedded · FERPlus · 86.6 %"
    assert shelf.label("run0") == "run0 · RAF-DB · 90.0 %"
    assert shelf.label(NAME) == NAME
    assert loads == []


def test_the_card_is_the_models_own_or_made_from_its_facts(folders):
    (Path(folders[0]) / CARD_FILE).write_text("---\na: b\n---\nA card ![x](https://evil.example/)")
    shelf = ModelShelf(folders)
    assert shelf.card("run0") == "A card x"
    assert "Trained on drawn faces" in shelf.card("run1")
    assert "| accuracy | 12.50 |" in shelf.card("run1")
    with pytest.raises(ModelError):
        shelf.card("")


def test_the_folder_of_a_model_is_known(folders):
    assert ModelShelf(folders).folder("run2") == Path(folders[2])


def test_one_thread_asks_the_models_in_the_order_of_the_questions(shelf, model, monkeypatch):
    asked, go_on = [], threading.Event()

    def answer(photo):
        assert go_on.wait(20)
        asked.append((photo, threading.current_thread().name))
        return []

    monkeypatch.setattr(shelf.take(model), "predict", answer)
    visitors = []
    for number in range(10):
        visitors.append(threading.Thread(target=shelf.predict, args=(model, number)))
        visitors[-1].start()
        wait_until(lambda count=number: shelf._at_work._work_queue.qsize() == count)
    go_on.set()
    for visitor in visitors:
        visitor.join(20)
    assert [photo for photo, _ in asked] == list(range(10))
    assert len({thread for _, thread in asked}) == 1


def test_a_question_that_fails_is_told_and_the_next_is_answered(shelf, model, monkeypatch):
    def fail(photo):
        raise ValueError("mine")

    with monkeypatch.context() as patch:
        patch.setattr(shelf.take(model), "predict", fail)
        with pytest.raises(ValueError, match="mine"):
            shelf.predict(model, None)
    assert shelf.predict(model, Image.new("RGB", (64, 64))) == []


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_every_backend_gives_the_same_faces(folders, portrait):
    pytest.importorskip("onnxruntime")
    shelves = [ModelShelf(folders[:1], backend=name) for name in ("torch", "onnx", "auto")]
    (expected,), *others = (shelf.predict(shelf.names[0], portrait) for shelf in shelves)
    for (face,) in others:
        assert face.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


def test_backends_are_compared_by_the_thread_that_asks(folders, monkeypatch):
    threads = []
    real = model_shelf.Predictor

    def note(*arguments, **options):
        threads.append((threading.current_thread().name, options["backend"]))
        return real(*arguments, **options)

    monkeypatch.setattr(model_shelf, "Predictor", note)
    shelf = ModelShelf(folders[:1], backend="auto")
    shelf.take(shelf.names[0])
    ((thread, backend),) = threads
    assert thread.startswith("model")
    assert backend == "auto"


def test_a_backend_that_is_not_installed_is_one_sentence(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    shelf = ModelShelf(folders[:1], backend="onnx")
    with pytest.raises(ModelError, match=r"does not run on onnx: .*fer-core\[onnx\]"):
        shelf.take(shelf.names[0])
    shelf = ModelShelf(folders[:1], backend="auto")
    assert shelf.take(shelf.names[0]).backend.name == "torch"
