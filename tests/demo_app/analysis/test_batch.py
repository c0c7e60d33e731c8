import csv
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from demo_app.analysis.batch import BatchProgress, BatchResult, analyse_batch
from demo_app.language import say
from demo_app.render import text as words


@pytest.fixture(scope="session")
def photo_files(tmp_path_factory, portrait, pair, empty):
    folder = tmp_path_factory.mktemp("photos")
    for name, image in (("pair", pair), ("one", portrait), ("empty", empty)):
        image.save(folder / f"{name}.png")
    (folder / "broken.jpg").write_text("no image")
    return folder


@pytest.fixture
def photos(tmp_path, photo_files):
    """Two faces, one face, none, and a broken file."""
    folder = Path(shutil.copytree(photo_files, tmp_path / "photos"))
    return [folder / name for name in ("pair.png", "one.png", "empty.png", "broken.jpg")]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def finish(steps):
    *progress, batch = steps
    assert isinstance(batch, BatchResult)
    return progress, batch


@pytest.mark.slow
def test_every_face_has_a_row_and_every_other_photograph_a_reason(pool, model, photos, root):
    progress, batch = finish(analyse_batch(pool, model, 0.0, photos, root))
    assert progress == [BatchProgress(done, 4) for done in range(1, 5)]
    assert [row["file"] for row in batch.rows] == [
        *("pair.png", "pair.png", "one.png", "empty.png", "broken.jpg")
    ]
    assert [row["problem"] for row in batch.rows] == [
        *("", "", "", say("batch.no_face"), say("photo.unreadable"))
    ]
    assert batch.sentence.startswith("4 photographs, 3 faces: ")
    assert batch.sentence.endswith("; 1 without a face; 1 not readable.")


@pytest.mark.slow
def test_an_answer_below_the_threshold_is_not_sure(pool, model, photos, root):
    _, batch = finish(analyse_batch(pool, model, 1.0, photos, root))
    assert {row["answer"] for row in batch.rows if not row["problem"]} == {words.NOT_SURE}
    assert "3 not sure" in batch.sentence


@pytest.mark.slow
def test_the_csv_file_has_the_rows_with_all_probabilities(pool, model, photos, root):
    _, batch = finish(analyse_batch(pool, model, 0.0, photos, root))
    with batch.csv.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == len(batch.rows)
    for told, row in zip(read, batch.rows, strict=True):
        assert told["file"] == row["file"]
        assert told["problem"] == row["problem"]
        for name, value in row.get("probabilities", {}).items():
            assert float(told[f"p_{name}"]) == value
        if row["face"]:
            assert [float(told[side]) for side in ("x0", "y0", "x1", "y1")] == row["box"]


@pytest.mark.slow
def test_the_zip_file_has_every_readable_photograph_drawn(pool, model, photos, root):
    _, batch = finish(analyse_batch(pool, model, 0.0, photos, root))
    with zipfile.ZipFile(batch.overlays) as archive:
        assert archive.namelist() == ["pair.jpg", "one.jpg", "empty.jpg"]
        with archive.open("pair.jpg") as file:
            assert Image.open(file).size == Image.open(photos[0]).size


@pytest.mark.slow
def test_equal_names_are_kept_apart(pool, model, portrait, tmp_path, root):
    paths = [tmp_path / name for name in ("a/one.png", "a/one-2.png", "b/one.png", "b/ONE.jpg")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        portrait.save(path)
    _, batch = finish(analyse_batch(pool, model, 0.0, paths, root))
    with zipfile.ZipFile(batch.overlays) as archive:
        overlays = ["one.jpg", "one-2.jpg", "one-3.jpg", "ONE-4.jpg"]
        assert archive.namelist() == overlays
    assert [row["overlay"] for row in batch.rows] == overlays
    with batch.csv.open(encoding="utf-8", newline="") as file:
        read = [(row["number"], row["file"], row["overlay"]) for row in csv.DictReader(file)]
    names = [path.name for path in paths]
    assert read == list(zip("1234", names, overlays, strict=True))
    assert batch.sentence.startswith("4 photographs, 4 faces")


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
@pytest.mark.slow
def test_a_file_name_never_becomes_a_formula(pool, model, portrait, tmp_path, root, start):
    path = tmp_path / f"{start}1+1.png"
    portrait.save(path)
    _, batch = finish(analyse_batch(pool, model, 0.0, [path], root))
    with batch.csv.open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["file"] == f"'{start}1+1.png"


@pytest.mark.slow
def test_stopped_work_leaves_no_file(pool, model, photos, root):
    steps = analyse_batch(pool, model, 0.0, photos, root)
    next(steps)
    assert list(root.iterdir())
    steps.close()
    assert not list(root.iterdir())


@pytest.mark.slow
def test_two_batches_have_files_of_their_own(pool, model, photos, root):
    batches = [finish(analyse_batch(pool, model, 0.0, photos[:1], root))[1] for _ in range(2)]
    assert batches[0].csv.parent != batches[1].csv.parent


@pytest.mark.slow
def test_a_photograph_that_was_swept_away_is_told_from_a_broken_one(pool, model, photos, root):
    photos[0].unlink()
    _, batch = finish(analyse_batch(pool, model, 0.0, photos, root))
    assert batch.rows[0]["problem"] == say("photo.forgotten")
    assert batch.sentence.startswith("4 photographs, 1 face")


@pytest.mark.slow
def test_images_that_are_faces_already_have_one_face_each(pool, model, photos, root):
    _, batch = finish(analyse_batch(pool, model, 0.0, photos, root, cropped=True))
    assert [row["face"] for row in batch.rows] == [1, 1, 1, None]
    assert batch.sentence.startswith("4 photographs, 3 faces: ")
