import shutil

import numpy as np
import pytest
from PIL import Image

from fer_core.cli import export
from fer_core.inference.onnx_export import ONNX_FILE
from fer_core.inference.predictor import Predictor

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

DATA = "synthetic?train=70&test=28"


@pytest.fixture
def run(call_command):
    return lambda *arguments: call_command(export, *arguments)


@pytest.fixture
def folder(tmp_path):
    """A folder of class folders, without splits."""
    generator = np.random.default_rng(0)
    for name in ("happiness", "anger"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 256, (48, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "faces" / name / f"{number}.png")
    return tmp_path / "faces"


def precision(file):
    return {entry.key: entry.value for entry in onnx.load(file).metadata_props}["precision"]


@pytest.mark.slow
def test_a_run_becomes_a_file_and_its_error_is_told(run, tiny_run, tmp_path):
    code, output, _ = run(tiny_run.path, "--out", tmp_path / "model.onnx")
    size = (tmp_path / "model.onnx").stat().st_size
    assert code == 0
    assert f"model.onnx: {size:,} bytes, float32" in output
    assert "1e-04 is allowed" in output
    assert precision(tmp_path / "model.onnx") == "float32"
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.slow
def test_integers_are_calibrated_on_train_and_measured_on_test(run, tiny_run, tmp_path):
    options = ("--int8", "--data", DATA, "--calibration-images", 40)
    code, output, _ = run(tiny_run.path / "model", "--out", tmp_path / "small.onnx", *options)
    assert code == 0
    assert "int8, calibrated on 40 images of synthetic train" in output
    assert "synthetic test, 28 images, with flip TTA" in output
    rows = {line[:22].strip(): line[22:].split() for line in output.splitlines()[-3:]}
    plain, same, small = (
        rows[name] for name in ("PyTorch, float32", "ONNX Runtime, float32", "ONNX Runtime, int8")
    )
    assert plain == same
    assert plain[2] == "100.00"
    assert float(small[2]) >= 75  # of 28 answers
    assert precision(tmp_path / "small.onnx") == "int8"


@pytest.mark.slow
def test_other_faces_can_be_calibrated_on(run, tiny_run, folder, tmp_path):
    options = ("--int8", "--calibrate-on", f"folder:{folder}")
    code, output, _ = run(tiny_run.path, "--out", tmp_path / "small.onnx", *options)
    assert code == 0
    assert "int8, calibrated on 8 images of" in output


@pytest.mark.slow
def test_the_file_in_the_models_folder_is_the_predictors(run, tiny_run, tmp_path, portrait):
    shutil.copytree(tiny_run.path / "model", tmp_path / "model")
    file = tmp_path / "model" / ONNX_FILE
    assert run(tmp_path / "model", "--out", file, "--int8", "--data", DATA)[0] == 0
    predictor = Predictor(tmp_path / "model", backend="onnx")
    assert predictor.backend.precision == "int8"
    assert len(predictor.predict(portrait)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--int8",), "--int8 needs faces to calibrate on: name a data set with --data"),
        (("--calibrate-on", DATA), "--calibrate-on is an option of --int8"),
        (("--calibration-images", 7), "--calibration-images is an option of --int8"),
        (("--seed", 3), "--seed is an option of --int8"),
        (("--int8", "--data", DATA, "--calibration-images", 0), "must be at least 1, got 0"),
        (("--int8", "--data", "nonsense:x"), "unknown data set 'nonsense'"),
    ],
)
@pytest.mark.slow
def test_options_that_cannot_work_are_one_sentence(run, tiny_run, tmp_path, options, message):
    code, _, _ = run(tiny_run.path, "--out", tmp_path / "model.onnx", *options)
    assert code.startswith("error: ")
    assert message in code
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_measured_faces_are_not_calibrated_on(run, tiny_run, folder, tmp_path):
    out = tmp_path / "model.onnx"
    code, _, _ = run(tiny_run.path, "--out", out, "--int8", "--data", f"folder:{folder}")
    assert "has no training images to calibrate on: name others with --calibrate-on" in code
    options = ("--int8", "--data", f"folder:{folder}", "--calibrate-on", f"folder:{folder}")
    code, _, _ = run(tiny_run.path, "--out", out, *options)
    assert "is one that the file is measured on: name others with --calibrate-on" in code
    assert not out.exists()
    more = shutil.copytree(folder, tmp_path / "more")
    for file in [*more.rglob("*.png")][:3]:
        Image.new("RGB", (48, 48), "red").save(file)
    options = ("--int8", "--data", f"folder:{folder}", "--calibrate-on", f"folder:{more}")
    code, output, _ = run(tiny_run.path, "--out", out, *options)
    assert code == 0
    assert "calibrated on 3 images of" in output


def test_what_is_no_model_or_no_place_is_one_sentence(run, tiny_run, tmp_path):
    assert run(tmp_path, "--out", tmp_path / "a.onnx")[0].startswith("error: no model at")
    code, _, _ = run(tiny_run.path, "--out", tmp_path / "absent" / "a.onnx")
    assert code.startswith("error: no folder")
    assert run(tiny_run.path, "--out", tmp_path)[0].endswith("is a folder, not a file to write")
