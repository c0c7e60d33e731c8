import ast
import json
import shlex
from dataclasses import dataclass, replace

import pytest
import yaml
from huggingface_hub import SpaceCardData

from demo_app.spaces.manifest import Space, read_manifest
from demo_app.spaces.templates import app_file, dockerfile, front_matter, hub_models, readme
from fer_core.reporting.map_files import MAPS_FILE, read_maps
from fer_core.weights import BUNDLED
from tests.project import PROJECT

SPACES = read_manifest(PROJECT / "Spacefile")
COMMIT = "ab" * 20


@dataclass
class Instruction:
    word: str
    rest: str


def instructions(text):
    """The lines of a Dockerfile, continued ones joined."""
    lines = text.replace("\\\n", " ").splitlines()
    return [
        Instruction(*line.split(None, 1)) for line in lines if line and not line.startswith("#")
    ]


@pytest.fixture
def docker():
    space = SPACES["dashboard"]
    return instructions(dockerfile(space, front_matter(space, "6.31.0")))


def rest(docker, word):
    return [one.rest for one in docker if one.word == word]


@pytest.mark.parametrize("name", SPACES)
def test_the_front_matter_can_be_read_back(name):
    block = front_matter(SPACES[name], "6.31.0")
    start, head, text = readme(SPACES[name], block).split("---\n", 2)
    assert start == ""
    assert yaml.safe_load(head) == block
    assert "Art. 5(1)(f)" in text
    assert text.strip().startswith(f"# {block['title']}")


def test_the_gradio_space_uses_the_version_it_was_tried_with():
    assert front_matter(SPACES["demo"], "6.31.0")["sdk_version"] == "6.31.0"
    assert "sdk_version" not in front_matter(SPACES["dashboard"], "6.31.0")


def test_a_version_in_the_manifest_wins():
    space = SPACES["demo"]
    pinned = replace(space, card=SpaceCardData(**space.card.to_dict(), sdk_version="6.30.0"))
    assert front_matter(pinned, "6.31.0")["sdk_version"] == "6.30.0"


def test_models_that_the_command_names_are_listed_and_preloaded():
    words = ("--model", "me/one", f"me/two@{COMMIT}", "./runs/x/model", "--host", "0.0.0.0")
    space = replace(SPACES["demo"], run=("python", "-m", "demo_app", *words))
    assert hub_models(space.run) == ["me/one", f"me/two@{COMMIT}"]
    block = front_matter(space, "6.31.0")
    assert block["models"] == ["me/one", "me/two"]
    assert block["preload_from_hub"] == [
        "me/one config.json,model.safetensors",
        f"me/two config.json,model.safetensors {COMMIT}",
    ]
    assert "preload_from_hub" not in front_matter(SPACES["demo"], "6.31.0")


def started_with(monkeypatch, space, **environment):
    """The words with which an app file calls the demo."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    seen = []
    monkeypatch.setattr("demo_app.__main__.main", lambda: seen.extend(__import__("sys").argv))
    monkeypatch.setattr("sys.argv", ["app.py"])
    exec(compile(app_file(space), "app.py", "exec"), {"__name__": "__main__"})
    return seen[1:]


def test_the_app_file_runs_the_command_of_the_manifest_at_the_port_of_the_space(monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    started = started_with(monkeypatch, SPACES["demo"])
    assert started == ["--host", "0.0.0.0", "--port", "7860"]
    started = started_with(monkeypatch, SPACES["demo"], GRADIO_SERVER_PORT="7999")
    assert started == ["--host", "0.0.0.0", "--port", "7999"]


def test_the_environment_cannot_make_a_space_trust_its_visitors(monkeypatch):
    started = started_with(monkeypatch, SPACES["demo"], GRADIO_SERVER_NAME="127.0.0.1")
    assert started[:2] == ["--host", "0.0.0.0"]


def test_words_of_the_command_are_data_in_the_app_file(monkeypatch):
    nasty = '"]; raise SystemExit #'
    space = Space(
        "demo", SpaceCardData(), ("python", "-m", "demo_app", "--model", nasty), {"A": nasty}
    )
    ast.parse(app_file(space))
    assert started_with(monkeypatch, space)[:2] == ["--model", nasty]


def test_the_container_runs_the_command_of_the_manifest(docker):
    assert docker[-1].word == "CMD"
    assert json.loads(docker[-1].rest) == list(SPACES["dashboard"].run)


def test_the_container_starts_from_a_slim_python_of_the_manifest_s_version(docker):
    version = SPACES["dashboard"].card.python_version
    assert rest(docker, "FROM") == [f"python:{version}-slim"]


def test_the_container_is_nobody_s_root(docker):
    words = [one.word for one in docker]
    assert rest(docker, "USER") == ["user"]
    assert "useradd --create-home --uid 1000 user" in rest(docker, "RUN")
    install = next(i for i, one in enumerate(docker) if one.rest.startswith("pip install"))
    assert words.index("USER") < install
    assert words.index("USER") < words.index("COPY")
    assert all(line.startswith("--chown=user ") for line in rest(docker, "COPY"))


def test_requirements_are_installed_before_the_code_is_copied_and_leave_no_cache(docker):
    order = [one.rest for one in docker if one.word in ("COPY", "RUN")]
    requirements, install, code = order[1:]
    assert requirements == "--chown=user requirements.txt ./"
    assert install.startswith("pip install")
    assert "--no-cache-dir" in shlex.split(install)
    assert code == "--chown=user . ./"


def test_one_port_is_exposed_asked_for_health_and_served(docker):
    port = str(SPACES["dashboard"].card.app_port)
    assert rest(docker, "EXPOSE") == [port]
    check = json.loads(rest(docker, "HEALTHCHECK")[0].partition("CMD ")[2])
    assert check[:2] == ["python", "-c"]
    ast.parse(check[2])
    assert f"127.0.0.1:{port}/_stcore/health" in check[2]
    command = json.loads(docker[-1].rest)
    assert command[command.index("--server.port") + 1] == port


def test_the_container_shows_the_shipped_results_and_has_no_xsrf_cookie_to_miss(docker):
    variables = dict(word.split("=", 1) for word in shlex.split(rest(docker, "ENV")[0]))
    assert variables["FER_RUNS"] == "shipped"
    command = json.loads(docker[-1].rest)
    assert command[command.index("--server.enableXsrfProtection") + 1] == "false"


def test_no_secret_is_asked_for_while_building(docker):
    assert not rest(docker, "ARG")
    assert not any("TOKEN" in one.rest.upper() or "secret" in one.rest for one in docker)


def test_the_spaces_say_how_local_maps_are_as_it_was_measured():
    (maps,) = read_maps(BUNDLED / MAPS_FILE)
    local = f"{100 * maps.values['locality'].value:.0f} %"
    for name in ("demo", "static"):
        text = readme(SPACES[name], front_matter(SPACES[name], "6.31.0"))
        assert f"{local} (" in text
        assert "would have 25 %" in text
        assert "Do not use them to make decisions about people." in text
        assert "{" not in text
