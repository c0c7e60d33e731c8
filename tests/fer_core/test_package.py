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
