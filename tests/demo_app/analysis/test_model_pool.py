import json
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from demo_app.analysis import model_reading
from demo_app.analysis.model_pool import ModelPool
from fer_core.faces.detect import detect_faces
from fer_core.models.pretrained import (
    CARD_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    ModelError,
    read_facts,
)
from fer_core.weights import BUNDLED
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
    seen, load = [], model_reading.load_model

    def count(folder, called=""):
        seen.append(called)
        return load(folder, called)

    monkeypatch.setattr(model_reading, "load_model", count)
    return seen


@pytest.fixture
def hub(monkeypatch, tmp_path, model_folder):
    """A hub with the tiny model, to which the client would ask with the token of the server."""
    with serve_hub() as server:
        use_hub(server, monkeypatch, tmp_path / "cache", "hf_servers_own")
        files = {path.name: path.read_bytes() for path in model_folder.iterdir()}
        server.add(NAME, {**files, CARD_FILE: b"# Faces\n"})
        yield server


def open_pool(*sources, **options):
    """A pool of a page that other computers can open."""
    return ModelPool(sources, free_choice=False, **options)


def test_the_bundled_model_is_the_default_and_the_named_ones_come_before_it(folders):
    assert ModelPool().names[0] == "bundled"
    assert ModelPool(folders[:2]).names[:3] == ["run0", "run1", "bundled"]


SHIPPED = ["bundled", "noisy30-baseline", "noisy30-eac"]


@pytest.mark.parametrize("name", ["bundled", "embedded", str(BUNDLED)])
def test_a_shipped_model_that_is_named_is_offered_once(name, folders):
    assert ModelPool([name]).names == SHIPPED
    assert ModelPool([folders[0], name]).names == ["run0", *SHIPPED]


@pytest.mark.parametrize("folder", ["noisy30-baseline", "noisy30-plain"])
def test_a_shipped_model_can_be_the_default_by_its_folder_and_by_an_earlier_one(folder):
    names = ModelPool([str(BUNDLED.parent / folder)]).names
    assert names == ["noisy30-baseline", "bundled", "noisy30-eac"]


@pytest.mark.slow
def test_earlier_names_of_shipped_models_are_understood_and_own_models_may_have_them(
    model_folder, tmp_path, loads
):
    pool = open_pool()
    assert pool.get("embedded") is pool.get("bundled")
    assert pool.get("noisy30-plain") is pool.get("noisy30-baseline")
    assert loads == ["bundled", "noisy30-baseline"]
    own = shutil.copytree(model_folder, tmp_path / "embedded" / "model")
    pool = open_pool(str(own))
    assert pool.names[0] == pool.current_name("embedded") == "embedded"
    assert pool.folder("embedded") == own


def test_models_of_the_same_name_are_told_apart(model_folder, tmp_path):
    other = shutil.copytree(model_folder, tmp_path / model_folder.name)
    names = ModelPool([str(model_folder), str(other), str(other)]).names
    short = model_folder.name
    assert names[:3] == [short, f"{short} (2)", f"{short} (3)"]


def test_a_source_that_is_no_model_is_refused_at_once(tmp_path, folders):
    with pytest.raises(ModelError, match=f"no model at {tmp_path}"):
        ModelPool([folders[0], str(tmp_path)])


def test_a_model_is_loaded_once_however_many_ask_at_once(folders, loads):
    pool = ModelPool(folders)
    gate = threading.Barrier(16)

    def ask(number):
        gate.wait()
        return pool.get(f"run{number % 2}")

    with ThreadPoolExecutor(16) as executor:
        taken = list(executor.map(ask, range(16)))
    assert sorted(loads) == ["run0", "run1"]
    assert len({id(predictor) for predictor in taken}) == 2


@pytest.mark.slow
def test_a_model_that_is_slow_to_load_keeps_nobody_else_waiting(folders, monkeypatch, portrait):
    pool = ModelPool(folders)
    pool.get("run0")
    started, go_on, load = threading.Event(), threading.Event(), model_reading.load_model

    def slow(folder, called=""):
        if called == "run1":
            started.set()
            assert go_on.wait(30)
        return load(folder, called)

    monkeypatch.setattr(model_reading, "load_model", slow)
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(pool.get, "run1")
        assert started.wait(30)
        assert len(pool.predict("run0", portrait)) == 1
        assert pool.get("run2")
        assert not waiting.done()
        go_on.set()
        assert waiting.result(30) is pool.get("run1")


def test_everyone_who_waits_hears_of_a_failure_and_a_later_try_works(folders, loads):
    config = Path(folders[1]) / CONFIG_FILE
    pool = ModelPool(folders)
    whole = config.read_text()
    config.write_text("{}")

    def ask(_):
        with pytest.raises(ModelError, match="the model at run1 cannot be loaded"):
            pool.get("run1")

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(ask, range(8)))
    config.write_text(whole)
    assert pool.get("run1").trained.classes


@pytest.mark.slow
def test_the_models_used_last_stay_in_memory_and_the_default_always(folders, loads):
    pool = ModelPool(folders, kept=2)
    for name in ("run0", "run1", "run2", "run1", "run3", "bundled"):
        pool.get(name)
    loads.clear()
    for name in ("run0", "bundled", "run1", "run3"):
        pool.get(name)
    assert loads == []
    pool.get("run2")  # left when run3 came; now run1 has waited longest
    pool.get("run3")
    assert loads == ["run2"]
    pool.get("run1")
    assert loads == ["run2", "run1"]


@pytest.mark.slow
def test_answers_are_those_of_the_predictor(folders, portrait):
    pool = ModelPool(folders)
    (expected,) = pool.get("run0").predict(portrait)
    (whole,) = pool.predict("run0", portrait)
    (parts,) = pool.predict_faces("run0", portrait, detect_faces(portrait))
    assert (whole.probabilities == expected.probabilities).all()
    assert (parts.probabilities == expected.probabilities).all()


def test_one_question_is_answered_at_a_time(folders, portrait, monkeypatch):
    pool = ModelPool(folders)
    inside, most = [], []

    def predict(_, **options):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()
        return []

    for name in ("run0", "run1"):
        monkeypatch.setattr(pool.get(name), "predict", predict)
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda n: pool.predict(f"run{n % 2}", portrait), range(40)))
    assert most == [1] * 40


def test_a_person_at_this_computer_may_name_any_folder(folders, tmp_path):
    pool = ModelPool(folders[:1])
    assert pool.get(f" {folders[3]} ").trained.classes
    with pytest.raises(ModelError, match=f"no model at {tmp_path}"):
        pool.get(str(tmp_path))
    with pytest.raises(ModelError, match="neither a folder of this computer"):
        pool.get("absent")


@pytest.mark.parametrize("name", ["{}", "{}/nothing", "{}/../run3/model", "file://{}", "x" * 9999])
def test_strangers_learn_nothing_of_the_servers_folders(folders, name, loads):
    pool = open_pool(folders[0])
    asked = name.format(folders[3])
    with pytest.raises(ModelError) as caught:
        pool.get(asked)
    shown = asked if len(asked) <= 60 else f"{asked[:60]}..."
    offered = ", ".join(pool.names)
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
            open_pool().get(name)
        messages.append(str(caught.value).replace(name, ""))
    assert messages[0] == messages[1]
    assert ModelPool().get("some/where").trained.classes


def test_no_name_is_told_the_choice():
    with pytest.raises(ModelError, match="choose bundled"):
        open_pool().get("")
    with pytest.raises(ModelError, match="choose bundled"):
        ModelPool().get("  ")


@pytest.mark.slow
def test_a_strangers_model_is_fetched_without_the_servers_token(hub):
    assert open_pool().get(NAME).trained.classes
    assert {request.token for request in hub.requests} == {None}
    hub.requests.clear()
    ModelPool().get(NAME)
    assert {request.token for request in hub.requests} == {"hf_servers_own"}


@pytest.mark.slow
def test_a_strangers_download_leaves_the_disk_with_its_model(hub, model_folder):
    files = hub.repositories[NAME].revisions["main"]
    for number in range(3):
        hub.add(f"someone/other{number}", files)
    pool = open_pool(kept=2)
    first = pool.folder(NAME)
    assert (first / WEIGHTS_FILE).is_file()
    assert pool.card(NAME) == "### Faces"
    for number in range(2):
        pool.get(f"someone/other{number}")
    assert not first.exists()
    assert pool.folder("someone/other0").exists()
    assert pool.get(NAME).trained.classes  # fetched once more


def test_a_strangers_download_that_fails_leaves_nothing(hub, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    hub.repositories[NAME].revisions["main"][WEIGHTS_FILE] = b"broken"
    with pytest.raises(ModelError, match=f"the model at {NAME} cannot be loaded"):
        open_pool().get(NAME)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_strangers_model_cannot_bring_pictures_into_an_error(hub):
    files = hub.repositories[NAME].revisions["main"]
    config = json.loads(files[CONFIG_FILE])
    config["architecture"] = "![x](https://evil.example/x.png)"
    files[CONFIG_FILE] = json.dumps(config).encode()
    with pytest.raises(ModelError, match="unknown timm backbone 'x'"):
        open_pool().get(NAME)


@pytest.mark.slow
def test_a_model_of_the_hub_can_be_the_default(hub):
    pool = open_pool(NAME)
    hub.requests.clear()
    assert pool.names[0] == NAME
    assert pool.get(NAME).trained.classes
    assert hub.requests == []


def test_the_label_has_name_data_and_accuracy_without_loading(folders, loads):
    config = json.loads((Path(folders[0]) / CONFIG_FILE).read_text())
    config["fer_core"]["facts"] = {"data": "rafdb:/somewhere?clean", "accuracy": 0.9}
    (Path(folders[0]) / CONFIG_FILE).write_text(json.dumps(config))
    pool = ModelPool(folders)
    accuracy = 100 * read_facts(BUNDLED)["accuracy"]
    assert pool.label("bundled") == f"bundled · FERPlus · {accuracy:.1f} %"
    assert pool.label("run0") == "run0 · RAF-DB · 90.0 %"
    assert pool.label(NAME) == NAME
    assert loads == []


@pytest.mark.slow
def test_the_card_is_the_models_own_or_made_from_its_facts(folders):
    (Path(folders[0]) / CARD_FILE).write_text("---\na: b\n---\nA card ![x](https://evil.example/)")
    pool = ModelPool(folders)
    assert pool.card("run0") == "A card x"
    assert "Trained on synthetic faces" in pool.card("run1")
    assert "| accuracy | 12.50 |" in pool.card("run1")
    with pytest.raises(ModelError):
        pool.card("")


def test_the_folder_of_a_model_is_known(folders):
    assert ModelPool(folders).folder("run2") == Path(folders[2])


def test_one_thread_asks_the_models_in_the_order_of_the_questions(pool, model, monkeypatch):
    asked, go_on = [], threading.Event()

    def answer(photo, **options):
        assert go_on.wait(20)
        asked.append((photo.width, threading.current_thread().name))
        return []

    monkeypatch.setattr(pool.get(model), "predict", answer)
    visitors = []
    for number in range(10):
        photo = Image.new("RGB", (number, 1))
        visitors.append(threading.Thread(target=pool.predict, args=(model, photo)))
        visitors[-1].start()
        wait_until(lambda count=number: pool._model_thread._work_queue.qsize() == count)
    go_on.set()
    for visitor in visitors:
        visitor.join(20)
    assert [width for width, _ in asked] == list(range(10))
    assert len({thread for _, thread in asked}) == 1


def test_large_photographs_wait_for_each_other_and_small_ones_do_not_wait_for_them(
    pool, model, monkeypatch
):
    asked, go_on = [], threading.Event()

    def answer(photo, **options):
        assert photo.width < 3000 or go_on.wait(20)
        asked.append(photo.width)
        return []

    monkeypatch.setattr(pool.get(model), "predict", answer)
    with ThreadPoolExecutor(2) as visitors:
        large = [
            visitors.submit(pool.predict, model, Image.new("RGB", (3000 + number, 2000)))
            for number in range(2)
        ]
        pool.predict(model, Image.new("RGB", (640, 480)))
        assert asked == [640]
        go_on.set()
    assert [one.result() for one in large] == [[], []]
    assert sorted(asked) == [640, 3000, 3001]


def test_a_question_that_fails_is_told_and_the_next_is_answered(pool, model, monkeypatch):
    def fail(photo, **options):
        raise ValueError("mine")

    with monkeypatch.context() as patch:
        patch.setattr(pool.get(model), "predict", fail)
        with pytest.raises(ValueError, match="mine"):
            pool.predict(model, Image.new("RGB", (64, 64)))
    assert pool.predict(model, Image.new("RGB", (64, 64))) == []


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.slow
def test_every_backend_gives_the_same_faces(folders, portrait):
    pytest.importorskip("onnxruntime")
    pools = [ModelPool(folders[:1], backend=name) for name in ("torch", "onnx", "auto")]
    (expected,), *others = (pool.predict(pool.names[0], portrait) for pool in pools)
    for (face,) in others:
        assert face.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


@pytest.mark.slow
def test_backends_are_compared_by_the_thread_that_asks(folders, monkeypatch):
    threads = []
    real = model_reading.Predictor

    class Noting(real):
        def __init__(self, *arguments, **options):
            threads.append((threading.current_thread().name, options["backend"]))
            super().__init__(*arguments, **options)

    monkeypatch.setattr(model_reading, "Predictor", Noting)
    pool = ModelPool(folders[:1], backend="auto")
    pool.get(pool.names[0])
    ((thread, backend),) = threads
    assert thread.startswith("model")
    assert backend == "auto"


@pytest.mark.slow
def test_a_backend_that_is_not_installed_is_one_sentence(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    pool = ModelPool(folders[:1], backend="onnx")
    with pytest.raises(ModelError, match=r"does not run on onnx: .*fer-core\[onnx\]"):
        pool.get(pool.names[0])
    pool = ModelPool(folders[:1], backend="auto")
    assert pool.get(pool.names[0]).backend.name == "torch"
