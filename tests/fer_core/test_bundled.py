import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from fer_core.emotions import EIGHT_CLASSES
from fer_core.inference.predictor import Predictor
from fer_core.models.pretrained import CONFIG_FILE, WEIGHTS_FILE, load_model, read_facts
from fer_core.records.predictions import PREDICTIONS_FILE
from fer_core.weights import BUNDLED

CARD = BUNDLED / "README.md"
FILES = {
    *(WEIGHTS_FILE, CONFIG_FILE, PREDICTIONS_FILE),
    *("README.md", "robustness.json", "maps.json"),
}


def test_the_bundled_model_is_small_half_precision_and_no_pickle():
    assert (BUNDLED / WEIGHTS_FILE).stat().st_size <= 6_000_000
    assert {file.name for file in BUNDLED.iterdir()} == FILES
    with safe_open(BUNDLED / WEIGHTS_FILE, "pt") as weights:
        kinds = {weights.get_tensor(name).dtype for name in weights.keys()}  # noqa: SIM118
    assert kinds == {torch.float16, torch.int64}


@pytest.mark.slow
def test_the_bundled_model_knows_the_eight_expressions():
    trained = load_model(BUNDLED)
    assert trained.classes == EIGHT_CLASSES
    assert not trained.model.training


def test_the_card_states_the_figures_of_the_configuration():
    facts = read_facts(BUNDLED)
    card = CARD.read_text()
    for name in ("accuracy", "mean_class_accuracy", "accuracy_deduplicated"):
        assert f"| {100 * facts[name]:.2f}" in card
    for emotion in EIGHT_CLASSES:
        assert f"| {emotion} |" in card


@pytest.mark.slow
def test_the_bundled_model_sees_a_smile_in_a_colour_photograph():
    data = pytest.importorskip("skimage.data")
    photo = Image.fromarray(data.astronaut())
    for scale in (0.6, 1, 2):
        size = [round(side * scale) for side in photo.size]
        faces = Predictor().predict(photo.resize(size))
        assert [face.emotion for face in faces] == ["happiness"]
        logits = faces[0].maps.mean((1, 2)) + Predictor().trained.model.classifier.bias.numpy()
        expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert np.allclose(faces[0].probabilities, expected, atol=1e-5)
