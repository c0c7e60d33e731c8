import numpy as np
import pytest

from fer_core.datasets import Decoding, load_data
from fer_core.inference.onnx_export import ExportError, onnx_bytes, open_session
from fer_core.inference.quantize import quantise
from fer_core.models.pretrained import load_model
from fer_core.transforms.functional import normalise, to_tensor
from fer_core.weights import BUNDLED
from tests.fer_core.onnx_models import make_trained

pytestmark = pytest.mark.slow

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def faces(trained):
    """Normalised synthetic faces, (96, 1, 64, 64)."""
    data = load_data("synthetic?train=96&test=7", Decoding(64, 1))
    pixels = to_tensor(np.asarray(data.train.images[np.arange(96)]))
    return normalise(pixels, *trained.model.statistics()).contiguous().numpy()


@pytest.fixture(scope="module")
def trained():
    """The bundled model: what random weights make of integers says nothing."""
    return load_model(BUNDLED)


@pytest.fixture(scope="module")
def content(trained):
    return onnx_bytes(trained)


@pytest.fixture(scope="module")
def small(content, faces):
    return quantise(content, faces[:32])


def run(content, images):
    return open_session(content, 1).run(["logits", "maps"], {"images": images})


def test_integers_answer_nearly_alike_in_any_number(content, small, faces):
    for images in (faces[:1], faces[32:]):
        (logits, maps), (expected, expected_maps) = run(small, images), run(content, images)
        assert logits.shape == expected.shape
        assert maps.shape == expected_maps.shape
        assert (logits.argmax(1) == expected.argmax(1)).mean() >= 0.9
        assert np.corrcoef(maps.ravel(), expected_maps.ravel())[0, 1] > 0.99


def test_maps_still_explain_the_logits_exactly(trained, small, faces):
    logits, maps = run(small, faces[:5])
    bias = trained.model.classifier.bias.numpy()
    assert np.allclose(maps.mean((2, 3)) + bias, logits, atol=1e-5)


def test_the_file_is_smaller_valid_and_says_what_it_is(content, small):
    assert len(small) < 0.4 * len(content)
    graph = onnx.load_from_string(small)
    onnx.checker.check_model(graph)
    facts = {entry.key: entry.value for entry in graph.metadata_props}
    before = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert facts == before | {"precision": "int8"}


def test_the_first_sixth_of_the_convolutions_and_the_maps_stay_float(small):
    graph = onnx.load_from_string(small).graph
    integers = {
        output
        for node in graph.node
        if node.op_type == "DequantizeLinear"
        for output in node.output
    }
    weights = [node.input[1] for node in graph.node if node.op_type == "Conv"]
    kept = [name not in integers for name in weights]
    assert kept == [True] * 9 + [False] * (len(kept) - 10) + [True]


def test_a_transformer_can_be_quantised(faces):
    content = onnx_bytes(make_trained("test_vit"))
    logits, maps = run(quantise(content, faces[:16]), faces[:3])
    assert logits.shape == (3, 5)
    assert np.isfinite(maps).all()


def test_without_images_there_is_no_calibration(content, faces):
    with pytest.raises(ExportError, match="needs images to calibrate on, got none"):
        quantise(content, faces[:0])


def test_what_the_quantiser_cannot_do_is_one_error(content, faces):
    with pytest.raises(ExportError, match="cannot quantise this network"):
        quantise(content, faces[:4, :, :32])
