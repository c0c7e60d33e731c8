"""Runs of other programs, imported from the page."""

import pytest

from dashboard.data.imports import import_runs
from dashboard.data.names import read_folders
from fer_core.importing.runs import Facts
from fer_core.importing.series import SourceError


def test_a_csv_of_metrics_becomes_a_record_with_the_facts_that_are_known(tmp_path):
    logs = tmp_path / "logs"
    (logs / "mine").mkdir(parents=True)
    (logs / "mine" / "metrics.csv").write_text("epoch,val_accuracy\n0,0.5\n1,0.75\n")
    (logs / "other.csv").write_text("name,age\nAda,36\n")
    found = import_runs(logs, tmp_path / "runs", Facts(method="scn", seed=3))
    assert [folder.name for folder in found.folders] == ["mine"]
    assert "other" in " ".join(found.problems)
    row = read_folders([tmp_path / "runs"]).table.iloc[0]
    assert (row["run"], row["method"], row["seed"]) == ("imported/mine", "scn", 3)
    assert row["accuracy_percent"] == pytest.approx(62.5)


def test_a_place_without_metrics_is_a_sentence(tmp_path):
    assert "holds no CSV" in " ".join(import_runs(tmp_path, tmp_path / "runs", Facts()).problems)
    with pytest.raises(SourceError, match="absent"):
        import_runs(tmp_path / "absent", tmp_path / "runs", Facts())
