import shutil
import subprocess
from dataclasses import replace

import pytest
from huggingface_hub import SpaceCardData

from demo_app.spaces.build import IMAGE_SUFFIXES, build_space
from demo_app.spaces.manifest import read_manifest
from tests.project import PROJECT

SPACES = read_manifest(PROJECT / "Spacefile")


def git(folder, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path):
    """A small project with committed files, ignored ones, and some that merely lie around."""
    root = tmp_path / "project"
    for name in (
        *(
            "LICENSE",
            "fer_core/a.py",
            "fer_core/b/__init__.pyi",
            "fer_core/weights/bundled/model.safetensors",
            "fer_core/weights/bundled/robustness.json",
            "fer_core/b/c.py",
        ),
        *("demo_app/__main__.py", "demo_app/page/index.html", "demo_app/spaces/__main__.py"),
        *("demo_app/page/build.py", "dashboard/app.py", "dashboard/.streamlit/config.toml"),
        *("fer_core/records/shipped_runs/one/run.json", "tests/test_a.py", "train/run.py"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    shutil.copy(PROJECT / "pyproject.toml", root)
    (root / ".gitignore").write_text("__pycache__/\ndemo_app/static/\n")
    git(root.parent, "init", "-q", str(root))
    git(root, "add", "-A")
    for name in ("fer_core/__pycache__/a.pyc", "demo_app/notes.txt", "demo_app/face.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("not committed")
    return root


def with_card(**changes):
    """The Space of the demo with another card."""
    space = SPACES["demo"]
    return replace(space, card=SpaceCardData(**space.card.to_dict() | changes))


def built(name, out, root):
    return [file.as_posix() for file in build_space(SPACES[name], out, root)]


def test_the_gradio_space_has_what_the_demo_needs_and_no_more(project, tmp_path):
    assert built("demo", tmp_path / "out", project) == [
        *("LICENSE", "README.md", "app.py", "demo_app/__main__.py", "fer_core/a.py"),
        *("fer_core/b/__init__.pyi", "fer_core/b/c.py"),
        *("fer_core/weights/bundled/model.safetensors", "fer_core/weights/bundled/robustness.json"),
        "requirements.txt",
    ]
    assert (tmp_path / "out" / "fer_core" / "a.py").read_text() == "fer_core/a.py"


def test_the_docker_space_has_the_dashboard_its_records_and_no_weights(project, tmp_path):
    assert built("dashboard", tmp_path / "out", project) == [
        *("Dockerfile", "LICENSE", "README.md", "dashboard/.streamlit/config.toml"),
        *("dashboard/app.py", "fer_core/a.py", "fer_core/b/__init__.pyi", "fer_core/b/c.py"),
        *("fer_core/records/shipped_runs/one/run.json", "fer_core/weights/bundled/robustness.json"),
        "requirements.txt",
    ]


def test_the_static_space_is_the_page_that_was_built(project, tmp_path):
    page = project / "demo_app" / "static"
    (page / "models").mkdir(parents=True)
    (page / "index.html").write_text("<p>page</p>")
    (page / "models" / "classifier.onnx").write_bytes(b"onnx")
    found = built("static", tmp_path / "out", project)
    assert found == ["README.md", "index.html", "models/classifier.onnx"]
    assert (tmp_path / "out" / "README.md").read_text("utf-8").startswith("---\ntitle: ")


def test_a_static_page_that_is_not_built_names_the_command(project, tmp_path):
    with pytest.raises(ValueError, match=r"not built: python -m demo_app\.page\.build"):
        built("static", tmp_path / "out", project)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["demo", "dashboard"])
def test_the_spaces_of_the_project_have_no_picture_cache_test_or_training(name, tmp_path):
    found = built(name, tmp_path / "out", PROJECT)
    assert len(found) > 100
    assert not [file for file in found if file.lower().endswith(IMAGE_SUFFIXES)]
    other = "dashboard" if name == "demo" else "demo_app"
    places = {file.partition("/")[0] for file in found}
    assert not places & {"tests", "train", "benchmarks", "docs", "shared", other}
    assert not [file for file in found if "__pycache__" in file or file.endswith(".pyc")]
    assert ("fer_core/weights/bundled/model.safetensors" in found) == (name == "demo")
    assert "fer_core/datasets/synthetic/faces.py" in found


def test_a_committed_picture_stops_the_build(project, tmp_path):
    git(project, "add", "demo_app/face.jpg")
    with pytest.raises(ValueError, match=r"demo_app/face\.jpg is an image"):
        built("demo", tmp_path / "out", project)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_git_checkout_is_one_sentence(project, tmp_path):
    shutil.rmtree(project / ".git")
    with pytest.raises(ValueError, match="is not a git checkout"):
        built("demo", tmp_path / "out", project)


def test_building_again_replaces_the_folder_whole(project, tmp_path):
    out = tmp_path / "out"
    first = built("demo", out, project)
    git(project, "rm", "-q", "--cached", "fer_core/b/c.py")
    again = built("demo", out, project)
    assert set(first) - set(again) == {"fer_core/b/c.py"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "project"]


def test_a_build_that_fails_leaves_the_folder_as_it_was(project, tmp_path):
    out = tmp_path / "out"
    built("demo", out, project)
    (project / "LICENSE").unlink()
    with pytest.raises(OSError, match="LICENSE"):
        built("demo", out, project)
    assert (out / "LICENSE").read_text() == "LICENSE"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "project"]


@pytest.mark.parametrize("files", [("notes.txt",), ("README.md",)])
def test_a_folder_with_something_else_is_not_touched(project, tmp_path, files):
    out = tmp_path / "out"
    out.mkdir()
    for file in files:
        (out / file).write_text("mine")
    with pytest.raises(ValueError, match="choose another folder with --out"):
        built("demo", out, project)
    assert [(out / file).read_text() for file in files] == ["mine"]


def test_a_checkout_of_the_space_itself_is_not_replaced(project, tmp_path):
    out = tmp_path / "out"
    built("demo", out, project)
    (out / ".git").mkdir()
    with pytest.raises(ValueError, match="not a Space that was built before"):
        built("demo", out, project)


def test_a_python_that_the_project_does_not_support_is_refused(project, tmp_path):
    space = with_card(python_version="3.10")
    with pytest.raises(ValueError, match=r"python_version must be >=3\.11"):
        build_space(space, tmp_path / "out", project)


def test_without_a_python_version_the_hub_would_choose_an_old_one(project, tmp_path):
    space = with_card(python_version=None)
    with pytest.raises(ValueError, match="demo: python_version is missing"):
        build_space(space, tmp_path / "out", project)
