"""``fer-core evaluate MODEL --photos FOLDER``."""

import csv
import io
import json
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.cli import evaluate as module
from fer_core.config.input_spec import InputSpec
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.predictor import Predictor
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import save_model
from fer_core.reporting.evaluation_text import WIDTH
from tests.foreign_models import save_timm

LANDMARKS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))


@pytest.fixture
def command(call_command):
    return partial(call_command, module, "--device", "cpu")


def make_model(folder, classes):
    torch.manual_seed(3)
    model = AttentionModel("test_resnet", len(classes), image_size=48, channels=1)
    spec = InputSpec(48, 1, model.mean, model.std, 48, True, LANDMARKS)
    save_model(
        folder, model, backbone="test_resnet", stride=None, classes=classes, spec=spec, facts={}
    )
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Untrained; it knows no anger."""
    return make_model(
        tmp_path_factory.mktemp("models") / "tiny", ("neutral", "happiness", "sadness")
    )


def draw(root, names):
    for seed, (name, emotion) in enumerate(names.items()):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        draw_portrait(emotion, 160, np.random.default_rng(seed)).save(file)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Drawn portraits, an image without a face, a broken file, and one known box."""
    root = tmp_path_factory.mktemp("photographs") / "my photos"
    names = {"happy/1.png": "happiness", "neutral/1.png": "neutral", "Angry/1.png": "anger"}
    draw(root, names)
    Image.new("RGB", (80, 80), "grey").save(root / "happy" / "empty.png")
    (root / "neutral" / "broken.png").write_bytes(b"no image")
    (root / "boxes.csv").write_text("file,left,top,right,bottom\nhappy/1.png,40,30,120,120\n")
    return root


@pytest.mark.slow
def test_the_figures_are_those_of_the_predictor_on_the_photographs(
    command, model, photos, tmp_path
):
    table, figures = tmp_path / "p.csv", tmp_path / "p.json"
    options = ("--predictions", table, "--json", figures)
    code, _, _ = command(model, "--photos", f"folder:{photos}", *options)
    values = json.loads(figures.read_text(), parse_constant=pytest.fail)
    rows = {row["image"]: row for row in csv.DictReader(io.StringIO(table.read_text()))}
    assert code == 0
    predictor = Predictor(model, "cpu")
    right = 0
    for name, label in (("happy/1.png", "happiness"), ("neutral/1.png", "neutral")):
        (face,) = predictor.predict(photos / name)
        assert rows[name]["predicted"] == face.emotion
        assert float(rows[name]["happiness"]) == pytest.approx(face.probabilities[1], abs=1e-5)
        assert float(rows[name]["left"]) == pytest.approx(face.box[0], abs=0.06)
        right += face.emotion == label
    found = values["figures"]
    assert (found["photos"], found["found"], found["right"]) == (3, 2, right)
    assert found["accuracy"]["value"] == pytest.approx(right / 3)
    assert found["crops"]["photos"] == 1
    assert found["seconds"]["detection"] > 0
    assert values["unreadable"].keys() == {"neutral/broken.png"}
    assert values["missed"] == ["happy/empty.png"]
    assert values["model"]["unknown_classes"] == {"anger": 1}
    assert values["model"]["absent_classes"] == ["sadness"]
    assert values["options"]["photos"] == "my photos"
    assert str(photos.parent) not in figures.read_text() + table.read_text()
    with Image.open(photos / "happy" / "1.png") as image:
        crop = predictor.classify(image.crop((40, 30, 120, 120))).probabilities[0]
    assert rows["happy/1.png"]["crop_predicted"] == predictor.trained.classes[crop.argmax()]


@pytest.mark.slow
def test_every_photograph_has_a_row_and_those_without_a_prediction_a_reason(
    command, model, photos, tmp_path
):
    command(model, "--photos", photos, "--predictions", tmp_path / "p.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "p.csv").read_text())))
    assert {row["image"] for row in rows} == {
        *("happy/1.png", "happy/empty.png", "neutral/1.png", "neutral/broken.png", "Angry/1.png")
    }
    for row in rows:
        assert bool(row["predicted"]) != bool(row["reason"])


def test_the_text_says_what_was_missed_left_out_and_how_long_it_took(command, model, photos):
    code, output, _ = command(model, "--photos", photos)
    told = " ".join(output.split())
    assert code == 0
    assert "tiny on photographs of my photos: 3 photographs, 3 classes, with flip TTA" in told
    assert "no face found, an error: 1 (happy/empty.png)" in told
    assert "neutral/broken.png (unreadable photograph" in told
    assert "excluded: 1 photographs of anger" in told
    assert "found minus cut out" in told
    assert "mean time per photograph: detection" in told
    assert max(map(len, output.splitlines())) <= WIDTH


def test_json_alone_goes_to_the_output(command, model, photos):
    code, output, _ = command(model, "--photos", photos, "--json", "-", "--no-tta-flip")
    values = json.loads(output)
    assert code == 0
    assert values["model"]["mirror"] is False


@pytest.mark.slow
def test_classes_of_your_own_are_measured(command, tmp_path):
    draw(tmp_path / "set", {"calm/1.png": "neutral", "tense/1.png": "anger"})
    folder = make_model(tmp_path / "own", ("calm", "tense"))
    code, output, _ = command(folder, "--photos", tmp_path / "set", "--json", "-")
    assert code == 0
    assert json.loads(output)["figures"]["classes"].keys() == {"calm", "tense"}


@pytest.mark.slow
def test_another_projects_model_is_measured_on_photographs(command, photos, tmp_path):
    theirs = save_timm(tmp_path / "theirs")
    code, output, _ = command(theirs, "--photos", photos, "--json", "-")
    values = json.loads(output)
    assert code == 0
    assert values["model"]["foreign"]["library"] == "timm"
    assert values["model"]["foreign"]["unmapped"].keys() == {"unclear"}
    assert values["figures"]["found"] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), ("--data", "--photos")),
        (("--photos", "x", "--data", "synthetic"), ("mutually exclusive",)),
        (("--photos", "x", "--bootstrap", "500"), ("--bootstrap", "--shared-classes")),
        (("--photos", "x", "--against", "bundled"), ("--against",)),
        (("--photos", "nowhere"), ("nowhere", "happiness")),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(command, model, arguments, told):
    code, output, errors = command(model, *arguments)
    assert code
    assert output == ""
    message = f"{code} {errors}"
    assert all(text in message for text in told)
