"""The built Spaces, started from their folders: nothing of this checkout is seen by them."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file

from demo_app.spaces.build import build_space
from demo_app.spaces.manifest import read_manifest
from demo_app.spaces.requirements import HEAVY
from tests.demo_app.conftest import free_port
from tests.project import PROJECT

SPACES = read_manifest(PROJECT / "Spacefile")
VIEWS = re.findall(r'VIEWS / "(\w+)\.py"', (PROJECT / "dashboard" / "app.py").read_text("utf-8"))
# As `python FILE` or `python -m MODULE` in the folder: without this checkout on the path, and
# without what the Space does not install.
START = """
import runpy, sys
from importlib.machinery import PathFinder
from pathlib import Path
kind, missing, *sys.argv = sys.argv[1:]
own = [place for place in sys.path if not (Path(place or ".") / "fer_core").is_dir()]
sys.path[:] = [str(Path.cwd()), *own]
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name in missing.split() else find(name, *rest)
started = runpy.run_path if kind == "file" else runpy.run_module
try:
    started(sys.argv[0], run_name="__main__")
finally:
    import fer_core
    assert Path(fer_core.__file__).is_relative_to(Path.cwd()), fer_core.__file__
"""


@contextmanager
def running(folder, kind, *words, python=sys.executable, missing=(), **environment):
    """A process in the folder of a Space."""
    process = subprocess.Popen(
        [python, "-c", START, kind, " ".join(missing), *words],
        env={**os.environ, "PYTHONPATH": "", **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(address, process):
    """The first answer of a server."""
    for _ in range(600):
        assert process.poll() is None, process.stdout.read()
        try:
            return httpx.get(address, timeout=5).raise_for_status().text
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {address}")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spaces") / "dashboard"
    build_space(SPACES["dashboard"], folder)
    return folder


@pytest.mark.slow
def test_the_gradio_space_starts_and_answers_a_request(warm_server, tmp_path, portrait):
    build_space(SPACES["demo"], tmp_path / "demo")
    portrait.save(tmp_path / "photo.png")
    port = str(free_port())
    options = {"python": warm_server, "GRADIO_SERVER_PORT": port}
    with running(tmp_path / "demo", "file", "app.py", **options) as process:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process)
        client = Client(address, verbose=False, download_files=tmp_path)
        answer, overlay = client.predict(handle_file(tmp_path / "photo.png"), api_name="/analyse")
        assert [face["emotion"] for face in answer["faces"]] == ["happiness"]
        assert Path(overlay).is_file()
        assert [model["name"] for model in client.predict(api_name="/models")] == [
            *("bundled", "noisy30-baseline", "noisy30-eac")
        ]


@pytest.mark.slow
def test_the_dashboard_space_serves_without_torch(dashboard):
    port = str(free_port())
    words = [port if word == "8501" else word for word in SPACES["dashboard"].run]
    environment = SPACES["dashboard"].env
    with running(dashboard, "module", *words, missing=HEAVY, **environment) as process:
        assert wait_for(f"http://127.0.0.1:{port}/_stcore/health", process) == "ok"


PAGES = """
import json, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(Path("dashboard/app.py").resolve(), default_timeout=60).run()
front = [item.value for item in app.sidebar.caption] + [item.value for item in app.title]
errors, maps = [item.message for item in app.exception], []
for name in sys.argv[1:]:
    page = app.switch_page(f"views/{name}.py").run()
    errors += [f"{name}: {item.message}" for item in page.exception]
    maps += [item.value for item in page.info if name == "maps"]
print(json.dumps([front, maps, errors]))
"""


@pytest.mark.slow
def test_the_dashboard_space_shows_the_shipped_results_and_nothing_of_the_container(dashboard):
    (dashboard / "pages.py").write_text(PAGES)
    records = list((PROJECT / "fer_core" / "records" / "shipped_runs").rglob("run.json"))
    shutil.copytree(records[0].parent, dashboard / "runs" / "mine")
    environment = SPACES["dashboard"].env
    pages = ["pages.py", *VIEWS]
    with running(dashboard, "file", *pages, missing=HEAVY, **environment) as process:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    front, maps, errors = json.loads(said.splitlines()[-1])
    assert errors == []
    assert front[0] == f"{len(records)} runs"
    assert "Facial expression recognition under label noise" in front
    assert "These are the maps that ship with the dashboard." in maps[0]
