"""Every benchmark starts: what it imports exists, and OpenCV is asked for by one of them alone."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

import benchmarks
from benchmarks.reference_pipeline import PerImage
from fer_core.config import RunConfig

FOLDER = Path(benchmarks.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_can_be_imported(name):
    module = import_module(f"benchmarks.{name}")
    assert module.__doc__


def test_there_are_benchmarks_to_import():
    assert {"data", "inference", "train_step"} <= set(MODULES)


def test_opencv_is_named_in_the_reference_pipeline_alone():
    naming = {path.name for path in FOLDER.glob("*.py") if "cv2" in path.read_text("utf-8")}
    assert naming == {"reference_pipeline.py"}


def test_without_opencv_the_reference_pipeline_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SystemExit, match="OpenCV: pip install"):
        PerImage([], RunConfig())
