import json
import shutil

import pytest

from fer_core.io.files import parse_json
from fer_core.records.odd_values import odd_values
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import RUN_FILE, RecordError, read_run

RUN = "synthetic-test_resnet-eac-noise0.3-seed0"


@pytest.fixture
def record(tmp_path):
    folder = tmp_path / RUN
    shutil.copytree(SHIPPED_RUNS / RUN, folder)
    return folder


def test_no_value_of_a_shipped_record_is_odd():
    files = sorted(SHIPPED_RUNS.rglob(RUN_FILE))
    assert len(files) > 30
    for file in files:
        assert odd_values(parse_json(file.read_text(encoding="utf-8"))) == [], file


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("config", "seed", "0"),
        ("config", "seed", [0]),
        ("config", "epochs", True),
        ("config", "epochs", float("nan")),
        ("config", "backbone", ["resnet18"]),
        ("config", "backbone", "a" * 2000),
        ("config", "compile", 1),
        ("config", "consistency_weight", [[1]]),
        ("config", "something", {"a": {"b": [1]}}),
        ("noise", "kind", []),
        ("data", "name", {}),
        ("data", "sha256", 3),
        ("result", "accuracy_last5", float("inf")),
        ("result", "anything", [{"deep": -float("inf")}]),
    ],
)
def test_a_record_with_a_value_that_no_run_has_is_named(record, section, name, value):
    file = record / RUN_FILE
    content = json.loads(file.read_text())
    content[section][name] = value
    file.write_text(json.dumps(content))
    with pytest.raises(RecordError, match=rf"wrong value in {section}\.{name}"):
        read_run(record)


def test_facts_that_nobody_stated_and_figures_that_there_are_not_are_no_fault(record):
    file = record / RUN_FILE
    content = json.loads(file.read_text())
    content["config"]["seed"] = None
    content["result"]["accuracy_best"] = float("nan")
    file.write_text(json.dumps(content))
    assert read_run(record).config["seed"] is None
