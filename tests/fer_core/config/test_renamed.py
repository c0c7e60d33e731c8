import logging
import sys

import pytest

from fer_core.cli import train as command
from fer_core.config import RunConfig, field_types
from fer_core.config.renamed import RENAMED, current_flags, current_names
from fer_core.sweeping.plan import read_plan

PLAN = """
[common]
epochs = 1
test_mirror = true
[grid]
validation = [0.1, 0.2]
"""


def test_former_names_are_no_fields_any_more():
    assert not set(RENAMED) & set(field_types())
    assert set(RENAMED.values()) <= set(field_types())


def test_a_former_name_was_set_later_than_the_name_of_today():
    assert current_names({"validation": 0.2, "holdout": 0.0}) == {"holdout": 0.2}
    assert current_names({"epochs": 3}) == {"epochs": 3}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["--validation", "0.1"], ["--holdout", "0.1"]),
        (["--validation=0.1"], ["--holdout=0.1"]),
        (["--no-test-mirror"], ["--no-tta-flip"]),
        (["--test_mirror"], ["--tta-flip"]),
        (["--leave-out", "bad.txt"], ["--exclude", "bad.txt"]),
        (["--hole=official"], ["--erased-region=official"]),
        (["--noise", "validation"], ["--noise", "validation"]),
        (["--epochs", "3"], ["--epochs", "3"]),
    ],
)
def test_flags_by_their_former_names_are_read(written, read):
    assert current_flags(written) == read


def test_a_former_flag_says_the_new_one(caplog):
    with caplog.at_level(logging.WARNING):
        current_flags(["--validation", "0.1"])
    assert "--validation is now --holdout" in caplog.text


def test_the_command_takes_former_flags(monkeypatch, tmp_path):
    seen = {}

    def pretend(config, folder, **options):
        seen["config"] = config
        raise ValueError("enough")

    monkeypatch.setattr(command, "train", pretend)
    words = ["--validation", "0.2", "--test-mirror", "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", ["fer-core train", *words])
    with pytest.raises(SystemExit):
        command.main()
    assert seen["config"] == RunConfig(holdout=0.2, tta_flip=True)


def test_a_plan_with_former_names_makes_the_same_runs_under_the_same_names(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    runs = read_plan(file)
    assert [run.name for run in runs] == ["validation0.1", "validation0.2"]
    assert [run.config.holdout for run in runs] == [0.1, 0.2]
    assert all(run.config.tta_flip for run in runs)
