import builtins
import importlib
import io
import os
import pkgutil
import subprocess
import sys

import pytest

import fer_core
from fer_core.errors import INTERRUPTED, FerError, told_in_a_sentence


def modules():
    found = pkgutil.walk_packages(fer_core.__path__, "fer_core.")
    return [module.name for module in found if not module.name.endswith("__main__")]


def test_every_error_of_the_library_is_a_fer_error_and_keeps_its_built_in_base():
    errors = {
        value
        for name in modules()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, Exception)
        and value.__module__.startswith("fer_core.") and value is not FerError
    }  # fmt: skip
    assert len(errors) >= 15
    for error in errors:
        assert issubclass(error, FerError), error
        own = [base for base in error.__mro__ if base.__module__ == builtins.__name__]
        assert own[0] not in (Exception, BaseException, object), error


class KnownError(FerError, KeyError):
    """KeyError is none of the built-ins that end a command."""

    __str__ = Exception.__str__


@pytest.mark.parametrize(
    "error", [KnownError("no such model"), ValueError("no such model"), OSError("no such model")]
)
def test_what_the_user_can_mend_ends_a_command_with_a_sentence(error):
    with pytest.raises(SystemExit) as ended, told_in_a_sentence():
        raise error
    assert ended.value.code == "error: no such model"


def test_a_mistake_of_the_program_keeps_its_traceback():
    with pytest.raises(KeyError), told_in_a_sentence():
        raise KeyError("bug")


def test_an_interrupted_command_has_the_exit_code_of_a_shell():
    with pytest.raises(SystemExit) as ended, told_in_a_sentence():
        raise KeyboardInterrupt
    assert ended.value.code == INTERRUPTED == 130


def test_a_reader_that_has_seen_enough_is_no_error():
    script = (
        "from fer_core.errors import told_in_a_sentence\n"
        "with told_in_a_sentence():\n"
        "    for number in range(100_000): print(number)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


@pytest.mark.parametrize(("ending", "code"), [("", 0), ("; sys.exit(3)", 3)])
def test_what_is_printed_at_the_end_for_a_reader_that_left_is_no_error(ending, code):
    script = (
        "import sys\n"
        "from fer_core.errors import told_in_a_sentence\n"
        "sys.stdin.readline()\n"
        f"with told_in_a_sentence(): print('few lines'){ending}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.wait(60) == code
    assert process.stderr.read() == b""


def test_letters_that_the_terminal_lacks_are_written_as_escapes(monkeypatch):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252", newline="\r\n")  # as on Windows
    monkeypatch.setattr("sys.stdout", stream)
    with told_in_a_sentence():
        sys.stdout.write("顔.png, \udce9\n")
    stream.flush()
    assert written.getvalue() == b"\\u9854.png, \\udce9\r\n"
