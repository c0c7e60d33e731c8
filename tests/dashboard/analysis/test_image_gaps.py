"""Differences with an interval over seeds and images."""

import pytest

from dashboard.analysis.comparison import comparisons, noise_points, paired_gaps
from dashboard.analysis.image_gaps import COLUMNS, UNKNOWN, image_gaps
from dashboard.analysis.noise import MEASURES
from dashboard.data.names import read_folders
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import read_runs
from fer_core.reporting.measures import measures_table


@pytest.mark.slow
def test_both_intervals_are_those_of_the_table_of_the_study():
    study = SHIPPED_RUNS / "study48"
    runs = read_folders([study])
    points = noise_points(runs.table)
    shown = points[points["comparison"] == comparisons(points)[0]]
    table = measures_table(list(read_runs(study).runs))
    for name in ("Chosen epoch, flip TTA", "Chosen epoch, flip TTA, mean class accuracy"):
        gaps = image_gaps(runs, shown, MEASURES[name])
        assert len(gaps) >= 4
        for row in gaps.itertuples():
            assert f"{row.gap:+.2f} ({row.over_images})" in table
            assert row.over_images == f"{row.low:+z.2f} to {row.high:+z.2f}"
    accuracy = image_gaps(runs, shown, MEASURES["Chosen epoch, flip TTA"])
    several = accuracy[accuracy["n"] > 1]
    assert all(f"{row.gap:+.2f} ({row.over_seeds})" in table for row in several.itertuples())
    assert set(accuracy.loc[accuracy["n"] == 1, "over_seeds"]) <= {"one seed"}


def test_without_predictions_the_interval_over_images_is_unknown(eight_records):
    runs = read_folders([eight_records])
    points = noise_points(runs.table)
    gaps = image_gaps(runs, points, MEASURES["Accuracy"])
    assert gaps["noise_percent"].tolist() == [0, 30]
    assert set(gaps["over_images"]) == {UNKNOWN}
    assert gaps["over_seeds"].str.contains(" to ").all()
    over_seeds = paired_gaps(points)
    assert gaps["low"].tolist() == over_seeds["low"].tolist()
    assert gaps["high"].tolist() == over_seeds["high"].tolist()


def test_a_measure_without_predictions_has_no_differences(eight_records):
    runs = read_folders([eight_records])
    gaps = image_gaps(runs, noise_points(runs.table), MEASURES["Change from clean"])
    assert gaps.empty
    assert gaps.columns.tolist() == COLUMNS
