import json
import shutil

import pytest

from fer_core.config import from_json, to_json
from fer_core.config.renamed import RENAMED
from fer_core.datasets.ferplus import SPLITS as FOLDERS
from fer_core.models.pretrained import load_model, read_config, read_facts
from fer_core.records import schema
from fer_core.records.groups import group_runs
from fer_core.records.predictions import PREDICTIONS_FILE, read_predictions
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RecordError, read_run, read_runs
from fer_core.weights import shipped_models
from tests.project import PROJECT
from tests.version_1 import make_version_1

SHIPPED = SHIPPED_RUNS / "ferplus-mobilenetv2_100-embedded"
TABLES = (schema.DATA, schema.NOISE, schema.RESULT, schema.EPOCH, schema.FACTS)
FORMER = {name for names in TABLES for name in names}


def keys(value):
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in keys(inner))}
    return {key for inner in value for key in keys(inner)} if isinstance(value, list) else set()


def parts(run):
    return [run.config, run.data, run.noise, run.result, list(run.epochs)]


def test_a_record_of_version_1_is_read_with_the_names_of_today(tmp_path):
    folder = shutil.copytree(SHIPPED, tmp_path / "old")
    old = json.loads((folder / RUN_FILE).read_text())
    first = json.loads((folder / EPOCHS_FILE).read_text().splitlines()[0])
    assert old["schema_version"] == 1
    run = read_run(folder)
    assert run.data["eval_split"] == "val"
    assert run.data["train_split"] == "train"
    assert run.data["eval_images"] == old["data"]["test_images"] == 3199
    assert run.noise["noisy_labels_sha256"] == old["noise"]["labels_sha256"]
    assert run.result["mean_class_accuracy_last5"] == old["result"]["class_mean_accuracy_last5"]
    assert run.epochs[0]["eval_accuracy"] == first["test_accuracy"]
    assert run.epochs[0]["train_accuracy_true_labels"] == first["train_accuracy_clean"]
    assert not keys(parts(run)) & FORMER
    assert json.loads((folder / RUN_FILE).read_text()) == old


def test_an_option_that_was_renamed_after_version_2_is_read_by_its_name_of_today():
    run = {"schema_version": 2, "config": {"hole": "official", "leave_out": None}}
    assert schema.current_run(run)["config"] == {"erased_region": "official", "exclude": None}


def test_every_shipped_record_has_the_names_of_today():
    found = read_runs(SHIPPED_RUNS)
    assert not found.problems
    assert found.runs
    for run in found.runs:
        assert not keys(parts(run)) & FORMER
        assert all("eval_accuracy" in epoch for epoch in run.epochs)
        assert run.data["eval_split"] in ("val", "test")


def test_both_versions_of_a_record_say_the_same(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run.path, tmp_path / tiny_run.name)
    make_version_1(folder)
    old = read_run(folder)
    assert keys(json.loads((folder / RUN_FILE).read_text())) & FORMER
    assert parts(old) == parts(tiny_run)
    assert read_predictions(folder) == read_predictions(tiny_run.path)
    assert (folder / PREDICTIONS_FILE).read_text().startswith("image,label,predicted")
    (group,) = group_runs([old, tiny_run])
    assert group.setting == group_runs([tiny_run])[0].setting


@pytest.mark.parametrize("version", [schema.SCHEMA_VERSION + 1, 99, "2", None])
def test_a_version_that_this_program_does_not_know_is_refused(tiny_run, tmp_path, version):
    folder = shutil.copytree(tiny_run.path, tmp_path / "run")
    run = json.loads((folder / RUN_FILE).read_text())
    (folder / RUN_FILE).write_text(json.dumps({**run, "schema_version": version}))
    with pytest.raises(RecordError, match=f"version {version}.*up to {schema.SCHEMA_VERSION}"):
        read_run(folder)


def test_the_columns_of_an_import_of_version_1_have_the_names_of_today(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run.path, tmp_path / "run")
    make_version_1(folder)
    run = json.loads((folder / RUN_FILE).read_text())
    imported = {"file": "a.csv", "columns": {"test_accuracy": "val_acc"}}
    (folder / RUN_FILE).write_text(json.dumps({**run, "imported": imported}))
    assert read_run(folder).imported["columns"] == {"eval_accuracy": "val_acc"}


@pytest.mark.slow
def test_the_facts_of_a_model_that_was_saved_earlier_have_the_names_of_today():
    folder = shipped_models()["noisy30-eac"]
    assert read_config(folder)["fer_core"]["facts"]["test_split"] == "FER2013Valid"
    facts = read_facts(folder)
    assert (facts["eval_split"], facts["eval_images"]) == ("val", 3199)
    assert not keys(facts) & FORMER
    assert load_model(folder).facts == facts


def test_the_document_names_everything_that_was_renamed():
    text = (PROJECT / "docs" / "run-records.md").read_text(encoding="utf-8")
    rows = text.split("## Version 1")[1]
    for names in (schema.PREDICTION, schema.FORMER_FILES, RENAMED, *TABLES):
        for former, name in names.items():
            assert f"| `{former}` | `{name}` |" in rows


def test_the_splits_of_ferplus_have_one_name():
    assert schema.SPLITS == FOLDERS


def test_options_by_their_former_names_make_the_same_configuration(tiny_config):
    former = to_json(tiny_config)
    former["validation"], former["test_mirror"] = 0.2, True
    del former["holdout"], former["tta_flip"]
    config = from_json(former)
    assert (config.holdout, config.tta_flip) == (0.2, True)
    assert tiny_config.change(validation=0.2).holdout == 0.2
