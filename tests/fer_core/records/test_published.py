"""Which published figures may stand beside our own."""

import pytest

from fer_core.records.published import Conditions, architecture, read_published_results
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
