import ast
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import fer_core
from fer_core.errors import EXTRAS, missing_package
from tests.project import PROJECT

IMPORTED_AS = {"facenet-pytorch": "facenet_pytorch", "huggingface-hub": "huggingface_hub"}
BY_TORCH = {"onnx"}  # torch.onnx imports it
BY_ACCELERATE = {"trackio", "wandb"}  # its trackers import them
ELSEWHERE = BY_TORCH | BY_ACCELERATE
IMPORTED_AS |= {"lazy-loader": "lazy_loader", "pillow": "PIL", "pillow-heif": "pillow_heif"}
IMPORTED_AS |= {"ai-edge-litert": "ai_edge_litert"}


def imported_by_the_library():
    """Import name -> files that import it, of every package that is not of the standard library."""
    found = {}
    for file in Path(fer_core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top != "fer_core":
                    found.setdefault(top, set()).add(file.name)
    return found


@pytest.fixture
def project():
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def names(lines):
    tops = [Requirement(line).name for line in lines]
    return {IMPORTED_AS.get(name, name) for name in tops}


@pytest.mark.slow
def test_every_package_that_the_library_imports_is_in_the_base_or_in_an_extra(project):
    imported = imported_by_the_library()
    beyond = set(imported) - names(project["dependencies"])
    assert beyond == set(EXTRAS) - ELSEWHERE, imported


def test_every_extra_is_the_one_that_installs_its_package(project):
    optional = project["optional-dependencies"]
    for package, extra in EXTRAS.items():
        assert package in names(optional[extra])


@pytest.mark.slow
def test_every_extra_of_the_project_is_for_code_of_the_library(project):
    imported = imported_by_the_library()
    for extra, lines in project["optional-dependencies"].items():
        own = names(lines) - {"fer-core"}
        assert own <= set(imported) | ELSEWHERE, (
            f"{extra} installs what nothing of the wheel imports"
        )


def test_all_brings_every_other_extra(project):
    optional = dict(project["optional-dependencies"])
    (line,) = optional.pop("all")
    assert Requirement(line).extras == set(optional)


def test_a_missing_package_of_an_extra_is_a_sentence_with_its_command():
    error = ModuleNotFoundError("No module named 'tyro.conf'", name="tyro.conf")
    assert missing_package(error, "fer-core train") == (
        "fer-core train needs tyro, which is not installed: pip install 'fer-core[train]'"
    )


def test_a_missing_package_of_no_extra_has_no_sentence():
    assert missing_package(ModuleNotFoundError("no", name="fer_core.nothing"), "x") is None
