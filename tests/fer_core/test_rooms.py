"""The rooms: each names what may be used from outside, and loads it on first use."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import fer_core

FOLDER = Path(fer_core.__file__).parent
ROOMS = sorted(stub.parent.name for stub in FOLDER.glob("*/__init__.pyi"))
TORCH_FREE = ("config", "io", "metrics", "records", "weights")


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_a_room_is_there_and_is_no_module(room):
    module = importlib.import_module(f"fer_core.{room}")
    assert module.__all__
    files = {file.stem for file in (FOLDER / room).glob("*.py")}
    for name in module.__all__:
        assert name not in files, f"{room}.{name} would be a module or a function by chance"
        assert getattr(module, name) is not None


@pytest.mark.slow
def test_rooms_that_the_dashboard_reads_with_load_without_torch():
    names = [f"fer_core.{room}" for room in TORCH_FREE]
    public = "".join(
        f"[getattr({name}, n) for n in getattr({name}, '__all__', ())];" for name in names
    )
    code = f"import sys, {', '.join(names)}; {public} sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_few_modules_lie_directly_in_the_package():
    flat = {file.stem for file in FOLDER.glob("*.py")} - {"__init__", "__main__"}
    assert flat == {"emotions", "taxonomy", "machine", "errors", "predict", "maps"}


def test_no_module_differs_from_its_room_only_by_a_letter_or_hides_the_standard_library():
    for file in FOLDER.rglob("*.py"):
        if file.parent != FOLDER and file.stem not in ("__init__", "__main__"):
            assert file.stem not in sys.stdlib_module_names, file
