"""The built wheel in an environment without the checkout: what a user gets from pip."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fer_core.cli import COMMANDS
from fer_core.datasets.synthetic.faces import draw_portrait
from tests.project import PROJECT

pytestmark = pytest.mark.slow

DATA = "synthetic?train=28&test=14"
HIDE = """
import sys
from importlib.machinery import PathFinder
class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {names!r} else super().find_spec(name, path, target)
sys.meta_path = [Hidden if one is PathFinder else one for one in sys.meta_path]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(words, cwd=PROJECT, capture_output=True, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (file,) = built.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory):
    """The folder of programs of a fresh environment with the wheel.

    Third-party packages are those of this environment; a path in a .pth file does not bring along
    the editable install of the checkout.
    """
    folder = tmp_path_factory.mktemp("env")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    programs = folder / "bin"
    words = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install"]
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*words, *options, str(wheel)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


@pytest.fixture
def run(scripts, tmp_path):
    """``run(program, *arguments)`` of that environment, in a folder outside the checkout."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def call(program, *arguments):
        words = [str(scripts / program), *map(str, arguments)]
        return subprocess.run(
            words, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
        )

    return call


@pytest.fixture
def photo(tmp_path):
    draw_portrait("happiness", 240, np.random.default_rng(0)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_the_wheel_holds_the_library_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"fer_core"}
    needed = ("py.typed", "records/published.csv", "records/published.bib")
    needed += ("weights/bundled/model.safetensors", "cli/train.py", "models/__init__.pyi")
    assert {f"fer_core/{name}" for name in needed} <= set(names)
    assert not [name for name in names if "shipped_runs/" in name or "noisy30" in name]


def test_the_description_of_the_package_is_true_without_the_checkout(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = archive.read(name).decode()
    assert "pip install 'fer-core[train]'" in metadata
    assert "](docs/" not in metadata  # an image or a page that is not there
    assert not re.search(r"\bmake [a-z]|python -m (train|demo_app|dashboard)", metadata)
    called = set(re.findall(r"^ +fer-core ([a-z-]+) ", metadata, re.MULTILINE))
    assert called
    assert called <= set(COMMANDS)


def test_the_source_distribution_can_be_built_from(built):
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "fer_core/__init__.py"} <= names
    assert not {name for name in names if name.startswith(("demo_app", "dashboard", "tests"))}


def test_a_stranger_trains_predicts_and_evaluates(run, photo):
    where = run("python", "-c", "import fer_core; print(fer_core.__file__)").stdout
    assert "site-packages" in where
    assert str(PROJECT) not in where
    options = ("--backbone", "test_resnet", "--image-size", 48, "--batch-size", 14, "--epochs", 1)
    noise = ("--noise", "symmetric", "--noise-rate", 0.3, "--device", "cpu", "--out", "mine")
    trained = run("fer-core", "train", "--data", DATA, *options, *noise)
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.startswith("mine: accuracy ")
    predicted = run("fer-core", "predict", photo, "--model", "mine/model", "--json")
    assert predicted.returncode == 0, predicted.stderr
    assert len(json.loads(predicted.stdout)[0]["faces"]) == 1
    measured = run("fer-core", "evaluate", "mine", "--data", DATA, "--json", "-", "--device", "cpu")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["model"]["figures"]["images"] == 14


def test_the_base_install_predicts(run, photo):
    code = "from fer_core.cli import main\nmain(['predict', sys.argv[1], '--json'])"
    ended = run("python", "-c", HIDE.format(names=beyond_base()) + code, photo)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)[0]["faces"][0]["emotion"] == "happiness"


def test_a_command_of_an_extra_names_it_where_it_is_missing(run):
    code = "from fer_core.cli import main\nmain(['train', '--help'])"
    ended = run("python", "-c", HIDE.format(names=beyond_base()) + code)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: fer-core train needs ")
    assert ended.stderr.endswith("is not installed: pip install 'fer-core[train]'\n")


def test_a_function_of_an_extra_names_it_where_it_is_missing(run):
    code = "from fer_core import train"
    ended = run("python", "-c", HIDE.format(names=beyond_base()) + code)
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: fer_core.train needs ")
    assert last.endswith("pip install 'fer-core[train]'")


@lru_cache
def beyond_base():
    """Top-level modules of the installed packages that the base dependencies do not bring along."""
    project = (PROJECT / "pyproject.toml").read_text()
    base = project.partition("\ndependencies = [")[2].partition("]")[0]
    waiting = [Requirement(line.strip().strip('",')) for line in base.split("\n") if line.strip()]
    brought = set()
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name in brought:
            continue
        brought.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # of another system or version of Python
            continue
        needed = map(Requirement, lines)
        waiting += [one for one in needed if not one.marker or one.marker.evaluate({"extra": ""})]
    modules = packages_distributions()
    return {
        module
        for module, owners in modules.items()
        if module != "fer_core" and not brought & {canonicalize_name(owner) for owner in owners}
    }
