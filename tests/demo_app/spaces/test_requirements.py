import re
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement

from demo_app.spaces.requirements import HEAVY, check_python, read_requirements
from tests.project import PROJECT

SETTINGS = PROJECT / "pyproject.toml"
SMALL = """
[project]
requires-python = ">=3.11"
dependencies = ["torch>=2.4", "numpy>=1.26", "Tyro_X>=1"]
[project.optional-dependencies]
one = ["web[login]>=6", "fer-core[two]"]
two = ["web>=6.1", "fer-core[one]", "tyro.x<2"]
three = ["torch>=2.5"]
[dependency-groups]
app = ["page>=2", {include-group = "base"}]
base = ["web>=6", "numpy>=2"]
"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "pyproject.toml").write_text(SMALL)
    return tmp_path / "pyproject.toml"


def names(lines):
    return [re.match(r"[\w.-]+", line)[0].lower() for line in lines]


def test_extras_bring_theirs_along_and_no_package_stands_twice(small):
    lines = read_requirements(small, ("one",))
    assert names(lines) == ["torch", "numpy", "tyro_x", "web"]
    merged = {line.partition("[")[0]: Requirement(line) for line in lines}["web"]
    assert merged.extras == {"login"}
    assert set(map(str, merged.specifier)) == {">=6", ">=6.1"}
    assert not merged.specifier.contains("6.0")


def test_torch_is_left_to_the_registry_s_matching_pair(small):
    assert read_requirements(small, ("three",))[0] == "torch"
    demo = read_requirements(SETTINGS, ("onnx", "video"), ("demo",))
    assert {"torch", "torchvision"} <= set(demo)


def test_packages_can_be_left_out(small):
    assert "torch" not in names(read_requirements(small, ("three",), without=("torch",)))


def test_an_extra_that_is_not_there_is_named(small):
    with pytest.raises(ValueError, match="no extra four: one, two, three"):
        read_requirements(small, ("four",))


def test_a_group_brings_those_that_it_includes(small):
    lines = read_requirements(small, groups=("app",))
    assert names(lines) == ["torch", "numpy", "tyro_x", "page", "web"]
    assert set(map(str, Requirement(lines[1]).specifier)) == {">=1.26", ">=2"}
    with pytest.raises(ValueError, match="no dependency group page: app, base"):
        read_requirements(small, groups=("page",))


def test_the_demo_gets_its_pages_its_videos_and_its_second_backend():
    found = names(read_requirements(SETTINGS, ("onnx", "video"), ("demo",)))
    assert {"gradio", "av", "onnxruntime", "facenet-pytorch", "timm"} <= set(found)
    assert not {"streamlit", "pytest", "fer-core"} & set(found)


def test_nothing_that_the_dashboard_installs_needs_torch():
    waiting = names(read_requirements(SETTINGS, groups=("dashboard",), without=HEAVY))
    assert "streamlit" in waiting
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # of another system or version of Python
            continue
        needed = [Requirement(line) for line in lines]
        waiting += [
            one.name.lower()
            for one in needed
            if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    assert len(seen) > 20
    assert not seen & set(HEAVY)


def test_a_python_that_the_project_does_not_run_on_is_refused(small):
    check_python(small, "3.11")
    check_python(small, "3.12.4")
    with pytest.raises(ValueError, match=r"python_version must be >=3.11 .*, got 3.10"):
        check_python(small, "3.10")
