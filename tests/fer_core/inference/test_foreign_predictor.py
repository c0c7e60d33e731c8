import json

import numpy as np
import pytest

from fer_core.cli import predict
from fer_core.faces.align import align
from fer_core.faces.detect import detect_faces
from fer_core.inference.foreign_predictor import load_foreign_predictor
from fer_core.metrics.calibration import softmax
from fer_core.models.pretrained import ModelError
from tests.foreign_models import save_timm


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_timm(tmp_path_factory.mktemp("foreign") / "theirs")


@pytest.fixture
def command(call_command):
    return lambda *arguments: call_command(predict, *arguments)


@pytest.mark.slow
def test_a_face_gets_the_softmax_of_the_networks_logits_and_no_map(folder, portrait):
    predictor = load_foreign_predictor(folder)
    (face,) = predictor.predict(portrait)
    (found,) = detect_faces(portrait)
    crop = align(portrait, found.landmarks, predictor.model.input).image
    own = predictor.model.view_logits([crop], mirror=True).mean(0)
    assert face.classes == ("anger", "happiness", "sadness", "unclear")
    np.testing.assert_allclose(face.probabilities, softmax(own)[0], atol=1e-6)
    assert face.crop.size == (32, 32)
    assert not face.has_maps
    assert face.consistency is None
    with pytest.raises(ValueError, match="no attention maps"):
        face.overlay_on(portrait)


def test_a_photograph_without_a_face_gives_none(folder, portrait):
    assert load_foreign_predictor(folder).predict_faces(portrait, []) == []


def test_a_model_whose_labels_name_no_emotion_is_refused(tmp_path):
    folder = save_timm(tmp_path / "cats", labels=("cat", "dog"))
    with pytest.raises(ModelError, match="its labels: cat, dog"):
        load_foreign_predictor(folder)


@pytest.mark.slow
def test_the_command_line_predicts_with_a_folder_of_another_project(
    command, folder, portrait, tmp_path
):
    photo = tmp_path / "photo.png"
    portrait.save(photo)
    code, output, _ = command(photo, "--model", folder, "--json")
    (face,) = json.loads(output)[0]["faces"]
    assert code == 0
    assert list(face["probabilities"]) == ["anger", "happiness", "sadness", "unclear"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--overlay", "out", "has no maps for --overlay"), ("--backend", "onnx", "torch alone")],
)
def test_what_such_a_model_cannot_do_is_refused(command, folder, tmp_path, option, value, message):
    code, *_ = command(tmp_path / "photo.png", "--model", folder, option, value)
    assert message in code
