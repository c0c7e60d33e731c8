"""Which published figures may stand beside our own."""

import re

import pytest

from fer_core.records.published import (
    ZERO_SHOT,
    Conditions,
    architecture,
    published_bibtex,
    read_published_results,
)
from fer_core.records.trials import trial_of
from tests.made_records import made_record

ROW = {
    "dataset": "RAF-DB",
    "classes": "7",
    "metric": "accuracy",
    "noise_kind": "symmetric",
    "noise_rate": "0.3",
}


def ours(**options):
    trial = trial_of(made_record(data="rafdb:somewhere", **options))
    return Conditions.of_runs(trial.setting, trial.noise)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"noise_rate": "0.302"},  # which differs by less than is told apart
    ],
)
def test_a_figure_of_the_same_data_classes_metric_and_noise_is_alike(other):
    assert ours().alike(Conditions.of_published(ROW | other))


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": "FERPlus"},
        {"classes": "8"},
        {"classes": ""},
        {"metric": "mean class accuracy"},
        {"noise_kind": "asymmetric"},
        {"noise_rate": "0.2"},
        {"noise_kind": "none", "noise_rate": "0"},
        {"trained_on": "FERPlus"},
        {"trained_on": ZERO_SHOT},
    ],
)
def test_a_figure_that_differs_in_one_of_them_is_not(other):
    assert not ours().alike(Conditions.of_published(ROW | other))


def test_clean_labels_are_alike_whatever_an_empty_cell_says():
    clean = ours(noise="none", noise_rate=0.0)
    for cells in ({"noise_kind": "none", "noise_rate": "0"}, {"noise_kind": "", "noise_rate": ""}):
        assert clean.alike(Conditions.of_published(ROW | cells))


def test_a_number_of_classes_that_is_not_stated_equals_no_other():
    unstated = Conditions.of_published(ROW | {"classes": ""})
    assert not unstated.alike(unstated)


def test_every_published_row_has_conditions():
    rows = [Conditions.of_published(row) for row in read_published_results()]
    assert {row.noise_kind for row in rows} == {"none", "symmetric"}
    assert all(0 <= row.noise_percent < 100 for row in rows)


def test_an_architecture_is_found_whatever_its_weights():
    assert architecture("resnet50.a1_in1k") == "ResNet-50"
    assert architecture("test_resnet") is None


def test_every_row_links_to_the_place_where_its_figure_was_read():
    rows = read_published_results()
    places = [(row["source"], row["table_url"]) for row in rows]
    assert all(source for source, _ in places)
    unlinked = {source for source, url in places if not url}
    assert all("HUST report" in source for source in unlinked)  # it has no public address
    addresses = [
        row[column]
        for row in rows
        for column in ("table_url", "paper_url", "code_url", "doubt_url")
        if row[column]
    ]
    assert all(re.fullmatch(r"https://[^\s,]+", address) for address in addresses)


def test_every_row_has_the_bibtex_of_its_paper_except_those_of_the_hust_report():
    rows = read_published_results()
    uncited = {row["method"] for row in rows if not row["bibtex"]}
    assert all("HUST report" in method for method in uncited)
    entries = published_bibtex(row["bibtex"] for row in rows)
    assert entries.count("\n@") + 1 == len({row["bibtex"] for row in rows} - {""})
    assert "@inproceedings{zhang2022eac," in entries


def test_bibtex_of_a_paper_is_one_entry_with_title_and_year():
    entry = published_bibtex(["zhang2022eac", "", "zhang2022eac"])
    assert entry.count("@") == 1
    assert "Erasing Attention Consistency" in entry
    assert "year = {2022}" in entry


def test_no_figure_is_listed_twice():
    rows = [tuple(row.values()) for row in read_published_results()]
    assert len(set(rows)) == len(rows)
