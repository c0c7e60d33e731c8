"""``fer-core evaluate`` of models of other projects."""

import csv
import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from fer_core.cli import evaluate as module
from fer_core.foreign.model import load_network
from fer_core.hub.publish import Statement, write_publication
from fer_core.models.pretrained import CONFIG_FILE
from tests.foreign_models import LABELS, save_timm, save_transformers
from tests.hub_server import serve_hub, use_hub

CLASSES = ("angry", "happy", "sad")


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of fer-core evaluate, on the CPU, with few resamples."""
    return partial(call_command, module, "--device", "cpu", "--bootstrap", "100")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of timm with the labels angry, Happy, sad and unclear."""
    return save_timm(tmp_path_factory.mktemp("foreign") / "theirs")


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """60 grey images of noise of two sizes in folders of three classes, without splits."""
    generator = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data") / "faces"
    for number in range(60):
        side = (32, 40)[number % 2]
        file = folder / CLASSES[number % 3] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (side, side), dtype=np.uint8)).save(file)
    return folder


def figures(file):
    return json.loads(file.read_text(), parse_constant=pytest.fail)


def own_predictions(model, faces):
    """File -> label of the model that has the highest logit, without flipped images."""
    network = load_network(model)
    names = sorted(path.relative_to(faces).as_posix() for path in faces.rglob("*.png"))
    images = [Image.open(faces / name).convert("RGB") for name in names]
    best = network.logits(images).argmax(1).tolist()
    return {name: network.labels[index] for name, index in zip(names, best, strict=True)}


@pytest.mark.slow
def test_the_figures_are_those_of_the_networks_own_answers(command, model, faces, tmp_path):
    files = "--json", tmp_path / "e.json", "--predictions", tmp_path / "p.csv"
    code, output, _ = command(model, "--data", f"folder:{faces}", "--no-mirror", *files)
    assert code == 0, code
    expected = own_predictions(model, faces)
    read = {"angry": "anger", "Happy": "happiness", "sad": "sadness", "unclear": "unclear"}
    with (tmp_path / "p.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = figures(tmp_path / "e.json")["model"]
    assert code == 0
    assert {row["image"]: row["predicted"] for row in rows} == {
        name: read[label] for name, label in expected.items()
    }
    assert values["figures"]["accuracy"]["value"] == np.mean(
        [row["true_label"] == row["predicted"] for row in rows]
    )
    unclear = sum(label == "unclear" for label in expected.values())
    assert values["name"] == "theirs"
    assert values["foreign"]["library"] == "timm"
    assert values["foreign"]["labels"] == {**read, "unclear": None}
    assert values["foreign"]["unmapped"] == {"unclear": unclear}
    assert values["input"] == {"size": 32, "channels": 3, "grey": False}
    text = " ".join(output.split())
    assert "labels read as angry = anger, Happy = happiness, sad = sadness" in text
    assert f"1 label that names no class (unclear): predicted on {unclear} images" in text
    assert "no attention maps" in text
    assert "the data set has no" not in text


@pytest.mark.slow
def test_beside_ours_both_are_tested_on_the_same_images(command, model, faces, tmp_path):
    arguments = "--data", f"folder:{faces}", "--json", tmp_path / "e.json"
    code, output, _ = command(model, *arguments, "--against", "bundled", "--shared-classes")
    values = figures(tmp_path / "e.json")
    assert code == 0
    assert values["against"]["name"] == "bundled"
    assert values["against"]["foreign"] is None
    assert values["comparison"]["images"] == 60
    assert values["model"]["images_sha256"] == values["against"]["images_sha256"]
    assert values["model"]["answers"] == ["anger", "happiness", "sadness"]
    assert values["model"]["foreign"]["unmapped"] == {"unclear": 0}
    assert "McNemar's test" in output


@pytest.mark.slow
def test_ours_against_theirs_gives_the_difference_with_the_other_sign(
    command, model, faces, tmp_path
):
    found = []
    for first, second in ((model, "bundled"), ("bundled", model)):
        command(
            *(first, "--data", f"folder:{faces}", "--against", second),
            *("--json", tmp_path / "e.json"),
        )
        found.append(figures(tmp_path / "e.json")["comparison"])
    assert found[0]["difference"]["value"] == -found[1]["difference"]["value"]
    assert found[0]["mcnemar"]["p_value"] == found[1]["mcnemar"]["p_value"]


@pytest.mark.slow
def test_the_users_labels_change_the_mapping(command, model, faces, tmp_path):
    (tmp_path / "labels.json").write_text(json.dumps({"unclear": "sad", "sad": None}))
    arguments = "--data", f"folder:{faces}", "--json", tmp_path / "e.json"
    code, *_ = command(model, *arguments, "--labels", tmp_path / "labels.json")
    labels = figures(tmp_path / "e.json")["model"]["foreign"]["labels"]
    assert code == 0
    assert labels == {**{"angry": "anger", "Happy": "happiness", "sad": None, "unclear": "sadness"}}


@pytest.mark.slow
def test_labels_without_meaning_need_the_users_word(command, faces, tmp_path):
    nameless = save_timm(tmp_path / "nameless", labels=None, count=3)
    code, *_ = command(nameless, "--data", f"folder:{faces}")
    assert "nameless: no label of the model names a class (happiness, sadness, anger)" in code
    assert "LABEL_0, LABEL_1, LABEL_2" in code
    labels = "LABEL_0=anger,LABEL_1=happiness,LABEL_2=sadness"
    code, output, _ = command(nameless, "--data", f"folder:{faces}", "--labels", labels)
    assert code == 0
    assert "LABEL_0 = anger" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bundled", "--labels", "a=anger"), "labels are for models of other projects"),
        (("bundled", "--against-labels", "a=anger"), "--against-labels needs --against MODEL"),
        (("MODEL", "--labels", "anger"), "labels must be LABEL=CLASS"),
        (("MODEL", "--labels", "angri=anger"), "no label 'angri'"),
    ],
)
def test_labels_that_do_not_fit_are_refused(command, model, faces, arguments, message):
    named = [model if word == "MODEL" else word for word in arguments]
    code, *_ = command(*named, "--data", f"folder:{faces}")
    assert message in code


@pytest.mark.slow
def test_a_model_of_transformers_is_taken_from_the_hub(command, faces, tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    folder = save_transformers(tmp_path / "vit")
    with serve_hub() as server:
        use_hub(server, monkeypatch, tmp_path / "cache", None)
        server.add("someone/vit", {path.name: path.read_bytes() for path in folder.iterdir()})
        code, output, _ = command(
            *("hf:someone/vit", "--data", f"folder:{faces}", "--json", tmp_path / "e.json")
        )
        assert command("hf:someone/none", "--data", f"folder:{faces}")[0].startswith(
            "error: no model someone/none on the Hub"
        )
    values = figures(tmp_path / "e.json")["model"]
    assert code == 0
    assert values["name"] == "someone/vit"
    assert values["foreign"]["architecture"] == "ViTForImageClassification"
    assert list(values["foreign"]["labels"]) == list(LABELS)
    assert "someone/vit on faces: 60 images" in output


@pytest.mark.slow
def test_one_of_ours_read_as_a_model_of_timm_has_the_same_figures(command, tiny_run, tmp_path):
    """The whole path: own decoding and passes against the other project's, on the same weights."""
    folder = tmp_path / "published"
    folder.mkdir()
    statement = Statement("tiny", "apache-2.0", "A tiny model.")
    assert write_publication(tiny_run.path / "model", folder, statement, {}) == "timm"
    config = json.loads((folder / CONFIG_FILE).read_text())
    del config["fer_core"]
    (folder / CONFIG_FILE).write_text(json.dumps(config))
    data = "synthetic?train=14&test=140&seed=5"
    code, *_ = command(
        *(folder, "--data", data, "--against", tiny_run.path, "--json", tmp_path / "e.json")
    )
    assert code == 0, code
    values = figures(tmp_path / "e.json")
    theirs, ours = (values[key]["figures"] for key in ("model", "against"))
    assert values["model"]["foreign"]["library"] == "timm"
    assert values["comparison"]["mcnemar"]["only_first"] == 0
    assert values["comparison"]["mcnemar"]["only_second"] == 0
    assert theirs["confusion"] == ours["confusion"]
    assert theirs["nll"] == pytest.approx(ours["nll"], abs=1e-4)
