import csv
import io
import json
import sys

import pytest
from PIL import Image

from fer_core.cli import predict
from fer_core.emotions import SEVEN_CLASSES


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
    assert nobody == {"photo": str(photos / "nobody.png"), "faces": []}
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
    assert "broken.png is no readable photograph" in errors
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
