from dataclasses import replace

import pandas as pd
import pytest

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_people import (
    LONGEST_NAME,
    People,
    PeopleError,
    faces_of,
    merge,
    rename,
    with_people,
)
from demo_app.analysis.video_review import ReviewOptions, review_video
from demo_app.analysis.video_table import EXCLUDED, PERSON, POSITION, PREDICTION, summarise_faces
from demo_app.render.timeline import draw_timeline
from fer_core.taxonomy import taxonomy_of

CLASSES = ("happiness", "sadness")
TAXONOMY = taxonomy_of(CLASSES)
SEEN = {1: range(10), 2: range(10, 20), 3: range(5, 15)}
"""Frames of each face: the first two could be one person, the third is there beside both."""


@pytest.fixture
def result(tmp_path):
    rows = [
        (frame / 10, frame, face, 0.0, 0.0, 9.0, 9.0, CLASSES[face % 2], 0.9, True)
        + ((0.9, 0.1) if face % 2 == 0 else (0.1, 0.9))
        + (False, f"Face {face}")
        for face, frames in SEEN.items()
        for frame in frames
    ]
    table = pd.DataFrame(rows, columns=[*POSITION, *PREDICTION, *CLASSES, EXCLUDED, PERSON])
    table = table.sort_values(["frame", "face"], ignore_index=True)
    video = {"seconds": 2.0, "stopped_at_limit": False, "damaged_parts": False}
    summary = {"video": video, "classes": list(CLASSES), "threshold": 0.5, "moments": 20}
    summary |= {"moments_per_second": 10.0, "faces": summarise_faces(table, CLASSES)}
    folder = tmp_path / "video-1"
    folder.mkdir()
    (folder / "clip-annotated.mp4").write_bytes(b"drawn")
    sampled = {"period": 0.1, "moments": tuple(index / 10 for index in range(20))}
    figure = draw_timeline(table, CLASSES, TAXONOMY, **sampled, seconds=2.0)
    files = [folder / name for name in ("clip-annotated.mp4", "no.csv", "no.json")]
    return VideoResult("clip.mp4", "told", "", table, summary, figure, *files, TAXONOMY, **sampled)


def test_nothing_said_changes_nothing(result):
    assert with_people(result, People()) is result
    assert faces_of(result) == {1: "Face 1", 2: "Face 2", 3: "Face 3"}


def test_merged_faces_are_one_person_with_the_lowest_number_and_the_name(result):
    people = merge(result, People(), [2, 1], "Ada")
    merged = with_people(result, people)
    assert faces_of(merged) == {1: "Ada", 3: "Face 3"}
    assert len(merged.table) == len(result.table)
    assert merged.table.loc[merged.table["face"] == 1, "time_s"].is_monotonic_increasing
    assert [face["person"] for face in merged.summary["faces"]] == ["Ada", "Face 3"]
    assert "2 faces in 2.0 seconds" in merged.sentence
    assert "Ada, seen from 0.0 to 1.9 s" in merged.summary_html
    assert set(result.table["face"]) == {1, 2, 3}  # the analysis itself stays


def test_every_file_and_figure_follows(result):
    merged = with_people(result, merge(result, People(), [1, 2], "Ada & <b>Bo</b>"))
    review = review_video(merged, ReviewOptions("happiness", 0.6, 0.5))
    for kind in ("csv", "long", "people", "transitions"):
        assert "Ada & <b>Bo</b>" in set(pd.read_csv(review.files[kind])["person"]), kind
    assert list(pd.read_csv(review.files["events"])["person"]) == ["Ada & <b>Bo</b>"]
    (transition,) = pd.read_csv(review.files["transitions"]).to_dict("records")
    assert (transition["from"], transition["to"], transition["count"]) == ("sadness", CLASSES[0], 1)
    assert 'TIER_ID="Ada &amp; &lt;b&gt;Bo&lt;/b&gt; events"' in review.files["elan"].read_text()
    for shown in (review.people_html, review.events_html, merged.summary_html):
        assert "Ada &amp; &lt;b&gt;Bo" in shown
        assert "<b>Bo" not in shown
    titles = [one.text for one in review.figure.layout.annotations]
    assert titles == ["Ada &amp; &lt;b&gt;Bo&lt;/b&gt;", "Face 3"]


def test_two_who_are_seen_at_the_same_time_are_not_one_person(result):
    with pytest.raises(PeopleError, match=r"Face 1 and Face 3 .* 0\.5 s"):
        merge(result, People(), [1, 3], "")
    both = merge(result, People(), [1, 2], "Ada")
    with pytest.raises(PeopleError, match="Ada and Face 3"):
        merge(result, both, [1, 3], "")


def test_a_merged_person_is_merged_again_and_keeps_a_name(result):
    apart = replace(result, table=result.table[result.table["face"] != 3])
    later = apart.table[apart.table["face"] == 2]
    more = pd.concat(
        [apart.table, later.assign(face=4, frame=later["frame"] + 10, person="Face 4")]
    )
    apart = replace(apart, table=more)
    people = merge(apart, rename(apart, People(), [4], "Cy"), [2, 4], "")
    assert faces_of(with_people(apart, people)) == {1: "Face 1", 2: "Cy"}
    people = merge(apart, people, [1, 2], "")
    assert faces_of(with_people(apart, people)) == {1: "Cy"}


def test_a_name_is_taken_back_by_an_empty_one(result):
    people = rename(result, People(), [3], "  Bo \n Li ")
    assert people.person(3) == "Bo Li"
    assert rename(result, people, [3], " ") == People()


@pytest.mark.parametrize("name", ["Face 2", "Bo"])
def test_a_name_belongs_to_one_person(result, name):
    people = rename(result, People(), [3], "Bo")
    with pytest.raises(PeopleError, match=name):
        rename(result, people, [1], name)


@pytest.mark.parametrize(
    ("edit", "chosen", "name"),
    [
        (rename, [], "Ada"),
        (rename, [1, 2], "Ada"),
        (rename, [1], "a" * (LONGEST_NAME + 1)),
        (merge, [1], "Ada"),
        (merge, [1, 2], "a" * (LONGEST_NAME + 1)),
    ],
)
def test_what_cannot_be_done_is_an_error(result, edit, chosen, name):
    with pytest.raises(PeopleError):
        edit(result, People(), chosen, name)
