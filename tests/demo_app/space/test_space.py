import sys
from types import ModuleType

import pytest

from demo_app.space import main


class UploadError(ValueError):
    """As that of `fer_core.hub_upload`."""


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


@pytest.fixture
def hub(monkeypatch):
    """A stand-in for the upload; gives the calls, each with the files that it saw."""
    calls = []

    def upload_folder(folder, repository, **options):
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
        calls.append((repository, files, options))
        return f"https://huggingface.co/spaces/{repository}"

    stand_in = ModuleType("fer_core.hub_upload")
    stand_in.__dict__.update(upload_folder=upload_folder, UploadError=UploadError)
    monkeypatch.setitem(sys.modules, "fer_core.hub_upload", stand_in)
    return stand_in, calls


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
    assert message.startswith(f"error: {tmp_path}/demo is no Space that was built before")
    assert "\n" not in message


@pytest.mark.parametrize(("words", "private"), [((), False), (("--private",), True)])
def test_push_uploads_the_built_folder_as_a_space_of_its_kind(run, hub, words, private):
    _, calls = hub
    assert run("push", "dashboard", "--repo", "me/results", *words) is None
    [(repository, files, options)] = calls
    assert repository == "me/results"
    assert {"README.md", "Dockerfile", "dashboard/app.py"} <= files
    assert (options["kind"], options["space_sdk"]) == ("space", "docker")
    assert options["private"] is private
    assert options["replaces"] == ("*",)
    assert options["message"].startswith("Build the dashboard Space from ")


def test_push_says_where_the_space_is_and_never_the_token(run, hub, monkeypatch, capfd, caplog):
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
    assert run("push", "demo", "--repo", "me/demo") is None
    assert "https://huggingface.co/spaces/me/demo" in caplog.text
    assert "hf_secret" not in caplog.text + "".join(capfd.readouterr())
    assert "hf_secret" not in repr(hub[1])


def test_a_refusal_of_the_hub_is_one_sentence(run, hub, monkeypatch):
    def refuse(*_, **__):
        raise UploadError("the Hub refuses the access token")

    monkeypatch.setattr(hub[0], "upload_folder", refuse)
    assert run("push", "demo", "--repo", "me/demo") == "error: the Hub refuses the access token"


def test_there_is_no_option_for_a_token(run, capsys):
    assert run("push", "--help") == 0
    shown = capsys.readouterr().out
    assert "--token" not in shown
    assert "HF_TOKEN" in shown


def test_without_the_library_that_reads_the_manifest_the_extra_is_named(run, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "demo_app.space_manifest", raising=False)
    monkeypatch.delitem(sys.modules, "demo_app.space_build", raising=False)
    monkeypatch.delitem(sys.modules, "demo_app.space_texts", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    message = run("build", "demo", "--out", tmp_path)
    assert message.endswith("pip install -e '.[space]'")
    assert "yaml" in message
