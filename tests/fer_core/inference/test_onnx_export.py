import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from fer_core.inference import onnx_export as export
from fer_core.inference.onnx_export import (
    ExportError,
    export_onnx,
    network_digest,
    onnx_bytes,
    open_session,
    parity,
    relative_error,
)
from tests.fer_core.onnx_models import make_trained
from tests.project import PROJECT

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def trained():
    return make_trained()


@pytest.fixture(scope="module")
def content(trained):
    return onnx_bytes(trained)


def both_answers(trained, content, count):
    images = torch.randn(count, trained.input.channels, trained.input.size, trained.input.size)
    with torch.inference_mode():
        expected = [part.numpy() for part in trained.model(images)]
    return open_session(content, 1).run(["logits", "maps"], {"images": images.numpy()}), expected


@pytest.mark.parametrize(
    ("backbone", "options"),
    [
        ("test_resnet", {"channels": 1}),
        ("test_resnet", {"channels": 3, "stem": "small"}),
        ("mobilenetv2_050", {"channels": 1, "stride": 8}),
        ("mobilenetv2_050", {"channels": 3}),
        ("test_vit", {"channels": 3, "size": 64}),
        ("test_convnext", {"channels": 3}),
        ("test_efficientnet", {"channels": 1, "stride": 16}),
    ],
)
@pytest.mark.slow
def test_the_file_answers_as_pytorch_does_for_any_number_of_images(backbone, options, tmp_path):
    trained = make_trained(backbone, **options)
    assert export_onnx(trained, tmp_path / "model.onnx") <= 1e-4
    content = (tmp_path / "model.onnx").read_bytes()
    for count in (1, 5):
        for found, expected in zip(*both_answers(trained, content, count), strict=True):
            assert found.shape == expected.shape
            assert relative_error(found, expected) <= 1e-4
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


def test_maps_explain_the_logits_in_the_file_too(trained, content):
    (logits, maps), _ = both_answers(trained, content, 3)
    bias = trained.model.classifier.bias.numpy()
    assert np.allclose(maps.mean((2, 3)) + bias, logits, atol=1e-5)


def test_the_file_is_valid_and_says_what_a_program_must_know(trained, content):
    graph = onnx.load_from_string(content)
    onnx.checker.check_model(graph, full_check=True)
    facts = {entry.key: entry.value for entry in graph.metadata_props}
    assert facts["project"] == "fer-core"
    assert json.loads(facts["classes"]) == list("abcde")
    assert json.loads(facts["emotions"]) is False
    assert json.loads(facts["colours"]) == list(trained.taxonomy.colours)
    assert json.loads(facts["mean"]) == [0.4]
    assert json.loads(facts["std"]) == [0.2]
    assert (facts["size"], facts["channels"]) == ("64", "1")
    assert json.loads(facts["input"])["landmarks"][2] == [0.5, 0.8]
    assert facts["network_sha256"] == network_digest(trained)


def test_batch_norm_is_folded_into_the_convolutions(content):
    kinds = {node.op_type for node in onnx.load_from_string(content).graph.node}
    assert "Conv" in kinds
    assert "BatchNormalization" not in kinds


def test_a_model_in_evaluation_mode_stays_in_it(trained, content):
    assert content
    assert not any(module.training for module in trained.model.modules())


@pytest.mark.slow
def test_a_file_that_answers_differently_is_not_written(trained, tmp_path, monkeypatch):
    other = onnx_bytes(make_trained(stem="small"))
    with pytest.raises(ExportError, match="differ from PyTorch's by inf"):
        parity(trained, other)
    trained = make_trained()
    changed = onnx_bytes(trained)
    trained.model.classifier.bias += 0.01
    with pytest.raises(ExportError, match="differ from PyTorch's by"):
        parity(trained, changed)
    monkeypatch.setattr(export, "onnx_bytes", lambda trained: other)
    with pytest.raises(ExportError, match="nothing was written"):
        export_onnx(trained, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_answers_that_are_no_numbers_are_no_agreement():
    broken = make_trained()
    content = onnx_bytes(broken)
    broken.model.classifier.weight.fill_(torch.nan)
    with pytest.raises(ExportError, match="by nan"):
        parity(broken, content)


def test_a_network_that_cannot_be_exported_is_named(trained, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("operator aten::odd is not supported\nand more")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(ExportError, match=r"cannot export this network: operator aten::odd is not"):
        onnx_bytes(trained)


def test_weights_beyond_what_a_file_holds_are_refused(trained, monkeypatch):
    monkeypatch.setattr(export, "LARGEST", 1000)
    with pytest.raises(ExportError, match="one ONNX file holds 1,000"):
        onnx_bytes(trained)


def test_what_is_no_onnx_file_is_refused():
    with pytest.raises(ExportError, match="ONNX Runtime refuses the model"):
        open_session(b"no model", 1)


@pytest.mark.parametrize("absent", ["onnx", "onnxruntime"])
def test_a_missing_package_names_the_extra(trained, absent, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(ExportError, match=rf"needs {absent} .*'fer-core\[onnx\]'"):
        export_onnx(trained, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_the_digest_is_of_layers_weights_and_input(trained):
    assert network_digest(make_trained()) == network_digest(trained)
    assert network_digest(make_trained(stem="small")) != network_digest(trained)
    assert network_digest(make_trained(size=48)) != network_digest(trained)
    changed = make_trained()
    changed.model.classifier.bias[0] += 1e-3
    assert network_digest(changed) != network_digest(trained)


@pytest.mark.slow
def test_the_runtime_reports_to_nobody_and_importing_the_export_changes_no_environment(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    code = (
        "import os; from fer_core.io.onnx_session import require; "
        "assert 'ORT_DISABLE_TELEMETRY' not in os.environ; require('onnxruntime')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, check=False)
    assert done.returncode == 0
    assert not list(tmp_path.iterdir())  # its reports would begin with a file of the session
