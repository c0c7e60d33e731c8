"""The page with the results table, run without a browser."""

import json

import pytest

from fer_core.records.published import SHIPPED_RUNS


def text_of(app):
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def table_of(app):
    (text,) = (one.value for one in app.markdown if one.value.startswith("| "))
    return text.splitlines()


def test_the_table_is_by_method_and_noise_and_says_what_it_shows(shown_page, eight_records):
    app = shown_page("table", eight_records)
    assert not app.exception
    assert table_of(app)[0] == "| Method | clean labels | 30 % symmetric |"
    assert len(table_of(app)) == 4
    assert "n = 2" in text_of(app)
    (chart,) = (json.loads(item.proto.spec) for item in app.get("plotly_chart"))
    assert chart["layout"]["title"]["text"] == "Accuracy by noise"


def test_the_view_can_be_set_by_the_address(open_page, eight_records):
    address = {
        "table_rows": ["noise"],
        "table_column": "method",
        "table_measure": "Mean class accuracy",
        "table_cells": "difference from baseline",
        "table_with": ["EAC"],
    }
    app = open_page("table", eight_records, **address)
    assert not app.exception
    assert table_of(app)[0] == "| Noise | EAC |"
    assert "paired difference" in text_of(app)


def test_a_difference_without_a_baseline_is_a_sentence(open_page, tmp_path, write_run):
    write_run(tmp_path)
    app = open_page("table", tmp_path, table_cells="difference from baseline")
    assert not app.exception
    assert "--method cross_entropy" in text_of(app)


def test_rows_and_columns_without_a_run_are_a_sentence(open_page, tmp_path, write_run):
    write_run(tmp_path)
    write_run(tmp_path, method="cross_entropy", rate=0.0)
    app = open_page("table", tmp_path, table_only=["EAC"], table_with=["clean labels"])
    assert not app.exception
    assert [item.value for item in app.info] == ["No run is in these rows and columns."]


def test_no_finished_run_is_a_sentence(open_page, tmp_path, write_run):
    write_run(tmp_path, done=1, status="running")
    assert "No run has finished yet" in text_of(open_page("table", tmp_path))


@pytest.mark.slow
def test_the_latex_of_the_shipped_study_has_its_marks(open_page):
    app = open_page("table", SHIPPED_RUNS)
    app.session_state["copy-results"] = True
    app.run()
    assert not app.exception
    assert r"$77.8 \pm 0.2^{*}$ (n = 5)" in app.code[0].value
    assert r"$\mathbf{" in app.code[0].value
