"""One name of a model means the same to `predict`, `evaluate`, `audit` and the demo."""

import csv
import io
import json

import pytest

from demo_app.analysis.model_pool import ModelPool
from fer_core.cli import audit, evaluate, predict
from fer_core.foreign.resolve import resolve_any
from fer_core.models.pretrained import ModelError
from fer_core.weights import BUNDLED
from tests.foreign_models import save_timm
from tests.hub_server import serve_hub, use_hub

DATA = "synthetic?train=40&test=28"
SEVEN = ("anger", "disgust", "fear", "happy", "sad", "surprised", "Neutral")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A model of timm whose labels are seven emotions in other words."""
    return save_timm(tmp_path_factory.mktemp("others") / "theirs", SEVEN)


@pytest.fixture
def hub(monkeypatch, tmp_path, theirs, tiny_run):
    folders = {"someone/theirs": theirs, "someone/ours": tiny_run.path / "model"}
    with serve_hub() as server:
        use_hub(server, monkeypatch, tmp_path / "cache", None)
        for name, folder in folders.items():
            server.add(name, {path.name: path.read_bytes() for path in folder.iterdir()})
        yield server


@pytest.fixture
def texts(hub, tiny_run, theirs):
    """Every way to name a model, and the name that the commands give it."""
    return {
        "bundled": "bundled",
        str(tiny_run.path): tiny_run.path.name,
        str(tiny_run.path / "model"): tiny_run.path.name,
        str(theirs): "theirs",
        "someone/ours": "someone/ours",
        "hf:someone/ours": "someone/ours",
        "someone/theirs": "someone/theirs",
        "hf:someone/theirs": "someone/theirs",
    }


def test_a_model_is_found_by_every_name_of_it(texts):
    found = {text: resolve_any(text) for text in texts}
    assert {text: one.name for text, one in found.items()} == texts
    assert [text for text, one in found.items() if one.foreign] == [
        text for text in texts if "theirs" in text
    ]
    assert found["bundled"].folder == BUNDLED


def test_a_folder_of_the_name_of_a_model_on_the_hub_wins(hub, theirs, tmp_path, monkeypatch):
    (tmp_path / "someone").mkdir()
    (tmp_path / "someone" / "ours").symlink_to(theirs)
    monkeypatch.chdir(tmp_path)
    assert resolve_any("someone/ours").foreign
    assert not resolve_any("hf:someone/ours").foreign


@pytest.mark.slow
def test_predict_takes_each_of_them(call_command, texts, portrait, tmp_path):
    portrait.save(tmp_path / "face.png")
    for text in texts:
        code, output, errors = call_command(
            predict, tmp_path / "face.png", "--model", text, "--json"
        )
        (face,) = json.loads(output)[0]["faces"]
        assert code == 0, errors
        assert len(face["probabilities"]) == (8 if text == "bundled" else 7)


@pytest.mark.slow
def test_evaluate_takes_each_of_them(call_command, texts, tmp_path):
    for text, name in texts.items():
        file = tmp_path / "figures.json"
        code, _, errors = call_command(
            evaluate, text, "--data", DATA, "--json", file, "--bootstrap", 100
        )
        assert code == 0, errors
        assert json.loads(file.read_text())["model"]["name"] == name


@pytest.mark.slow
def test_audit_takes_each_of_them(call_command, texts, tmp_path):
    options = ("--gallery", 0, "--bootstrap", 100, "--device", "cpu")
    for number, text in enumerate(texts):
        folder = tmp_path / str(number)
        code, _, errors = call_command(audit, DATA, "--model", text, "--out", folder, *options)
        assert code == 0, errors
        rows = list(csv.DictReader(io.StringIO((folder / "audit.csv").read_text())))
        assert len(rows) == 40
        chances = [float(value) for name, value in rows[0].items() if "probability_" in name]
        assert sum(chances) == pytest.approx(1, abs=0.01)


@pytest.mark.slow
def test_the_demo_offers_each_of_them(texts, tiny_run):
    pool = ModelPool(list(texts))
    named = {"bundled", tiny_run.path.name, "someone/ours"}
    assert named <= set(pool.names)
    assert {"theirs", "someone/theirs"} <= set(pool.comparison_names) - set(pool.names)


def test_what_is_none_of_these_is_one_sentence(hub):
    for text in ("someone/none", "absent folder", "hf:nothing"):
        with pytest.raises(ModelError, match=text.removeprefix("hf:")):
            resolve_any(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--run", "somewhere"), "somewhere"),
        (("--predictions", "file.csv"), "--predictions"),
        (("--epochs", 3), "--epochs"),
    ],
)
def test_an_audit_by_a_model_takes_no_options_of_a_run(call_command, options, words):
    code, *_ = call_command(audit, DATA, "--model", "bundled", *options)
    assert words in code
    assert "--model bundled" in code


def test_an_audit_by_a_model_that_lacks_a_class_names_it(call_command, tmp_path):
    folder = save_timm(tmp_path / "few")
    code, *_ = call_command(audit, DATA, "--model", folder, "--out", tmp_path / "audit")
    assert "few cannot judge labels of neutral" in code
