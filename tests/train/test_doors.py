"""The modules that were the commands before there was `fer-core`: each still opens its command."""

import runpy
from pathlib import Path

import pytest

import train

DOORS = sorted(
    f"train.{file.stem}" for file in Path(train.__file__).parent.glob("*.py") if file.stem[0] != "_"
)


@pytest.mark.parametrize("door", [*DOORS, "fer_core.predict", "fer_core.maps"])
def test_every_door_explains_its_command(door, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [door, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(door, run_name="__main__")
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


def test_there_is_a_door_for_each_of_the_old_commands():
    assert {"train.run", "train.evaluate", "train.data", "train.sweep", "train.embed"} <= set(DOORS)
