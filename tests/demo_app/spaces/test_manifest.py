import tomllib
from copy import deepcopy

import pytest
import yaml

from demo_app.spaces.card_metadata import COLOURS, LONGEST_DESCRIPTION, ManifestError
from demo_app.spaces.manifest import SPACES, option, read_manifest
from tests.project import PROJECT

WHOLE = yaml.safe_load((PROJECT / "Spacefile").read_text("utf-8"))


def read(folder, whole):
    file = folder / "Spacefile"
    file.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), "utf-8")
    return read_manifest(file)


def fault(folder, *path, value):
    """The message about a Spacefile with one value changed; a value of None takes the key out."""
    whole = deepcopy(WHOLE)
    place = whole
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    with pytest.raises(ManifestError) as raised:
        read(folder, whole)
    assert "\n" not in str(raised.value)
    return str(raised.value)


DEMO, DASHBOARD = ("micros", 0), ("micros", 1)
BLOCK = (*DEMO, "x-huggingface")


def test_the_manifest_of_the_project_has_two_micros_and_three_spaces():
    spaces = read_manifest(PROJECT / "Spacefile")
    assert [micro["name"] for micro in WHOLE["micros"]] == ["demo", "dashboard"]
    assert {name: space.front_matter["sdk"] for name, space in spaces.items()} == {
        "demo": "gradio",
        "dashboard": "docker",
        "static": "static",
    }
    assert set(spaces) == set(SPACES)


def test_spaces_are_under_the_licence_of_the_project():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    for space in read_manifest(PROJECT / "Spacefile").values():
        assert space.front_matter["license"] == project["license"].lower()


def test_the_public_dashboard_shows_the_shipped_results_alone():
    assert read_manifest(PROJECT / "Spacefile")["dashboard"].environment == {"FER_RUNS": "shipped"}


def test_the_public_demo_listens_on_an_address_that_counts_as_public():
    assert option(read_manifest(PROJECT / "Spacefile")["demo"].run, "--host") == ["0.0.0.0"]


@pytest.mark.parametrize("key", ["titel", "colourFrom", "short_descripton"])
def test_an_unknown_key_names_the_micro_the_nearest_key_and_all(tmp_path, key):
    nearest = {"titel": "title", "colourFrom": "colorFrom"}.get(key, "short_description")
    message = fault(tmp_path, *BLOCK, key, value="x")
    assert message.startswith(
        f"micro demo: x-huggingface: unknown key {key} (did you mean {nearest}"
    )
    assert "allowed are title, emoji, colorFrom" in message


@pytest.mark.parametrize("key", ["title", "emoji", "colorFrom", "colorTo", "sdk", "license"])
def test_a_key_that_is_missing_is_named_with_what_it_must_be(tmp_path, key):
    message = fault(tmp_path, *BLOCK, key, value=None)
    assert message.startswith(f"micro demo: x-huggingface: {key} is missing: ")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("colorFrom", "teal", f"one of {', '.join(COLOURS)}, got 'teal'"),
        ("short_description", "x" * 61, f"a text of at most {LONGEST_DESCRIPTION} characters"),
        ("license", "Apache-2.0", "one of apache-2.0, mit"),
        ("emoji", ":-)", "an emoji and nothing else, got ':-)'"),
        ("emoji", "A", "an emoji and nothing else"),
        ("python_version", 3.11, 'a version as text, such as "3.11", got 3.11'),
        ("suggested_hardware", "h100", "one of cpu-basic"),
        ("models", "USER/NAME", "a list of names on the Hub"),
        ("preload_from_hub", ["NAME"], "a list of USER/NAME [FILE,FILE [REVISION]]"),
        ("app_file", "../app.py", "a file of the Space, without '..'"),
        ("app_file", "/app.py", "a file of the Space"),
        ("pinned", "yes", "true or false"),
        ("startup_duration_timeout", 30, "a time such as 30m or 1h"),
        ("custom_headers", {"x-frame-options": "deny"}, "headers of cross-origin-embedder-policy"),
        ("title", " ", "a text, got ' '"),
    ],
)
def test_a_value_that_the_hub_does_not_take_is_refused_with_what_it_takes(
    tmp_path, key, value, words
):
    message = fault(tmp_path, *BLOCK, key, value=value)
    assert message.startswith(f"micro demo: x-huggingface: {key} must be {words}")


@pytest.mark.parametrize("emoji", ["🎭", "📉", "❤️", "👩🏽‍🔬"])
def test_emoji_of_one_and_of_several_signs_are_taken(tmp_path, emoji):
    whole = deepcopy(WHOLE)
    whole["micros"][0]["x-huggingface"]["emoji"] = emoji
    assert read(tmp_path, whole)["demo"].front_matter["emoji"] == emoji


def test_headers_for_cross_origin_isolation_are_taken(tmp_path):
    headers = {
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-opener-policy": "same-origin",
    }
    whole = deepcopy(WHOLE)
    whole["micros"][0]["x-huggingface-static"]["custom_headers"] = headers
    assert read(tmp_path, whole)["static"].front_matter["custom_headers"] == headers


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("v",), 1, "Spacefile: v must be a whole number in [0, 0], got 1"),
        (("app_name",), "x" * 13, "Spacefile: app_name must be a text of at most 12 characters"),
        (
            ("micro",),
            [],
            "Spacefile: unknown key micro (did you mean micros?): allowed are v, icon",
        ),
        (("micros",), None, "Spacefile: micros is missing: a list of mappings"),
        ((*DEMO, "engine"), "python3.11", "micro demo: engine must be one of static, react"),
        ((*DEMO, "engine"), None, "micro demo: engine is missing: one of static"),
        ((*DEMO, "engine"), "static", "micro demo: serve is for the engines static, react"),
        ((*DEMO, "rnu"), "x", "micro demo: unknown key rnu (did you mean run?)"),
        ((*DEMO, "primary"), False, "Spacefile: exactly one micro must have primary: true"),
        ((*DEMO, "name"), "page", "Spacefile: micros must be dashboard and demo, each once, got"),
        (
            (*DEMO, "run"),
            "python app.py",
            "micro demo: run must begin with python -m demo_app, got",
        ),
        (BLOCK, None, "micro demo: x-huggingface is missing: the front matter of the Space demo"),
        ((*BLOCK, "sdk"), "static", "micro demo: x-huggingface: python_version is for sdk gradio"),
        ((*BLOCK, "app_port"), 7860, "micro demo: x-huggingface: app_port is for sdk docker"),
        (
            (*DASHBOARD, "x-huggingface", "app_port"),
            8500,
            "micro dashboard: x-huggingface: app_port must be the --server.port of run, got 8500 "
            "and 8501",
        ),
        (
            (*DASHBOARD, "presets", "env", 0, "name"),
            "FER RUNS",
            "micro dashboard: presets: env: name must be the name of a variable",
        ),
        ((*DASHBOARD, "presets", "keys"), True, "micro dashboard: presets: unknown key keys"),
    ],
)
def test_what_is_no_manifest_of_version_0_is_refused(tmp_path, path, value, words):
    assert fault(tmp_path, *path, value=value).startswith(words)


def test_a_third_micro_is_refused(tmp_path):
    whole = deepcopy(WHOLE)
    whole["micros"].append({"name": "page", "src": ".", "engine": "custom"})
    with pytest.raises(ManifestError, match="micros must be dashboard and demo"):
        read(tmp_path, whole)


@pytest.mark.parametrize(("text", "words"), [("v: [", "is not YAML"), ("- v", "must be a mapping")])
def test_what_is_no_mapping_is_one_sentence(tmp_path, text, words):
    (tmp_path / "Spacefile").write_text(text)
    with pytest.raises(ManifestError, match=words) as raised:
        read_manifest(tmp_path / "Spacefile")
    assert "\n" not in str(raised.value)


def test_a_manifest_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ManifestError, match=r"cannot read .*: No such file"):
        read_manifest(tmp_path / "Spacefile")
