import importlib
import subprocess
import sys
import types
from pathlib import Path

import pytest

import fer_core
from fer_core import cli


def modules_after(*arguments):
    """What ``fer-core *arguments`` has imported at its end, in a process of its own."""
    code = (
        "import sys\nfrom fer_core.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    words = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(ended.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["nothing"], []])
def test_what_calls_no_command_imports_nothing_heavy(arguments):
    loaded = modules_after(*arguments)
    assert "fer_core.cli" in loaded
    assert not loaded & {"torch", "tyro", "numpy", "PIL", "argparse", "timm", "rich"}


@pytest.mark.parametrize(
    "command", ["report", "figures", "collect", "import-runs", "publish-results"]
)
def test_commands_that_only_read_records_start_without_pytorch(command):
    loaded = modules_after(command, "--help")
    assert f"fer_core.cli.{command.replace('-', '_')}" in loaded
    assert not loaded & {"torch", "timm"}


def test_the_help_has_a_line_for_every_command(capsys):
    cli.main(["--help"])
    output = capsys.readouterr().out
    assert output.startswith("usage: fer-core ")
    for name, line in cli.COMMANDS.items():
        assert f"  {name} " in output
        assert line in output
    assert max(map(len, output.splitlines())) <= 100


def test_every_command_is_a_module_and_every_module_with_a_main_is_a_command():
    for name in cli.COMMANDS:
        assert callable(importlib.import_module(f"fer_core.cli.{name.replace('-', '_')}").main)
    files = Path(cli.__file__).parent.glob("*.py")
    mains = {f.stem.replace("_", "-") for f in files if "\ndef main()" in f.read_text()}
    assert mains == set(cli.COMMANDS)


def test_the_version_is_that_of_the_library(capsys):
    cli.main(["--version"])
    assert capsys.readouterr().out == f"fer-core {fer_core.__version__}\n"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("trian", "did you mean train?"),
        ("evalute", "did you mean evaluate?"),
        ("zzz", "`fer-core --help` lists the commands"),
    ],
)
def test_an_unknown_command_names_the_nearest(name, hint, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([name])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"error: unknown command '{name}': {hint}\n"


def test_without_a_command_the_usage_is_an_error(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: fer-core ")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself_under_its_name(name, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: fer-core {name} " in capsys.readouterr().out


def test_the_words_behind_the_command_are_its_own(monkeypatch):
    seen = []
    module = types.ModuleType("fer_core.cli.train")
    monkeypatch.setattr(module, "main", lambda: seen.append(sys.argv), raising=False)
    monkeypatch.setitem(sys.modules, "fer_core.cli.train", module)
    monkeypatch.setattr("sys.argv", ["fer-core"])
    cli.main(["train", "--epochs", "2"])
    assert seen == [["fer-core train", "--epochs", "2"]]


def test_an_error_of_the_program_itself_is_not_hidden_behind_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "fer_core.training.engine", None)
    monkeypatch.delitem(sys.modules, "fer_core.cli.train", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"fer_core\.training\.engine"):
        cli.main(["train", "--help"])
