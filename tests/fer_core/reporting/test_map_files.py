"""Measures of attention maps, read from files and put in tables."""

import json
import math

import pytest

from fer_core.reporting.blocks import ReportError
from fer_core.reporting.map_files import (
    HEADLINE,
    all_maps_table,
    map_rows,
    maps_table,
    read_maps,
)


def test_the_model_of_a_file_is_read_and_both_of_a_comparison(tmp_path, write_maps):
    (found,) = read_maps(write_maps(tmp_path / "one.json", "mine", 0.6))
    assert (found.model, found.data, found.images) == ("mine", "FERPlus val", 150)
    assert found.values["locality"] == pytest.approx((0.6, 0.59, 0.61))
    assert found.values["deletion.centre"].value == 0.4
    assert math.isnan(found.values["mirror"].value)  # every map was flat
    assert math.isnan(found.values["completeness"].low)
    both = read_maps(write_maps(tmp_path / "two.json", "a", against="b"))
    assert [one.model for one in both] == ["a", "b"]


def test_a_share_without_an_interval_of_an_earlier_version_is_read(tmp_path, write_maps):
    file = write_maps(tmp_path / "old.json")
    report = json.loads(file.read_text())
    report["model"]["maps"]["fixed"] = 0.7
    file.write_text(json.dumps(report))
    (found,) = read_maps(file)
    assert found.text("fixed") == "0.70"


def test_a_correlation_that_rounds_to_zero_has_no_sign(tmp_path, write_maps):
    file = write_maps(tmp_path / "flat.json")
    report = json.loads(file.read_text())
    report["model"]["maps"]["occlusion"] = [-0.001, -0.004, 0.002]
    file.write_text(json.dumps(report))
    (found,) = read_maps(file)
    assert found.text("occlusion") == "0.00 (0.00 to 0.00)"


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report["model"].update(maps=None),
        lambda report: report["model"]["maps"].pop("locality"),
        lambda report: report["model"]["maps"].update(locality="much"),
        lambda report: report["model"]["maps"].update(occlusion=[0.1]),
        lambda report: report.pop("data"),
    ],
)
def test_a_file_without_the_measures_is_refused_with_the_command(tmp_path, write_maps, change):
    file = write_maps(tmp_path / "maps.json")
    report = json.loads(file.read_text())
    change(report)
    file.write_text(json.dumps(report))
    with pytest.raises(ValueError, match=r"maps\.json holds no measures of .* --maps --json"):
        read_maps(file)
    with pytest.raises(ReportError, match="holds no measures"):
        maps_table([file])


def test_the_short_table_has_a_row_for_each_model_and_the_long_one_a_column(tmp_path, write_maps):
    files = [
        write_maps(tmp_path / f"{name}.json", name, local)
        for name, local in (("a", 0.3), ("b", 0.6))
    ]
    header, _, *rows = maps_table(files).split("\n\n")[0].splitlines()
    assert header == f"| model | {' | '.join(HEADLINE.values())} | images |"
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| a", "0.30 (0.29 to 0.31)"],
        ["| b", "0.60 (0.59 to 0.61)"],
    ]
    header, _, *rows = all_maps_table(files).split("\n\n")[0].splitlines()
    assert header == "| measure | a | b |"
    assert len(rows) == len(map_rows(read_maps(files[0])[0].values)) + 1
    assert "Images of FERPlus val." in all_maps_table(files)
