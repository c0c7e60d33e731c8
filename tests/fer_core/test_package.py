import subprocess
import sys

import pytest

import fer_core


def modules_after(statement):
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    loaded = modules_after("import fer_core")
    assert "fer_core" in loaded
    assert not loaded & {"torch", "timm", "numpy", "PIL", "accelerate", "facenet_pytorch", "typing"}


def test_run_records_are_read_without_torch(tiny_run):
    statement = (
        "from fer_core import read_runs; from pathlib import Path; "
        f"runs, problems = read_runs(Path({str(tiny_run.path)!r})); "
        "assert len(runs) == 1 and not problems and runs[0].status == 'finished'"
    )
    assert not modules_after(statement) & {"torch", "timm", "numpy"}


@pytest.mark.parametrize("module", ["emotions", "taxonomy", "config.input_spec"])
def test_modules_of_the_lowest_layer_need_no_torch(module):
    assert "torch" not in modules_after(f"import fer_core.{module}")


@pytest.mark.slow
def test_the_predictor_works_without_scipy_and_accelerate():
    statement = (
        "sys.modules['scipy'] = sys.modules['accelerate'] = None; "
        "from PIL import Image; from fer_core import Predictor; "
        "assert Predictor().classify([Image.new('L', (64, 64))]).probabilities.shape == (1, 8)"
    )
    assert "fer_core.inference.predictor" in modules_after(statement)


def test_every_public_name_can_be_had_and_is_listed():
    for name in fer_core.__all__:
        assert getattr(fer_core, name) is not None
        assert name in dir(fer_core)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = fer_core.nosuch


@pytest.mark.slow
def test_public_functions_take_paths_as_text(tiny_config, tmp_path):
    excluded, decoding = tmp_path / "exclude.txt", fer_core.Decoding(48, 1)
    names = fer_core.load_data(tiny_config.data, decoding).train.names
    excluded.write_text(f"{names[0]}\n")
    left = fer_core.load_data(tiny_config.data, decoding, without=str(excluded))
    assert left.train.names == names[1:]
    record = fer_core.train(tiny_config, str(tmp_path / "run"), device="cpu", progress=False)
    assert [run.name for run in fer_core.read_runs(str(tmp_path)).runs] == [record.name]
    trained = fer_core.load_model(str(tmp_path / "run" / "model"))
    spec, classes = trained.input, trained.taxonomy
    fer_core.save_model(
        str(tmp_path / "saved"),
        trained.model,
        backbone=tiny_config.backbone,
        stride=tiny_config.stride,
        stem=tiny_config.stem,
        classes=classes,
        spec=spec,
        facts={},
    )
    assert fer_core.Predictor(str(tmp_path / "saved")).taxonomy.names == classes.names
    pytest.importorskip("onnxruntime")
    fer_core.export_onnx(trained, str(tmp_path / "model.onnx"))
    predictor = fer_core.Predictor(trained, backend="onnx", onnx_file=str(tmp_path / "model.onnx"))
    assert predictor.backend.name == "onnx"
