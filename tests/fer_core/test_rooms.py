"""The rooms: each names what may be used from outside, and loads it on first use."""

import importlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import fer_core
from fer_core.cli import COMMANDS, main

FOLDER = Path(fer_core.__file__).parent
ROOMS = sorted(stub.parent.name for stub in FOLDER.glob("*/__init__.pyi"))
PROJECT = FOLDER.parent
# Not the words of the field: what they mean has a name there.
FORBIDDEN = (
    *("picture", "hole", "shelf", "desk", "wish", "knock", "anew", "beside", "leave out"),
    *("left out", "leave-out", "plain model", "plain run", "embedded", "single pass"),
    *("mirror image", "mirrored", "drawn face", "given label", "by heart", "stands", "to be had"),
)
HELPS = [(name,) for name in COMMANDS] + [("data", part) for part in ("check", "noise", "cache")]
TORCH_FREE = ("config", "io", "metrics", "records", "weights")


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_a_room_is_there_and_is_no_module(room):
    module = importlib.import_module(f"fer_core.{room}")
    assert module.__all__
    files = {file.stem for file in (FOLDER / room).glob("*.py")}
    for name in module.__all__:
        assert name not in files, f"{room}.{name} would be a module or a function by chance"
        assert getattr(module, name) is not None


@pytest.mark.slow
def test_rooms_that_the_dashboard_reads_with_load_without_torch():
    names = [f"fer_core.{room}" for room in TORCH_FREE]
    public = "".join(
        f"[getattr({name}, n) for n in getattr({name}, '__all__', ())];" for name in names
    )
    code = f"import sys, {', '.join(names)}; {public} sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_few_modules_lie_directly_in_the_package():
    flat = {file.stem for file in FOLDER.glob("*.py")} - {"__init__", "__main__"}
    assert flat == {"emotions", "taxonomy", "machine", "errors", "predict", "maps"}


def test_no_module_has_the_name_of_one_of_the_standard_library():
    for file in FOLDER.rglob("*.py"):
        if file.parent != FOLDER and file.stem not in ("__init__", "__main__"):
            assert file.stem not in sys.stdlib_module_names, file


def test_no_public_class_has_the_name_of_another():
    files = [
        f
        for part in ("fer_core", "demo_app", "dashboard", "train")
        for f in (PROJECT / part).rglob("*.py")
    ]
    found = Counter(
        name
        for file in files
        for name in re.findall(r"^class ([A-Za-z]\w*)", file.read_text(encoding="utf-8"), re.M)
    )
    assert len(found) > 100
    del found["Command"]  # the command line of each module of fer_core.cli
    assert [name for name, count in found.items() if count > 1] == []


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_the_help_of_a_command_has_the_words_of_the_field(words, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    text = " ".join(re.sub(r"[│\s]+", " ", capsys.readouterr().out).lower().split())
    assert ended.value.code in (0, None)
    assert "usage" in text
    pattern = rf"\b({'|'.join(map(re.escape, FORBIDDEN))})s?\b"
    assert re.findall(pattern, text) == []
