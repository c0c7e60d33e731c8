"""Classes of one's own from a folder of images to every place where a model is used."""

import json
import sys

import numpy as np
import onnx
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.analysis.classes import confusion_frame
from dashboard.charts.classes import confusion_figure
from dashboard.data.names import read_folders
from dashboard.report.parts import class_parts
from demo_app.analysis import explanation
from demo_app.analysis import photo as logic
from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo import analyse
from demo_app.page.facts import page_facts
from demo_app.page.texts import page_words
from demo_app.render import panels
from demo_app.render import text as words
from fer_core.cli import predict, publish
from fer_core.cli.maps import NamedFaces, predict_faces
from fer_core.config import RunConfig
from fer_core.datasets.synthetic.faces import draw_face, draw_portrait
from fer_core.inference.onnx_export import metadata
from fer_core.inference.predictor import Predictor
from fer_core.models.pretrained import load_model
from fer_core.records.run import read_run
from fer_core.records.schema import NOISY_LABELS_FILE
from fer_core.taxonomy import PALETTE
from fer_core.training.engine import train as train_model
from tests.project import APP

pytestmark = pytest.mark.slow

CLASSES = ("bored", "engaged", "pain")  # that no list of emotions has
FACES = ("neutral", "happiness", "anger")  # what stands for them


def write_faces(root, classes, train=14, test=6):
    """A folder of synthetic faces, a kind of face for each class."""
    generator = np.random.default_rng(0)
    for split, count in (("train", train), ("test", test)):
        for name, face in zip(classes, FACES, strict=False):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = draw_face(face, 64, generator).image
                Image.fromarray(pixels).save(folder / f"{number}.png")
    return root


def train_on(root, folder, **options):
    config = RunConfig(
        data=f"folder:{root}",
        image_size=64,
        backbone="test_resnet",
        epochs=1,
        batch_size=8,
        learning_rate=2e-3,
        noise="symmetric",
        noise_rate=0.2,
        **options,
    )
    return train_model(config, folder, device="cpu", progress=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model of three classes that no list of emotions has."""
    root = tmp_path_factory.mktemp("own")
    return train_on(write_faces(root / "lecture hall", CLASSES), root / "runs" / "own")


@pytest.fixture(scope="module")
def portrait():
    return draw_portrait("happiness", 320, np.random.default_rng(7))


def call(monkeypatch, main, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_classes_of_ones_own_go_from_a_folder_to_every_page(run, portrait, tmp_path, monkeypatch):
    # Trained: the record and the noisy labels know them in their order.
    assert run.status == "finished"
    assert run.classes == CLASSES
    assert run.taxonomy.colours == PALETTE[:3]
    assert {line.rpartition(" ")[2] for line in _lines(run.path / NOISY_LABELS_FILE)} <= {*"123"}
    # Predicted and explained.
    predictor = Predictor(run.path / "model")
    assert not predictor.trained.taxonomy.emotions
    (face,) = predictor.predict(portrait)
    assert face.classes == CLASSES
    assert face.emotion in CLASSES
    assert face.probabilities.sum() == pytest.approx(1)
    assert [face.map_of(name).ndim for name in CLASSES] == [2, 2, 2]
    # Analysed in the demo, in their colours.
    pool = ModelPool([str(run.path / "model")])
    name = pool.names[0]
    analysis = analyse(pool, name, portrait)
    assert list(logic.table(analysis)[0]["probabilities"]) == list(CLASSES)
    html = panels.bars(analysis.faces[0], "pain", 0.5)
    assert all(f"background:{colour}" in html for colour in PALETTE[:3])
    shown = explanation.explain(analysis, 1, "bored")
    assert f'--colour:{PALETTE[0]}">bored</b>' in shown.caption
    assert words.title(pool.get(name).trained.taxonomy).startswith("Classes, with maps")
    assert "Predicts one of 3 classes" in pool.card(name)
    # Published.
    out = tmp_path / "published"
    monkeypatch.setattr(
        sys, "argv", ["publish", str(run.path), "--repo", "me/own", "--dry-run", str(out)]
    )
    publish.main()
    assert load_model(out).taxonomy == predictor.trained.taxonomy
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "into 3 classes and gives one class attention map\nper class" in card
    assert "in the order of the logits: `bored`, `engaged`, `pain`." in card
    assert "face-classification" in card
    assert "expression" not in card.partition("## Citation")[0]
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["label_names"] == list(CLASSES)
    assert config["fer_core"]["taxonomy"]["emotions"] is False
    assert "expression" not in config["pretrained_cfg"]["description"].lower()
    # Shown in the dashboard.
    monkeypatch.setenv("FER_RUNS", str(run.path.parent))
    page = AppTest.from_file(str(APP), default_timeout=120).run()
    page = page.switch_page("views/classes.py").run()
    assert not page.exception
    charts = [json.loads(item.proto.spec) for item in page.get("plotly_chart")]
    ticks = charts[0]["layout"]["xaxis"]["ticktext"]
    assert [tick.rpartition("> ")[2] for tick in ticks] == list(CLASSES)
    assert all(colour in tick for colour, tick in zip(PALETTE, ticks, strict=False))


def test_the_command_line_prints_classes_of_ones_own(run, portrait, tmp_path, monkeypatch, capsys):
    portrait.save(tmp_path / "photo.png")
    photo = tmp_path / "photo.png"
    assert call(monkeypatch, predict.main, photo, "--model", run.path / "model", "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)[0]["faces"]
    assert list(answer["probabilities"]) == list(CLASSES)


def test_the_onnx_file_says_the_classes_and_their_colours(run, tmp_path):
    from fer_core.inference.onnx_export import export_onnx

    trained = load_model(run.path / "model")
    export_onnx(trained, tmp_path / "model.onnx")
    said = {p.key: p.value for p in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert said == metadata(trained)
    assert json.loads(said["classes"]) == list(CLASSES)
    assert json.loads(said["colours"]) == list(PALETTE[:3])
    assert said["emotions"] == "false"


def test_the_page_without_a_server_has_the_classes_and_says_so(run):
    trained = load_model(run.path / "model")
    facts = page_facts(trained, run.path / "model")
    assert (facts["classes"], facts["colours"]) == (list(CLASSES), list(PALETTE[:3]))
    told = page_words(trained.taxonomy)
    assert told["title"] == "Classes, with maps that add up to the score"
    assert "Predicts one of 3 classes" in told["introduction"]


def test_the_static_report_has_the_classes_in_their_colours(run):
    parts = class_parts(read_folders([run.path.parent]))
    ticks = parts[0].figure.layout.xaxis.ticktext
    assert [tick.rpartition("> ")[2] for tick in ticks] == list(CLASSES)


def test_maps_for_the_dashboard_know_the_classes(run, portrait):
    faces = NamedFaces(["one"], [portrait], [])
    assert predict_faces(Predictor(run.path / "model"), faces).classes == CLASSES


@pytest.mark.parametrize(
    "classes", [("awake", "drowsy"), ("nicht müde", "眠い", "боль"), ("face", "score", "label")]
)
def test_two_classes_other_scripts_and_names_of_columns_work_too(
    classes, portrait, tmp_path, monkeypatch, capsys
):
    record = train_on(write_faces(tmp_path / "faces", classes, 6, 3), tmp_path / "run")
    assert record.classes == tuple(sorted(classes))
    assert read_run(record.path).taxonomy == load_model(record.path / "model").taxonomy
    photo = tmp_path / "photo.png"
    portrait.save(photo)
    arguments = (photo, "--model", record.path / "model", "--csv", "--overlay", tmp_path / "drawn")
    assert call(monkeypatch, predict.main, *arguments) == 0
    header, row = (line.split(",") for line in capsys.readouterr().out.splitlines())
    assert len(set(header)) == len(header) == len(row)
    assert {name.removeprefix("p_") for name in header} >= set(classes)
    pool = ModelPool([str(record.path / "model")])
    analysis = analyse(pool, pool.names[0], portrait)
    assert explanation.draw_all(analysis, 0.0).size == portrait.size
    confusion = read_folders([record.path]).confusions["run"]
    figure = confusion_figure(confusion_frame(confusion, True), True, confusion.tints())
    assert figure.layout.yaxis.tickvals == tuple(sorted(classes))


def _lines(file):
    return file.read_text(encoding="utf-8").splitlines()
