import sys

import pytest

from demo_app.spaces import trial
from demo_app.spaces.__main__ import main
from tests.hub_server import serve_own_hub, use_hub

TOKEN = "hf_secret0123456789"


@pytest.fixture
def run(monkeypatch):
    """The function that runs the program and gives what it ends with."""

    def run_one(*words):
        monkeypatch.setattr(sys, "argv", ["space", *map(str, words)])
        try:
            main()
        except SystemExit as stopped:
            return stopped.code
        return None

    return run_one


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """The Spaces that would have been started once; starting takes seconds (test_trial.py)."""
    names = []
    monkeypatch.setattr(trial, "start_once", lambda space, folder: names.append(space.name))
    return names


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A hub on this computer on which the account ``me`` may write."""
    with serve_own_hub(monkeypatch, tmp_path / "cache", TOKEN) as running:
        yield running


@pytest.mark.slow
def test_named_spaces_are_built_into_folders_of_their_names(run, tmp_path):
    assert run("build", "dashboard", "demo", "--out", tmp_path) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dashboard", "demo"]
    assert (tmp_path / "demo" / "app.py").is_file()
    assert (tmp_path / "dashboard" / "Dockerfile").is_file()


def test_an_unknown_space_is_refused_with_the_known_ones(run, tmp_path, capsys):
    assert run("build", "page", "--out", tmp_path) == 2
    assert "dashboard" in capsys.readouterr().err


def test_a_foreign_folder_is_one_sentence(run, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine")
    message = run("build", "demo", "--out", tmp_path)
    assert message.startswith(f"error: {tmp_path}/demo is not a Space that was built before")
    assert "\n" not in message


@pytest.mark.parametrize(("words", "visibility"), [((), None), (("--private",), "private")])
@pytest.mark.slow
def test_push_makes_a_space_of_its_kind_in_one_commit(run, server, started, words, visibility):
    assert run("push", "dashboard", "--repo", "me/results", *words) is None
    assert started == ["dashboard"]
    space = server.repositories["spaces/me/results"]
    assert {"README.md", "Dockerfile", "dashboard/app.py"} <= set(space.revisions["main"])
    assert space.facts["sdk"] == "docker"
    assert space.facts.get("visibility") == visibility
    [message] = space.messages
    assert message.startswith("Build the dashboard Space from ")


@pytest.mark.slow
def test_pushing_again_replaces_what_an_earlier_version_had(run, server):
    run("push", "dashboard", "--repo", "me/results")
    files = server.repositories["spaces/me/results"].revisions["main"]
    before = set(files)
    files["dashboard/gone.py"] = b"of an earlier version"
    assert run("push", "dashboard", "--repo", "me/results") is None
    assert set(server.repositories["spaces/me/results"].revisions["main"]) == before


@pytest.mark.slow
def test_push_says_where_the_space_is_and_never_the_token(run, server, capfd, caplog):
    assert run("push", "dashboard", "--repo", "me/results") is None
    assert f"{server.address}/spaces/me/results" in caplog.text
    assert TOKEN not in caplog.text + "".join(capfd.readouterr())
    files = server.repositories["spaces/me/results"].revisions["main"]
    assert not any(TOKEN.encode() in content for content in files.values())


@pytest.mark.parametrize(
    ("token", "repository", "words"),
    [
        (None, "me/results", "cannot be uploaded without an access token"),
        ("hf_wrong", "me/results", "the Hub refuses the access token"),
        (TOKEN, "results", "'results' is not a repository name: use USER/NAME"),
    ],
)
@pytest.mark.slow
def test_what_keeps_a_space_from_the_hub_is_one_sentence(
    run, server, monkeypatch, tmp_path, token, repository, words
):
    use_hub(server, monkeypatch, tmp_path / "cache", token)
    message = run("push", "dashboard", "--repo", repository)
    assert message.startswith("error: ")
    assert words in message
    assert "\n" not in message
    assert token is None or token not in message
    assert server.repositories == {}


def test_there_is_no_option_for_a_token(run, capsys):
    assert run("push", "--help") == 0
    shown = capsys.readouterr().out
    assert "--token" not in shown
    assert "HF_TOKEN" in shown


def test_without_the_library_that_reads_the_manifest_the_extra_is_named(run, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "demo_app.spaces.manifest", raising=False)
    monkeypatch.delitem(sys.modules, "demo_app.spaces.build", raising=False)
    monkeypatch.delitem(sys.modules, "demo_app.spaces.templates", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    message = run("build", "demo", "--out", tmp_path)
    assert message.endswith("pip install --group space")
    assert "yaml" in message
