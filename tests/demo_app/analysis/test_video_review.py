import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_review import KEPT, ReviewOptions, review_video, series_of
from demo_app.analysis.video_table import EXCLUDED, PERSON, POSITION, PREDICTION
from demo_app.render.timeline import draw_timeline
from fer_core.taxonomy import taxonomy_of
from fer_core.video.events import EventError
from fer_core.video.time_ranges import TimeRangeError

CLASSES = ("happiness", "sadness")
TAXONOMY = taxonomy_of(CLASSES)


@pytest.fixture
def result(tmp_path):
    """A face that smiles for a second and then is sad for one, analysed ten times a second."""
    rows = []
    for index in range(20):
        happy = 0.9 if index < 10 else 0.2
        best = max(happy, 1 - happy)
        name = CLASSES[0] if happy > 0.5 else CLASSES[1]
        values = (name, best, best >= 0.5, happy, 1 - happy, False, "Face 1")
        rows.append((index / 10, index, 1, 0.0, 0.0, 9.0, 9.0, *values))
    table = pd.DataFrame(rows, columns=[*POSITION, *PREDICTION, *CLASSES, EXCLUDED, PERSON])
    summary = {
        "video": {"seconds": 2.0, "stopped_at_limit": False, "damaged_parts": 0},
        "moments": 20,
        "classes": list(CLASSES),
        "threshold": 0.5,
        "moments_per_second": 10.0,
    }
    folder = tmp_path / "video-1"
    folder.mkdir()
    video = folder / "a clip-annotated.mp4"
    video.write_bytes(b"drawn")
    sampled = {"period": 0.1, "moments": tuple(index / 10 for index in range(20))}
    figure = draw_timeline(table, CLASSES, TAXONOMY, **sampled, seconds=2.0)
    files = (video, folder / "no.csv", folder / "no.json")
    return VideoResult(
        "a clip.mp4", "told", "", table, summary, figure, *files, TAXONOMY, **sampled
    )


def shapes(review):
    return [(shape.x0, shape.x1, shape.yref) for shape in review.figure.layout.shapes]


def test_the_table_gives_the_series_of_each_face(result):
    (series,) = series_of(result)
    assert series.ends[-1] == pytest.approx(2.0)
    assert series.probabilities[:, 0].tolist() == [0.9] * 10 + [0.2] * 10


def test_a_face_was_away_where_an_analysed_moment_is_without_it(result):
    away = replace(result, table=result.table[result.table["frame"] != 5])
    assert review_video(away, ReviewOptions("happiness")).people[0].bouts["happiness"] == 2
    moments = tuple(time for time in result.moments if time != 0.5)
    slow = replace(away, moments=moments)  # that frame was not analysed at all
    review = review_video(slow, ReviewOptions("happiness"))
    assert review.people[0].bouts == {"happiness": 1, "sadness": 1}
    assert [(one.start, one.end) for one in review.events] == [pytest.approx((0.0, 1.0))]


def test_an_event_is_listed_drawn_and_written(result):
    review = review_video(result, ReviewOptions("happiness", 0.6, 0.5))
    assert [(one.start, one.end) for one in review.events] == [pytest.approx((0.0, 1.0))]
    assert 'data-time="0.000"' in review.events_html
    assert "1 event (happiness" in review.events_html
    assert [one[:2] for one in shapes(review)] == [pytest.approx((0.0, 1.0))]
    events = pd.read_csv(review.files["events"])
    assert events["duration_s"].tolist() == [1.0]
    root = ElementTree.parse(review.files["elan"]).getroot()
    assert {tier.get("TIER_ID") for tier in root.iter("TIER")} == {"Face 1", "Face 1 events"}
    assert len(pd.read_csv(review.files["long"])) == 40
    assert review.files["csv"].name == "a clip-faces.csv"


def test_a_rule_that_nothing_meets_says_so(result):
    review = review_video(result, ReviewOptions("happiness", 0.95, 0.5))
    assert "No event" in review.events_html
    assert "<table" not in review.events_html
    assert list(pd.read_csv(review.files["events"])["face"]) == []


def test_an_excluded_range_is_marked_and_counts_nowhere_else(result):
    review = review_video(result, ReviewOptions("happiness", 0.6, 0.5, "0:00.5-1.5"))
    assert [(one.start, one.end) for one in review.events] == [pytest.approx((0.0, 0.5))]
    assert review.people[0].seconds == pytest.approx(1.0)
    assert review.people[0].transitions == {}
    csv = pd.read_csv(review.files["csv"])
    assert len(csv) == 20
    assert csv[csv[EXCLUDED]]["time_s"].tolist() == pytest.approx(np.arange(5, 15) / 10)
    report = json.loads(review.files["json"].read_text(encoding="utf-8"))
    assert report["excluded"] == [[0.5, 1.5]]
    assert sum(row[EXCLUDED] for row in report["rows"]) == 10
    assert len(pd.read_csv(review.files["long"])) == 20


def test_page_and_files_agree_about_what_is_left_out(result):
    review = review_video(result, ReviewOptions("happiness", excluded="0-1"))
    report = json.loads(review.files["json"].read_text(encoding="utf-8"))
    assert report["faces"][0]["share_of_time"] == {"sadness": 1.0}
    assert report["people"][0]["share_of_time"] == {"sadness": 1.0}
    assert "sadness 100 %" in review.summary_html
    assert "happiness 50 %" not in review.summary_html
    assert "Left out: 0.0 to 1.0 s." in review.summary_html
    whole = review_video(result, ReviewOptions("happiness")).summary_html
    assert "happiness 50 %, sadness 50 %" in whole
    assert "Left out" not in whole


def test_files_stay_for_downloads_under_way_and_go_after_a_few_more_looks(result):
    looks = [review_video(result, ReviewOptions("happiness", 0.1 * n)) for n in range(KEPT + 2)]
    there = [all(file.exists() for file in look.files.values()) for look in looks]
    assert there == [False] + [True] * (KEPT + 1)
    assert result.video.exists()


def test_files_are_written_although_the_folder_was_swept_meanwhile(result):
    result.video.unlink()
    result.video.parent.rmdir()
    review = review_video(result, ReviewOptions("happiness"))
    assert review.files["json"].exists()


def test_what_each_person_did_is_told(result):
    review = review_video(result, ReviewOptions("happiness"))
    assert "happiness 50 %" in review.people_html
    assert "happiness → sadness (1)" in review.people_html


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (ReviewOptions("joy"), EventError),
        (ReviewOptions("happiness", 0.6, 0.5, "later"), TimeRangeError),
    ],
)
def test_what_is_not_understood_is_an_error_and_writes_nothing(result, options, error):
    with pytest.raises(error):
        review_video(result, options)
    assert list(result.video.parent.iterdir()) == [result.video]
