from pathlib import Path

import pytest

from fer_core.records.run import read_runs
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.differences import differences_table
from fer_core.reporting.measures import measures_table

SHIPPED = Path(__file__).parents[3] / "fer_core/records/shipped_runs/gpu_mobilenetv2"


def row_of(text, method):
    (line,) = (line for line in text.splitlines() if f"| {method} |" in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_measure_has_its_difference_and_the_last_are_those_of_the_measures():
    runs = list(read_runs(SHIPPED).runs)
    row, known = (row_of(make(runs), "eac") for make in (differences_table, measures_table))
    assert len(row) == 4 + 6
    assert row[-2:] == [known[7], known[9]]
    last5 = float(row[4].split()[0])
    assert last5 == float(known[4].split("[")[1].split()[0])


def test_without_held_out_images_there_is_no_such_table(tmp_path, write_run):
    for method in ("cross_entropy", "eac"):
        write_run(tmp_path, method=method)
    with pytest.raises(ReportError, match="with --holdout"):
        differences_table(list(read_runs(tmp_path).runs))
