import csv
import io
import json
import shutil
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from fer_core.cli import predict
from fer_core.cli.overlay_files import overlay_places
from fer_core.cli.predict_batch import photo_batches, predict_batch
from fer_core.cli.predict_places import report_places
from fer_core.emotions import SEVEN_CLASSES
from fer_core.inference.inputs import list_inputs
from fer_core.landmarks.movements import BLENDSHAPES
from fer_core.models.saved_model import WEIGHTS_FILE
from fer_core.video.reader import Video
from fer_core.video.writer import VideoWriter
from tests.made_analyses import smiling


@pytest.fixture
def command(monkeypatch, capsys, tiny_run):
    """Runs the command line; gives exit code, output and error text."""

    def run(*arguments):
        words = ["predict", *map(str, arguments), "--model", str(tiny_run.path / "model")]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as ended:
            predict.main()
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run


@pytest.fixture
def photos(tmp_path, portrait):
    portrait.save(tmp_path / "person.png")
    Image.new("RGB", (100, 100)).save(tmp_path / "nobody.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    return tmp_path


def test_text_has_one_line_a_face(command, photos):
    code, output, _ = command(photos / "person.png", photos / "nobody.png")
    lines = output.splitlines()
    assert code == 0
    assert lines[0] == f"{photos / 'person.png'}: 1 face"
    assert lines[1].split()[1] in SEVEN_CLASSES
    assert lines[2] == f"{photos / 'nobody.png'}: 0 faces"


def test_json_has_every_face_with_its_probabilities(command, photos):
    code, output, _ = command(photos / "person.png", photos / "nobody.png", "--json")
    person, nobody = json.loads(output)
    (face,) = person["faces"]
    assert code == 0
    assert nobody == {
        "photo": str(photos / "nobody.png"),
        "faces": [],
        "problem": "no face found",
    }
    assert person["problem"] is None
    assert tuple(face["probabilities"]) == SEVEN_CLASSES
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert face["probabilities"][face["emotion"]] == face["confidence"]
    assert len(face["box"]) == 4


def test_csv_has_one_row_a_face(command, photos):
    _, output, _ = command(photos / "person.png", photos / "person.png", "--csv")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert len(rows) == 2
    assert {"photo", "face", "emotion", "confidence", "x0", *SEVEN_CLASSES} <= set(rows[0])
    assert float(rows[0]["x0"]) < float(rows[0]["x1"])


def test_a_broken_photograph_is_named_and_the_others_are_still_explained(command, photos):
    code, output, errors = command(photos / "broken.png", photos / "person.png")
    assert code == 1
    assert errors.startswith("error: ")
    assert "broken.png is not a readable photograph" in errors
    assert "person.png: 1 face" in output


def test_overlays_are_written_as_images_of_the_same_size(command, photos, portrait):
    command(photos / "person.png", "--overlay", photos / "out")
    with Image.open(photos / "out" / "person.png") as drawn:
        assert drawn.size == portrait.size
        assert drawn.convert("RGB").tobytes() != portrait.tobytes()


def test_two_forms_of_output_are_refused(command, photos):
    code, _, _ = command(photos / "person.png", "--json", "--csv")
    assert code == "error: choose one of --json and --csv"


def test_a_command_line_without_a_photograph_is_refused_with_the_usage(command):
    code, _, errors = command()
    assert code == 2
    assert errors.startswith("usage: fer-core predict ")
    assert "required: PHOTO" in errors


@pytest.mark.slow
def test_the_backend_changes_no_answer(command, photos):
    pytest.importorskip("onnxruntime")
    answers = [
        json.loads(command(photos / "person.png", "--json", "--backend", name)[1])
        for name in ("torch", "onnx", "auto")
    ]
    faces = [answer[0]["faces"][0] for answer in answers]
    assert len({face["emotion"] for face in faces}) == 1
    for face in faces[1:]:
        assert face["probabilities"] == pytest.approx(faces[0]["probabilities"], abs=2e-4)


@pytest.mark.slow
def test_a_backend_that_is_not_installed_is_one_sentence(command, photos, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, _, _ = command(photos / "person.png", "--backend", "onnx")
    assert code.startswith("error: ONNX needs onnxruntime")
    assert code.endswith("pip install 'fer-core[onnx]'")
    assert command(photos / "person.png", "--backend", "auto")[0] == 0


def test_a_table_has_a_row_for_every_input_and_always_a_header(command, photos):
    code, output, _ = command(photos / "broken.png", photos / "nobody.png", "--csv")
    broken, nobody = csv.DictReader(io.StringIO(output))
    assert code == 1
    assert "is not a readable photograph" in broken["problem"]
    assert (nobody["photo"], nobody["problem"]) == (str(photos / "nobody.png"), "no face found")
    assert nobody["face"] == nobody["emotion"] == ""
    header = command(photos / "absent", "--csv")[1].splitlines()[0].split(",")
    assert {"photo", "face", "problem", *SEVEN_CLASSES} <= set(header)


def test_an_unreadable_photograph_stands_in_json_with_its_reason(command, photos):
    code, output, _ = command(photos / "broken.png", photos / "person.png", "--json")
    broken, person = json.loads(output)
    assert code == 1
    assert "not a readable photograph" in broken["problem"]
    assert len(person["faces"]) == 1


def test_a_folder_is_read_at_any_depth_and_what_systems_leave_there_is_not(command, photos):
    deep = photos / "more" / "deep"
    deep.mkdir(parents=True)
    (photos / "person.png").rename(deep / "person.PNG")
    (photos / "broken.png").rename(photos / "._broken.png")
    (photos / "notes.txt").write_text("notes")
    code, output, _ = command(photos, "--json")
    assert code == 0
    names = [one["photo"] for one in json.loads(output)]
    assert names == [str(deep / "person.PNG"), str(photos / "nobody.png")]


def test_patterns_and_a_list_on_standard_input_name_photographs(command, photos, monkeypatch):
    code, output, _ = command(photos / "n*.png", "--json")
    assert [one["photo"] for one in json.loads(output)] == [str(photos / "nobody.png")]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{photos / 'nobody.png'}\n\n{photos}/p*.png\n"))
    code, output, _ = command("-", "--json")
    assert code == 0
    assert len(json.loads(output)) == 2
    code, _, errors = command(photos / "z*.png")
    assert code == 1
    assert "no file fits this pattern" in errors


def test_an_address_is_asked_with_the_guard_of_the_demo(command):
    code, output, errors = command("http://127.0.0.1:1/face.jpg", "--json")
    assert code == 1
    assert "127.0.0.1 is not on the public internet" in errors
    assert "not on the public internet" in json.loads(output)[0]["problem"]


def test_results_are_printed_batch_by_batch(command, photos, monkeypatch):
    out, seen = io.StringIO(), []

    def watched(self, images, **options):
        seen.append((len(images), out.getvalue()))
        return [[] for _ in images]

    monkeypatch.setattr("fer_core.inference.predictor.Predictor.predict_all", watched)
    monkeypatch.setattr(predict, "Printer", partial(predict.Printer, out=out))
    three = [photos / "nobody.png", photos / "broken.png", photos / "person.png"]
    command(*three, "--csv", "--batch", 2)
    (one, before), (other, after) = seen
    assert (one, other) == (1, 1)  # the broken one is in the first batch
    assert before.startswith("photo,face,")
    assert "nobody.png" not in before
    assert ("nobody.png" in after, "broken.png" in after, "person.png" in after) == (1, 1, 0)
    assert "--batch must be at least 1" in command(*three, "--batch", 0)[0]


@pytest.mark.slow
def test_batches_change_no_prediction(command, photos, portrait):
    for number, side in enumerate((240, 300, 300)):
        portrait.resize((side, side)).save(photos / f"p{number}.png")
    answers = []
    for size in (1, 8):
        code, output, _ = command(photos, "--json", "--batch", size)
        assert code == 1  # of the broken one
        answers.append(json.loads(output))
    assert [one["photo"] for one in answers[0]] == [one["photo"] for one in answers[1]]
    for one, other in zip(*answers, strict=True):
        assert one["problem"] == other["problem"]
        for face, same in zip(one["faces"], other["faces"], strict=True):
            assert face["box"] == pytest.approx(same["box"], abs=0.11)
            assert face["probabilities"] == pytest.approx(same["probabilities"], abs=2e-4)


def placed(inputs, folder):
    places = overlay_places(inputs, folder), report_places(inputs, folder)
    return zip(inputs, *places, strict=True)


def test_of_a_batch_only_the_photograph_that_the_model_refuses_fails(photos, portrait):
    class Picky:
        def predict_all(self, images, **_):
            if any(image.size == (100, 100) for image in images):
                raise ValueError("NaN")
            return [["face"] for _ in images]

    inputs = list_inputs([str(photos / "nobody.png"), str(photos / "person.png")])
    (batch,) = photo_batches(placed(inputs, photos), 8)
    predict_batch(Picky(), batch)
    assert [str(photo.fault or "") for photo in batch] == ["NaN", ""]
    assert [photo.faces for photo in batch] == [[], ["face"]]


def test_large_photographs_and_videos_are_in_batches_of_their_own(tmp_path):
    for name in ("a.png", "b.png", "d.png"):
        Image.new("L", (4000, 4000)).save(tmp_path / name)
    (tmp_path / "c.mp4").touch()
    Image.new("L", (40, 40)).save(tmp_path / "e.png")
    inputs = list_inputs([str(tmp_path)])
    batches = photo_batches(placed(inputs, tmp_path), 8)
    names = [[photo.source.path.name for photo in batch] for batch in batches]
    assert names == [["a.png"], ["b.png"], ["c.mp4"], ["d.png", "e.png"]]


def test_a_batch_has_room_for_its_photographs_whole(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (4000, 3000)).save(tmp_path / name)
    inputs = list_inputs([str(tmp_path)])
    places = placed(inputs, tmp_path)
    batches = list(photo_batches(places, 8, SimpleNamespace(least_width=128)))
    assert [len(batch) for batch in batches] == [2, 1]
    assert {photo.opened.image.size for batch in batches for photo in batch} == {(2000, 1500)}


def test_overlays_never_overwrite_each_other_or_a_photograph(command, tmp_path, portrait):
    for place in ("a/img.jpg", "b/img.png", "a/other.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        portrait.save(tmp_path / place)
    before = (tmp_path / "a" / "other.png").read_bytes()
    places = [tmp_path / place for place in ("a/img.jpg", "b/img.png", "a/other.png")]
    command(*places, "--overlay", tmp_path / "a")
    drawn = {path.name for path in (tmp_path / "a").iterdir()}
    assert drawn == {"img.jpg", "other.png", "img.png", "img-2.png", "other-2.png"}
    assert (tmp_path / "a" / "other.png").read_bytes() == before


def test_overlays_of_a_folder_keep_its_folders(command, tmp_path, portrait):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    portrait.save(tmp_path / "in" / "deep" / "a.png")
    command(tmp_path / "in", "--overlay", tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "a.png").is_file()


def test_an_unwritable_place_is_found_before_the_first_prediction(command, photos, monkeypatch):
    monkeypatch.setattr(predict, "_load", lambda _: pytest.fail("a model was loaded"))
    (photos / "file").write_text("")
    code, _, _ = command(photos / "person.png", "--overlay", photos / "file" / "below")
    assert "cannot be written: Not a directory" in code


def test_a_face_that_is_cropped_already_goes_to_the_model_as_it_is(command, tmp_path):
    Image.linear_gradient("L").resize((48, 48)).save(tmp_path / "crop.png")  # no face to detect
    assert "0 faces" in command(tmp_path / "crop.png")[1]
    _, output, _ = command(tmp_path / "crop.png", "--cropped", "--json")
    (face,) = json.loads(output)[0]["faces"]
    assert (face["box"], face["score"]) == ([0.0, 0.0, 48.0, 48.0], 1.0)


def test_a_folder_for_the_files_of_videos_is_refused_for_images(command, photos, tmp_path):
    code, _, _ = command(photos / "person.png", "--out", tmp_path / "out")
    assert "--out is for videos, and none is given" in str(code)
    assert not (tmp_path / "out").exists()
    _, _, errors = command(tmp_path / "*.mp4", "--out", tmp_path / "out")
    assert "*.mp4" in errors
    assert "--out" not in errors


@pytest.mark.slow
def test_a_video_gives_a_table_and_a_report(command, tmp_path, portrait):
    pytest.importorskip("av")
    with VideoWriter(tmp_path / "clip.mp4") as file:
        for index in range(4):
            empty = Image.new("RGB", portrait.size, "grey")
            file.write(portrait if index < 2 else empty, index / 10)
    code, output, _ = command(tmp_path / "clip.mp4", "--csv", "--out", tmp_path / "out")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert code == 0
    assert [row["time_s"] for row in rows] == ["0.0", "0.1", "0.2", "0.3"]
    assert [row["face"] for row in rows] == ["1", "1", "", ""]
    assert [row["problem"] for row in rows] == ["", "", "no face found", "no face found"]
    assert (tmp_path / "out" / "clip.csv").read_text() == output
    report = json.loads((tmp_path / "out" / "clip.json").read_text())
    assert [face["face"] for face in report["faces"]] == [1]
    assert len(report["rows"]) == report["moments"] == 4


@pytest.mark.slow
def test_maps_are_drawn_on_an_annotated_video_where_it_is_asked(command, tmp_path, portrait):
    pytest.importorskip("av")
    with VideoWriter(tmp_path / "clip.mp4") as file:
        for index in range(3):
            file.write(portrait, index / 10)
    frames = {}
    for name, options in {"boxes": (), "maps": ("--maps",)}.items():
        code, _, errors = command(
            *(tmp_path / "clip.mp4", "--overlay", tmp_path / name, "--out", tmp_path / name),
            *options,
        )
        assert code == 0, errors
        (frames[name],) = list(Video(tmp_path / name / "clip.mp4").frames())[1:2]
    original = list(Video(tmp_path / "clip.mp4").frames())[1].image
    inner = (110, 110, 130, 130)  # of the face, where no line of its box is

    def change(image):
        pair = (np.asarray(one.crop(inner), int) for one in (image, original))
        return np.abs(np.subtract(*pair)).mean()

    assert change(frames["maps"].image) > 5 + change(frames["boxes"].image)
    assert "maps" in json.loads((tmp_path / "maps" / "clip.moments.jsonl").open().readline())
    code, _, errors = command(
        *(tmp_path / "clip.mp4", "--overlay", tmp_path / "boxes", "--out", tmp_path / "boxes"),
        "--maps",
    )
    assert code == 1
    assert "without maps" in errors
    code, _, _ = command(tmp_path / "clip.mp4", "--maps")
    assert "--overlay" in code


def test_a_rate_that_cannot_be_is_refused(command, photos):
    for rate in ("0", "many", "1000"):
        code, _, _ = command(photos / "nobody.png", "--rate", rate)
        assert f"or all, got {rate!r}" in code


def test_how_pixels_of_another_range_are_read_is_said_once(command, photos, portrait, caplog):
    twelve = np.asarray(portrait.convert("L")).astype(np.uint16) * 16
    for name in ("one.png", "two.png"):
        Image.fromarray(twelve).save(photos / name)
    code, *_ = command(photos / "one.png", photos / "two.png")
    assert code == 0
    assert [one.getMessage() for one in caplog.records if "bits" in one.getMessage()] == [
        f"pixels up to {twelve.max()} are read as 12 bits"
    ]


def test_an_absent_device_is_one_sentence(command, photos):
    code, _, _ = command(photos / "nobody.png", "--device", "cuda")
    assert "torch finds no GPU here, use auto or cpu" in code


@pytest.fixture
def landmarker(monkeypatch):
    monkeypatch.setattr(predict, "Landmarker", lambda file: smiling)


@pytest.fixture
def film(tmp_path, portrait):
    place = tmp_path / "clip.mp4"
    with VideoWriter(place) as file:
        for index in range(3):
            file.write(portrait, index / 10)
    return place


@pytest.mark.usefixtures("landmarker")
def test_landmarks_are_told_in_words_in_json_and_in_columns(command, photos):
    _, text, _ = command(photos / "person.png", "--landmarks")
    assert text.splitlines()[1].endswith("(lip corners pulled)")
    _, output, _ = command(photos / "person.png", "--landmarks", "--json")
    (face,) = json.loads(output)[0]["faces"]
    assert face["movements"] == ["lip corners pulled"]
    assert set(face["blendshapes"]) == set(BLENDSHAPES)
    _, output, _ = command(photos / "person.png", photos / "nobody.png", "--landmarks", "--csv")
    person, nobody = csv.DictReader(io.StringIO(output))
    assert person["movements"] == "lip corners pulled"
    assert [person[name] for name in ("yaw", "pitch", "roll")] == ["5.0", "-3.0", "11.0"]
    assert float(person["mouthSmileLeft"]) == 0.9
    assert nobody["movements"] == nobody["mouthSmileLeft"] == ""


def test_without_landmarks_the_columns_are_as_they_were(command, photos):
    _, output, _ = command(photos / "person.png", "--csv")
    header = output.splitlines()[0].split(",")
    assert not set(header) & {"movements", "yaw", *BLENDSHAPES}


def test_a_model_file_without_landmarks_is_a_sentence(command, photos):
    code, _, _ = command(photos / "person.png", "--landmarker", "face_landmarker.task")
    assert "--landmarks" in str(code)


def test_a_missing_model_file_of_the_landmarker_is_named(command, photos, monkeypatch):
    monkeypatch.setattr("fer_core.landmarks.landmarker._interpreter", lambda: None)
    code, _, _ = command(
        photos / "person.png", "--landmarks", "--landmarker", photos / "nowhere.task"
    )
    assert "nowhere.task" in str(code)


@pytest.mark.slow
@pytest.mark.usefixtures("landmarker")
def test_a_stopped_video_goes_on_with_its_landmarks_and_refuses_others(command, film, tmp_path):
    _, first, _ = command(film, "--landmarks", "--csv", "--out", tmp_path)
    _, again, _ = command(film, "--landmarks", "--csv", "--out", tmp_path)
    assert again == first
    assert next(csv.DictReader(io.StringIO(first)))["movements"] == "lip corners pulled"
    _, _, errors = command(film, "--out", tmp_path)
    assert "--landmarks" in errors


@pytest.mark.slow
def test_a_model_that_was_trained_again_is_not_taken_for_the_earlier_one(
    film, tmp_path, tiny_run, call_command
):
    model, out = tmp_path / "model", tmp_path / "out"
    shutil.copytree(tiny_run.path / "model", model)
    arguments = (predict, film, "--model", model, "--csv", "--out", out)
    _, first, _ = call_command(*arguments)
    written = {file.name: file.read_bytes() for file in out.iterdir()}
    weights = load_file(model / WEIGHTS_FILE)
    save_file({name: value * 1.5 for name, value in weights.items()}, model / WEIGHTS_FILE)
    code, output, errors = call_command(*arguments)
    assert code == 1
    assert "clip.moments.jsonl" in errors
    assert "before its weights or classes changed" in errors
    assert {file.name: file.read_bytes() for file in out.iterdir()} == written
    (out / "clip.moments.jsonl").unlink()
    assert call_command(*arguments)[1] not in (first, output)


@pytest.mark.slow
@pytest.mark.usefixtures("join_all")
@pytest.mark.parametrize("identity", [(), ("--identity", "faces.safetensors")])
def test_videos_of_one_name_have_files_of_their_own_and_find_them_again(
    command, film, tmp_path, portrait, identity
):
    other, third = tmp_path / "b" / "clip.mp4", tmp_path / "clip.mov"
    other.parent.mkdir()
    with VideoWriter(other) as file:
        for index in range(2):
            file.write(portrait, index / 10)
    third.write_bytes(film.read_bytes())
    out = tmp_path / "out"
    arguments = (film, other, third, "--csv", "--out", out, *identity)
    code, first, errors = command(*arguments)
    assert code == 0, errors
    for stem, source, count in (("clip", film, 3), ("clip-2", other, 2), ("clip-3", third, 3)):
        rows = list(csv.DictReader((out / f"{stem}.csv").open()))
        assert [row["photo"] for row in rows] == [str(source)] * count
        report = json.loads((out / f"{stem}.json").read_text())
        assert (report["path"], report["moments"]) == (str(source), count)
        long = csv.DictReader((out / f"{stem}.long.csv").open())
        assert {row["video"] for row in long} == {f"{stem}{source.suffix}"}
    names = {file.name for file in out.iterdir()}
    assert len(names) == 3 * (7 if identity else 8)
    assert command(*arguments)[:2] == (0, first)
    assert {file.name for file in out.iterdir()} == names


@pytest.mark.slow
@pytest.mark.usefixtures("join_all")
def test_with_identity_files_of_a_folder_keep_its_folders(command, film, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    film.rename(tmp_path / "in" / "deep" / "clip.mp4")
    code, _, errors = command(
        tmp_path / "in", "--out", tmp_path / "out", "--identity", "faces.safetensors"
    )
    assert code == 0, errors
    assert (tmp_path / "out" / "deep" / "clip.csv").is_file()


@pytest.fixture
def join_all(monkeypatch):
    """Weights with which all faces are one person."""
    monkeypatch.setattr(
        predict, "FaceEmbedder", lambda _: lambda image, faces: np.ones((len(faces), 1))
    )
    predict._embedder.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("join_all")
def test_with_identity_a_person_keeps_the_number_after_a_cut(command, tmp_path, portrait):
    other = Image.linear_gradient("L").resize(portrait.size).convert("RGB")
    with VideoWriter(tmp_path / "cut.mp4") as file:
        for index in range(9):
            file.write(other if 3 <= index < 6 else portrait, index / 10)
    arguments = (tmp_path / "cut.mp4", "--csv", "--out", tmp_path / "out")
    numbers = {}
    for more in ([], ["--identity", "faces.safetensors"]):
        code, output, _ = command(*arguments, *more)
        assert code == 0
        rows = csv.DictReader(io.StringIO(output))
        numbers[len(more)] = [row["face"] for row in rows if row["face"]]
    assert set(numbers[0]) == {"1", "2"}
    assert set(numbers[2]) == {"1"}


def test_weights_that_are_missing_end_the_command(command, photos):
    code, _, _ = command(photos / "person.png", "--identity", photos / "nowhere.safetensors")
    assert "nowhere.safetensors" in str(code)
