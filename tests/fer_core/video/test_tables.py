import io

import numpy as np
import pandas as pd
import pytest

from fer_core.video.events import EventRule, find_events
from fer_core.video.person_summary import summarise_people
from fer_core.video.series import make_series
from fer_core.video.tables import event_table, long_table, people_table, transition_table

MOMENTS = np.arange(10) / 10


@pytest.fixture
def series():
    rows = np.array([[0.9, 0.1]] * 6 + [[0.2, 0.8]] * 4)
    return [make_series(3, ("=happiness", "sadness"), MOMENTS, rows, MOMENTS, 0.1)]


def read(content):
    return pd.read_csv(io.BytesIO(content))


def test_the_long_table_has_a_row_per_sample_and_class(series):
    table = read(long_table("clip.mp4", series))
    columns = ["video", "face", "time_s", "until_s", "emotion", "probability", "person"]
    assert list(table) == columns
    assert len(table) == 20
    assert table.groupby("time_s")["probability"].sum().to_numpy() == pytest.approx(1)
    wide = table.pivot(index="time_s", columns="emotion", values="probability")
    assert wide["sadness"].tolist() == pytest.approx([0.1] * 6 + [0.8] * 4)


def test_no_cell_is_a_formula(series):
    assert "'=happiness" in set(read(long_table("clip.mp4", series))["emotion"])


def test_events_have_their_duration(series):
    table = read(event_table("clip.mp4", find_events(series, EventRule("=happiness"))))
    assert table[["from_s", "to_s", "duration_s"]].to_numpy().tolist() == [[0.0, 0.6, 0.6]]


def test_without_events_the_header_remains():
    assert list(read(event_table("clip.mp4", []))) == [
        "video", "face", "emotion", "from_s", "to_s", "duration_s", "mean", "peak",
        "person",
    ]  # fmt: skip


def test_people_and_transitions_are_tables(series):
    people = summarise_people(series, 0.5)
    shares = read(people_table("clip.mp4", people))
    assert shares["share_of_time"].tolist() == [0.6, 0.4]
    table = read(transition_table("clip.mp4", people))
    assert table["count"].tolist() == [1]
