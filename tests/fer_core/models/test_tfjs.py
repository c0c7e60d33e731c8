import json

import numpy as np
import pytest

from fer_core.models.tfjs import ForeignWeightsError, read_graph_model
from tests.fer_core.models.tfjs_files import change, write_graph

BLOCKS = [(32, 64, 1)]


@pytest.fixture
def graph(tmp_path):
    return write_graph(tmp_path, blocks=BLOCKS)


def refused(file, *words):
    with pytest.raises(ForeignWeightsError) as refusal:
        read_graph_model(file)
    for word in words:
        assert word in str(refusal.value)


def test_nodes_and_tensors_are_read_with_their_shapes(graph):
    file, tensors = graph
    read = read_graph_model(file)
    assert set(read.tensors) == set(tensors)
    for name, value in tensors.items():
        np.testing.assert_array_equal(read.tensors[name], value)
    assert read.nodes["conv1"].inputs == ("input", "conv1/kernel")
    assert len(read.sha256) == 64


def test_the_weights_of_several_files_are_joined(graph):
    file, tensors = graph
    data = file.with_suffix(".bin").read_bytes()
    for name, part in (("a.bin", data[:999]), ("b.bin", data[999:])):
        (file.parent / name).write_bytes(part)
    before = read_graph_model(file).sha256
    change(file, lambda content: content["weightsManifest"][0].update(paths=["a.bin", "b.bin"]))
    read = read_graph_model(file)
    np.testing.assert_array_equal(read.tensors["pw0/kernel"], tensors["pw0/kernel"])
    assert read.sha256 == before


def test_missing_weights_are_named(graph):
    file, _ = graph
    file.with_suffix(".bin").unlink()
    refused(file, "graph.bin", "beside the .json")


@pytest.mark.parametrize("size", [-4, 4])
def test_weights_of_another_length_are_refused(graph, size):
    file, _ = graph
    data = file.with_suffix(".bin")
    content = data.read_bytes()
    data.write_bytes(content[:size] if size < 0 else content + bytes(size))
    refused(file, "graph.json", "bytes")


def test_quantised_weights_are_refused(graph):
    file, _ = graph

    def quantise(content):
        content["weightsManifest"][0]["weights"][0]["quantization"] = {"dtype": "float16"}

    change(file, quantise)
    refused(file, "quantised", "conv1/kernel", "float16")


def test_an_unknown_type_is_refused(graph):
    file, _ = graph
    change(file, lambda content: content["weightsManifest"][0]["weights"][0].update(dtype="bool"))
    refused(file, "conv1/kernel", "'bool'", "float32")


def test_weights_in_another_folder_are_refused(graph):
    file, _ = graph
    change(file, lambda content: content["weightsManifest"][0].update(paths=["../graph.bin"]))
    refused(file, "another folder", "../graph.bin")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("no json", "JSON"),
        (json.dumps([1]), "graph-model"),
        (json.dumps({"format": "layers-model"}), "graph-model"),
        (json.dumps({"format": "graph-model"}), "incomplete"),
    ],
)
def test_what_is_no_graph_model_is_refused(tmp_path, content, word):
    file = tmp_path / "graph.json"
    file.write_text(content)
    refused(file, word)
