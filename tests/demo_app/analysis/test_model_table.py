import zipfile

import numpy as np
import pandas as pd
import pytest

from demo_app.analysis.class_folders import ClassFoldersError
from demo_app.analysis.model_table import ModelTable, TableProgress, compare_models
from demo_app.analysis.model_table_html import table_html
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import EIGHT_CLASSES
from fer_core.models.pretrained import ModelError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(tmp_path_factory, empty):
    """Two happy people, one surprised one, an image without a face, and a broken file."""
    folder = tmp_path_factory.mktemp("own")
    files = []
    for emotion, seed in (("happiness", 7), ("happiness", 3), ("surprise", 9)):
        path = folder / f"{emotion}{seed}.png"
        draw_portrait(emotion, 240, np.random.default_rng(seed)).save(path)
        files.append((path, f"{emotion}/{path.name}"))
    empty.save(folder / "empty.png")
    (folder / "broken.png").write_text("no image")
    files += [
        (folder / "empty.png", "surprise/empty.png"),
        (folder / "broken.png", "surprise/b.png"),
    ]
    with zipfile.ZipFile(folder / "own.zip", "w") as file:
        for path, name in files:
            file.write(path, name)
    return folder / "own.zip"


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def table(pool, model, archive, root):
    *progress, table = compare_models(pool, [model, "bundled", "embedded"], archive, 10, root)
    assert progress == [TableProgress(done, 5) for done in range(1, 6)]
    assert isinstance(table, ModelTable)
    return table


def test_each_model_is_measured_once_on_the_same_faces(table, model):
    assert [one.name for one in table.results] == [model, "bundled"]
    for one in table.results:
        assert (one.assessment.photos, one.assessment.found) == (4, 3)
        low, value, high = one.assessment.accuracy.low, one.assessment.right / 4, 1.0
        assert low <= value <= high
    first, second = table.results
    assert first.against_first is None
    assert second.against_first is not None


def test_the_figures_are_those_of_the_predictions(table, model):
    figures = pd.read_csv(table.table).set_index("model")
    photos = pd.read_csv(table.photos)
    for name in (model, "bundled"):
        right = (photos[name] == photos["class"]).sum()
        assert figures.loc[name, "correct"] == right
        assert figures.loc[name, "accuracy"] == pytest.approx(right / 4)
        assert set(photos[name].dropna()) <= set(EIGHT_CLASSES)
    assert photos.set_index("file").loc["surprise/empty.png", "problem"] == "no face found"
    problem = photos.set_index("file").loc["surprise/b.png", "problem"]
    assert problem.startswith("unreadable photograph: ")
    assert "/" not in problem.replace("surprise/b.png", "")  # no path of the server


def test_the_photographs_are_deleted_when_the_table_is_ready(table, root):
    assert {path for path in root.rglob("*") if path.is_file()} == {table.table, table.photos}


def test_the_page_says_what_counts(table):
    html = table_html(table)
    assert "5 photographs of happiness, surprise" in html
    assert "3/4" in html
    assert "1 photograph could not be read and is not counted: surprise/b.png." in html
    assert "It also knows neutral" in html


def test_stopping_leaves_no_file(pool, model, archive, root):
    work = compare_models(pool, [model], archive, 10, root)
    next(work)
    work.close()
    assert list(root.iterdir()) == []


def test_too_many_photographs_and_unknown_models_are_refused_without_a_file(
    pool, model, archive, root
):
    with pytest.raises(ClassFoldersError):
        list(compare_models(pool, [model], archive, 3, root))
    with pytest.raises(ModelError):
        list(compare_models(pool, ["no such model"], archive, 10, root))
    assert list(root.iterdir()) == []


def test_a_model_that_knows_none_of_the_classes_has_a_reason(pool, model, tmp_path, root):
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as file:
        for name in ("cat", "dog"):
            draw_portrait("fear", 200, np.random.default_rng(1)).save(tmp_path / "1.png")
            file.write(tmp_path / "1.png", f"{name}/1.png")
    *_, table = compare_models(pool, [model], tmp_path / "own.zip", 10, root)
    assert table.results[0].assessment is None
    assert "cat, dog" in table_html(table)
