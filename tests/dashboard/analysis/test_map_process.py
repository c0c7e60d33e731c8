"""Maps of models: shipped or asked for once, remembered, every failure a sentence."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dashboard.analysis import map_process as process_module
from dashboard.analysis import map_worker as worker_module
from dashboard.analysis.map_choices import (
    FaceChoice,
    MapsError,
    default_models,
    may_name_folders,
    model_choices,
    model_of_run,
    trained_on_photographs,
)
from dashboard.analysis.map_process import MapCache, model_digest
from dashboard.analysis.map_worker import MapWorker
from dashboard.analysis.model_maps import read_maps
from dashboard.analysis.shipped_maps import shipped_maps, shipped_pair
from dashboard.data.names import SHIPPED_RUNS, read_folders
from fer_core.weights import shipped_models
from tests.project import PROJECT


@pytest.fixture
def without_torch(monkeypatch, tmp_path):
    """Processes started from now on find no PyTorch."""
    (tmp_path / "torch.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def warm_command(warm_python, monkeypatch):
    """The process that makes maps has loaded torch before it starts."""
    monkeypatch.setattr(worker_module.sys, "executable", warm_python)


@pytest.fixture
def worker():
    """A worker that starts with the first question, and ends with the test."""
    started = MapWorker()
    yield started
    started.close()


@pytest.fixture
def asked(monkeypatch):
    """Instead of computing, the models and faces that were asked for are noted here."""
    noted = []

    def note(_, models, faces):
        noted.append((list(models), faces))
        return dict.fromkeys(models, tuple(models))

    monkeypatch.setattr(process_module, "compute_maps", note)
    return noted


def failure(cache, folder, faces=None):
    done, failed = cache.get({"one": folder}, faces or FaceChoice())
    assert not done
    return failed["one"]


@pytest.mark.slow
def test_the_pages_modules_load_without_torch():
    modules = ("analysis.map_process", "analysis.map_tables", "charts.map_images")
    names = ", ".join(f"dashboard.{name}" for name in modules)
    program = f"import sys, {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False).returncode == 0


@pytest.mark.slow
def test_the_page_itself_loads_without_torch():
    """All but the maps: the process that makes them is kept away."""
    app = str(PROJECT / "dashboard" / "app.py")
    program = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "import dashboard.analysis.map_process as maps\n"
        "maps.MapWorker.ask = lambda worker, commands: ['no'] * len(commands)\n"
        "app = AppTest.from_file(sys.argv[1], default_timeout=120).run()\n"
        "app.switch_page('views/maps.py').run()\n"
        "assert app.title[0].value == 'Attention maps' and not app.exception\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, app], cwd=PROJECT, check=False)
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.usefixtures("warm_command")
def test_one_process_makes_the_maps_of_every_question(tiny_run, worker):
    cache, tiny = MapCache(worker), {"tiny": tiny_run.path / "model"}
    done, failed = cache.get(tiny, FaceChoice())
    assert not failed
    found, first = done["tiny"], worker._started
    assert len(found.names) == 8
    assert found.maps.shape[:2] == (8, len(found.classes))
    assert 0 <= found.check(0).consistency(found.prediction(0)) <= 1
    assert not cache.get(tiny, FaceChoice(seed=1))[1]
    assert worker._started is first
    cache.close()
    assert not worker.running


def test_the_shipped_maps_are_of_the_shipped_models_on_the_first_faces(asked):
    models = {name: shipped_models()[name] for name in shipped_pair()}
    faces = FaceChoice().digest()
    assert set(shipped_maps()) == {(model_digest(folder), faces) for folder in models.values()}
    done, failed = MapCache().get(models, FaceChoice())
    assert list(done) == ["noisy30-baseline", "noisy30-eac"]
    assert not failed
    assert not asked


def test_cached_maps_are_not_computed_again(made_up_maps, monkeypatch):
    cache, folder = MapCache(), shipped_models()["bundled"]
    done, _ = cache.get({"one": folder}, FaceChoice())
    monkeypatch.setattr(process_module, "compute_maps", None)  # calling it would raise
    again, failed = cache.get({"again": folder}, FaceChoice())
    assert again["again"] is done["one"]
    assert not failed


def test_another_model_and_other_faces_are_asked_again(tiny_run, tmp_path, asked):
    cache, folder = MapCache(), Path(shutil.copytree(tiny_run.path / "model", tmp_path / "model"))
    cache.get({"one": folder}, FaceChoice())
    cache.get({"one": folder}, FaceChoice(seed=1))
    with (folder / "config.json").open("a") as file:
        file.write("\n")
    cache.get({"one": folder}, FaceChoice())
    cache.get({"one": folder}, FaceChoice(seed=1))
    cache.get({"one": folder}, FaceChoice())
    assert len(asked) == 4


def test_uploaded_images_are_the_faces_of_their_names(tmp_path):
    uploads = (("me.png", b"one"), ("../me.png", b"two"))
    faces = FaceChoice(uploads=uploads)
    assert not faces.synthetic
    assert faces.digest() == FaceChoice(uploads=uploads).digest()
    assert faces.digest() != FaceChoice(uploads=uploads[:1]).digest()
    assert faces.digest() != faces._replace(aligned=True).digest()
    stored = faces.stored(tmp_path)
    assert stored.folder == tmp_path / "faces"
    assert {file.name for file in stored.folder.iterdir()} == {"me.png", "1 me.png"}
    assert [file.name for file in tmp_path.iterdir()] == ["faces"]


def test_faces_of_a_folder_change_with_its_images(tmp_path, portrait):
    portrait.save(tmp_path / "one.png")
    faces = FaceChoice(tmp_path)
    before = faces.digest()
    assert faces.digest() == before
    assert faces._replace(aligned=True).digest() != before
    portrait.save(tmp_path / "two.png")
    assert faces.digest() != before


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_folder_without_images_is_a_sentence(tmp_path, name):
    with pytest.raises(MapsError, match=r"^(There is no folder|No image in) .*\.$"):
        FaceChoice(tmp_path / name).digest()


@pytest.mark.slow
def test_no_torch_is_a_sentence_with_the_command(tiny_run, without_torch):
    error = failure(MapCache(), tiny_run.path / "model")
    assert "No module named 'torch'" in str(error)
    assert "pip install" in str(error)
    assert error.command.startswith("python -m fer_core.maps --model ")
    assert error.command.endswith("--faces synthetic --seed 0 --out maps.npz")


def test_too_long_is_a_sentence_and_the_next_question_starts_another_process(tiny_run):
    cache = MapCache(MapWorker(limit=0.01))
    for _ in range(2):
        assert "longer than 0.01 seconds" in str(failure(cache, tiny_run.path / "model"))


def test_the_process_is_warmed_with_the_models_of_the_first_view(asked, monkeypatch):
    monkeypatch.setattr(process_module, "WARM_AFTER", 0.0)
    cache = MapCache()
    cache.warm({"one": Path("model")}, FaceChoice(seed=3))
    cache._warming.join(timeout=10)
    assert asked == [(["one"], FaceChoice(seed=3))]
    cache.close()


@pytest.mark.slow
@pytest.mark.usefixtures("warm_command")
def test_a_broken_model_is_the_sentence_of_the_command_and_takes_no_other_with_it(
    tiny_run, tmp_path, worker
):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").touch()
    models = {"broken": tmp_path, "tiny": tiny_run.path / "model"}
    done, failed = MapCache(worker).get(models, FaceChoice())
    assert list(done) == ["tiny"]
    assert "cannot be loaded" in str(failed["broken"])


@pytest.mark.slow
@pytest.mark.usefixtures("warm_command")
def test_a_process_without_questions_ends(tiny_run):
    worker = MapWorker(idle=0.0)
    assert worker.ask([["--seed", "-1", "--out", "maps.npz"]]) == ["seed must be 0 or more, got -1"]
    while worker.running:
        time.sleep(0.01)
    assert worker.ask([["--seed", "-2", "--out", "maps.npz"]]) == ["seed must be 0 or more, got -2"]
    worker.close()


def test_the_command_of_uploads_names_a_folder_of_the_reader(monkeypatch):
    monkeypatch.setattr(MapWorker, "ask", lambda _, commands: ["no face was found"])
    found = process_module.compute_maps(
        MapWorker(), {"one": Path("model")}, FaceChoice(uploads=(("me.png", b"no image"),))
    )
    assert isinstance(found["one"], MapsError)
    assert str(found["one"]) == "No face was found."
    assert "--faces FOLDER_OF_YOUR_IMAGES --out maps.npz" in found["one"].command


def test_a_model_that_has_gone_is_a_sentence(tmp_path):
    assert "The model cannot be read" in str(failure(MapCache(), tmp_path))


def test_one_model_that_fails_takes_no_other_with_it(made_up_maps, tmp_path):
    models = {"bundled": shipped_models()["bundled"], "gone": tmp_path}
    done, failed = MapCache().get(models, FaceChoice())
    assert (list(done), list(failed)) == (["bundled"], ["gone"])


def test_the_oldest_maps_are_forgotten(monkeypatch, tiny_run, asked):
    monkeypatch.setattr(process_module, "KEPT", 2)
    cache = MapCache()
    for seed in (0, 1, 2, 0):
        cache.get({"tiny": tiny_run.path / "model"}, FaceChoice(seed=seed))
    assert [faces.seed for _, faces in asked] == [0, 1, 2, 0]


def test_a_file_that_holds_no_maps_is_a_sentence(tmp_path):
    np.savez(tmp_path / "other.npz", names=np.array(["one"]))
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    np.savez(tmp_path / "pickle.npz", names=np.array([{}], dtype=object))
    for name in ("other", "broken", "pickle", "absent"):
        with pytest.raises(MapsError, match="cannot be read"):
            read_maps(tmp_path / f"{name}.npz")


def test_the_models_of_the_project_and_of_runs_are_offered(tiny_run, tmp_path, write_run):
    shutil.copytree(tiny_run.path, tmp_path / "tiny")
    write_run(tmp_path, name="bare")
    choices = model_choices(read_folders([tmp_path]))
    assert list(choices)[:3] == ["bundled", "noisy30-baseline", "noisy30-eac"]
    assert list(choices)[3:] == ["tiny"]
    assert choices["tiny"] == tmp_path / "tiny" / "model"


def test_a_run_has_the_model_it_saved_or_that_is_shipped_with_it(tiny_run, tmp_path, write_run):
    shutil.copytree(tiny_run.path, tmp_path / "tiny")
    write_run(tmp_path, name="bare")
    runs = read_folders([tmp_path, SHIPPED_RUNS / "demo_pair"])
    assert model_of_run(runs, "tiny") == tmp_path / "tiny" / "model"
    assert model_of_run(runs, "bare") is None
    assert model_of_run(runs, "eac") == shipped_models()["noisy30-eac"]


def test_a_run_named_like_a_shipped_model_hides_it_not(tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "bundled")
    assert "run bundled" in model_choices(read_folders([tmp_path]))


def test_models_from_the_hub_are_not_opened(tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "tiny")
    runs = read_folders([tmp_path])
    sources = {run: source._replace(link="https://hub") for run, source in runs.sources.items()}
    assert "tiny" not in model_choices(runs._replace(sources=sources))


def test_the_pair_of_the_same_labels_is_first_then_what_there_is():
    paths = dict.fromkeys(("bundled", "noisy30-baseline", "noisy30-eac"), Path())
    assert default_models(paths) == ["noisy30-baseline", "noisy30-eac"]
    assert default_models({"embedded": Path(), "run": Path()}) == ["embedded", "run"]


def test_models_are_trained_on_photographs_if_they_are_shipped_or_their_data_set_is_known(
    tmp_path, write_run
):
    folders = {
        name: write_run(tmp_path, name=name, data=name) / "model"
        for name in ("synthetic", "ferplus", "folder")
    }
    runs = read_folders([tmp_path])
    shipped = shipped_models()
    assert trained_on_photographs(runs, {**shipped, "ferplus": folders["ferplus"]})
    for name in ("synthetic", "folder"):
        assert not trained_on_photographs(runs, {**shipped, name: folders[name]})


def test_only_who_sits_at_the_computer_may_name_folders(monkeypatch):
    assert may_name_folders(None, {"Host": "localhost"})
    assert not may_name_folders("192.0.2.7", {})
    assert not may_name_folders(None, {"X-Forwarded-For": "192.0.2.7"})
    monkeypatch.setitem(os.environ, "FER_RUNS", "results")
    assert not may_name_folders(None, {})
