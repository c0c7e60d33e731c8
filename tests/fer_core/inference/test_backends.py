import logging
import sys

import numpy as np
import pytest
import torch

from fer_core.inference import backends
from fer_core.inference.backends import (
    BackendError,
    OnnxBackend,
    TorchBackend,
    faster,
    make_backend,
)
from fer_core.inference.onnx_export import ExportError, export_onnx, onnx_bytes
from fer_core.inference.quantize import quantise
from tests.fer_core.onnx_models import make_trained

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def trained():
    return make_trained()


@pytest.fixture(scope="module")
def images():
    return torch.from_numpy(np.random.default_rng(1).standard_normal((3, 1, 64, 64), np.float32))


class Timed:
    """A backend of a known speed."""

    def __init__(self, name, *times):
        self.name = name
        self.times = list(times)

    def next(self):
        return self.times.pop(0)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.slow
@pytest.mark.parametrize("flipped", [True, False])
def test_both_backends_give_the_same_views(trained, images, flipped, layout):
    images = images.contiguous(memory_format=layout)
    expected = TorchBackend(trained).views(images, flipped=flipped)
    found = OnnxBackend(trained).views(images, flipped=flipped)
    assert len(found) == len(expected) == (2 if flipped else 1)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one.logits, other.logits, rtol=1e-4, atol=1e-5)
        assert torch.allclose(one.maps, other.maps, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_onnx_uses_as_many_threads_as_pytorch_and_never_more_than_cores(trained, monkeypatch):
    assert OnnxBackend(trained).threads == torch.get_num_threads() == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr(backends, "cores", lambda: 2)
    assert OnnxBackend(trained).threads == 2


@pytest.mark.slow
def test_a_file_of_the_same_network_is_used(trained, tmp_path, monkeypatch):
    export_onnx(trained, tmp_path / "model.onnx")
    monkeypatch.setattr(backends, "onnx_bytes", lambda trained: pytest.fail("exported"))
    assert OnnxBackend(trained, tmp_path / "model.onnx").precision == "float32"


@pytest.mark.slow
def test_a_file_of_other_weights_is_not_used(trained, images, tmp_path, caplog):
    file = tmp_path / "model.onnx"
    other = make_trained()
    other.model.classifier.bias += 1
    export_onnx(other, file)
    (found,) = OnnxBackend(trained, file).views(images, flipped=False)
    assert torch.allclose(found.logits, trained.model(images).logits, rtol=1e-4, atol=1e-5)
    assert f"{file} was made from another network and is not used" in caplog.text


def test_a_broken_file_is_named(trained, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ExportError, match=r"model\.onnx: ONNX Runtime refuses the model"):
        OnnxBackend(trained, tmp_path / "model.onnx")


@pytest.mark.slow
def test_an_int8_file_answers_only_where_onnx_is_asked_for(trained, images, tmp_path, monkeypatch):
    file = tmp_path / "model.onnx"
    file.write_bytes(quantise(onnx_bytes(trained), images.numpy()))
    asked = make_backend(trained, "onnx", flipped=True, file=file)
    assert asked.precision == "int8"
    monkeypatch.setattr(backends, "faster", lambda one, other, seconds: other)
    assert make_backend(trained, "auto", flipped=True, file=file).precision == "float32"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([9.0, 0.01, 0.01, 0.01, 0.01, 0.01], [1.0, 0.02, 0.02, 0.02, 0.02, 0.02], "torch"),
        ([1.0, 0.02, 0.02, 0.02, 0.02, 0.02], [9.0, 0.01, 0.01, 0.9, 0.01, 0.01], "onnx"),
        ([1.0, 0.01, 0.01, 0.01, 0.01, 0.01], [1.0, 0.01, 0.01, 0.01, 0.01, 0.01], "torch"),
        ([1.0, 5.0], [1.0, 3.0], "onnx"),
    ],
    ids=["slow start does not count", "nor one slow round", "torch where equal", "one long round"],
)
def test_the_faster_backend_by_the_median_is_chosen(first, second, expected):
    one, other = Timed("torch", *first), Timed("onnx", *second)
    assert faster(one, other, Timed.next).name == expected


@pytest.mark.slow
def test_auto_measures_both_backends_on_the_model(trained, monkeypatch):
    asked = []

    def seconds(backend, *rest):
        asked.append(backend.name)
        return 0.01 if backend.name == "onnx" else 0.02

    monkeypatch.setattr(backends, "_seconds", seconds)
    assert isinstance(make_backend(trained, "auto", flipped=True), OnnxBackend)
    assert set(asked) == {"torch", "onnx"}


@pytest.mark.slow
def test_auto_measures_the_real_thing(trained):
    assert make_backend(trained, "auto", flipped=True).name in ("torch", "onnx")


@pytest.mark.slow
def test_auto_is_torch_where_onnx_runtime_is_missing(trained, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert make_backend(trained, "auto", flipped=True).name == "torch"
    assert "pip install 'fer-core[onnx]'" in caplog.text
    with pytest.raises(ExportError, match=r"pip install 'fer-core\[onnx\]'"):
        make_backend(trained, "onnx", flipped=True)


def test_onnx_is_for_the_cpu_and_a_gpu_has_torch():
    trained = make_trained()
    trained.model.to("meta")
    assert make_backend(trained, "auto", flipped=True).name == "torch"
    with pytest.raises(BackendError, match="runs on the CPU, the model is on meta: use torch"):
        make_backend(trained, "onnx", flipped=True)


def test_another_backend_is_refused(trained):
    with pytest.raises(BackendError, match="unknown backend 'tensorrt': use one of auto, onnx"):
        make_backend(trained, "tensorrt", flipped=True)
