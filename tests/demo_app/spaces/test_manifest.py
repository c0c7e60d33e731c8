import tomllib
from copy import deepcopy

import pytest
import yaml
from huggingface_hub import SpaceHardware

from demo_app.spaces.manifest import (
    COLOURS,
    LONGEST_DESCRIPTION,
    REQUIRED,
    SPACES,
    ManifestError,
    option,
    read_manifest,
)
from tests.project import PROJECT

WHOLE = yaml.safe_load((PROJECT / "Spacefile").read_text("utf-8"))


def read(folder, whole):
    file = folder / "Spacefile"
    file.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), "utf-8")
    return read_manifest(file)


def fault(folder, *path, value):
    """The message about a Spacefile with one value changed; a value of None takes the key out."""
    whole = deepcopy(WHOLE)
    block = whole
    for step in path[:-1]:
        block = block[step]
    if value is None:
        del block[path[-1]]
    else:
        block[path[-1]] = value
    with pytest.raises(ManifestError) as raised:
        read(folder, whole)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_spacefile_of_the_project_has_three_spaces():
    spaces = read_manifest(PROJECT / "Spacefile")
    assert {name: space.card.sdk for name, space in spaces.items()} == {
        "demo": "gradio",
        "dashboard": "docker",
        "static": "static",
    }


def test_the_card_has_every_key_of_the_spacefile_that_does_not_start_the_space():
    for name, space in read_manifest(PROJECT / "Spacefile").items():
        keys = {key: value for key, value in WHOLE[name].items() if key not in ("run", "env")}
        assert space.card.to_dict() == keys


def test_spaces_are_under_the_licence_of_the_project():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    for space in read_manifest(PROJECT / "Spacefile").values():
        assert space.card.license == project["license"].lower()


def test_the_public_dashboard_shows_the_shipped_results_alone():
    assert read_manifest(PROJECT / "Spacefile")["dashboard"].env == {"FER_RUNS": "shipped"}


def test_the_public_demo_listens_on_an_address_that_counts_as_public():
    assert option(read_manifest(PROJECT / "Spacefile")["demo"].run, "--host") == ["0.0.0.0"]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("titel", "title"), ("colourFrom", "colorFrom"), ("short_descripton", "short_description")],
)
def test_an_unknown_key_names_the_space_the_nearest_key_and_all(tmp_path, key, nearest):
    message = fault(tmp_path, "demo", key, value="x")
    assert message.startswith(f"demo: unknown key {key} (did you mean {nearest}?)")
    assert "title, emoji, colorFrom" in message


@pytest.mark.parametrize("key", REQUIRED)
def test_a_key_that_is_missing_is_named(tmp_path, key):
    assert fault(tmp_path, "static", key, value=None) == f"static: {key} is missing"


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("colorFrom", "teal", ", ".join(COLOURS)),
        ("suggested_hardware", "h100", SpaceHardware.CPU_BASIC.value),
        ("short_description", "x" * 61, f"{LONGEST_DESCRIPTION} characters, got 61"),
        ("python_version", 3.11, "str"),
        ("app_port", "7860", "int"),
        ("app_port", True, "int"),
        ("tags", "faces", "list"),
        ("title", "", "str"),
        ("sdk", "static", "gradio"),
        ("run", "python app.py", "python -m demo_app"),
        ("env", {"FER RUNS": "shipped"}, "NAME: text"),
        ("env", {"FER_RUNS": 1}, "NAME: text"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_what_is(tmp_path, key, value, allowed):
    message = fault(tmp_path, "demo", key, value=value)
    assert message.startswith(f"demo: {key} must ")
    assert allowed in message


def test_the_port_of_a_container_is_that_of_its_command(tmp_path):
    message = fault(tmp_path, "dashboard", "app_port", value=8500)
    assert "app_port must be the --server.port of run, got 8500 and 8501" in message


def test_a_static_space_runs_nothing(tmp_path):
    assert "run must be absent" in fault(tmp_path, "static", "run", value="python -m demo_app")


def test_every_space_is_there_and_no_other(tmp_path):
    message = fault(tmp_path, "page", value={"title": "x"})
    assert "unknown Space page" in message
    assert ", ".join(SPACES) in message
    assert "the Space static must be" in fault(tmp_path, "static", value=None)
    assert "the Space demo must be" in fault(tmp_path, "demo", value="python -m demo_app")


@pytest.mark.parametrize(("text", "words"), [("demo: [", "not YAML"), ("- demo", "a mapping")])
def test_what_is_no_mapping_is_one_sentence(tmp_path, text, words):
    (tmp_path / "Spacefile").write_text(text)
    with pytest.raises(ManifestError, match=words) as raised:
        read_manifest(tmp_path / "Spacefile")
    assert "\n" not in str(raised.value)


def test_a_manifest_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ManifestError, match=r"cannot read .*: No such file"):
        read_manifest(tmp_path / "Spacefile")
