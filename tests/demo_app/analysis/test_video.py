import json
import os
import threading
import time

import numpy as np
import pandas as pd
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from scipy.special import softmax

from demo_app.analysis.video import (
    VideoProgress,
    VideoResult,
    analyse_video,
    faces_at,
    find_tracks,
    fresh_folder,
)
from demo_app.analysis.video_example import draw_clip
from demo_app.analysis.video_movements import follow_movements, summarise_movements
from demo_app.analysis.video_report import VideoOptions, hint, meter, sentences, summary_html
from demo_app.analysis.video_review import ReviewOptions, review_video
from demo_app.render.timeline import NOT_SURE, ROWS, draw_timeline, spans
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import COLOURS
from fer_core.landmarks.analysis import COLUMNS
from fer_core.models.pretrained import ModelError
from fer_core.taxonomy import taxonomy_of
from fer_core.video.reader import Video, VideoError
from fer_core.video.writer import VideoWriter
from tests.made_analyses import make_analysis

pytestmark = pytest.mark.slow

RATE = 10


def write(path, frames, rate=RATE):
    with VideoWriter(path) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame, index / rate)
    return path


@pytest.fixture(scope="session")
def people():
    return [
        draw_portrait(emotion, 240, np.random.default_rng(seed))
        for emotion, seed in (("happiness", 7), ("surprise", 9))
    ]


def room(people, *places):
    """A room with a person at each place; None for one who is away."""
    paper = Image.new("RGB", (640, 320), "#8899aa")
    for person, place in zip(people, places, strict=False):
        if place is not None:
            paper.paste(person, place)
    return paper


@pytest.fixture(scope="session")
def clip(people, tmp_path_factory):
    """Two people, 3 seconds; the second leaves after one and is back 0.6 seconds later."""
    frames = [
        room(people, (2 * index, 40), None if 10 <= index < 16 else (390 - index, 40))
        for index in range(30)
    ]
    return write(tmp_path_factory.mktemp("clip") / "pair.mp4", frames)


@pytest.fixture(scope="session")
def nobody(tmp_path_factory, empty):
    return write(tmp_path_factory.mktemp("clip") / "nobody.mp4", [empty] * 8)


@pytest.fixture
def options(model):
    return VideoOptions(model, threshold=0.2)


def finish(steps):
    *_, result = steps
    assert isinstance(result, VideoResult)
    return result


@pytest.fixture(scope="session")
def result(pool, model, clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("result") / "own"
    return finish(analyse_video(pool, clip, VideoOptions(model, 0.2), folder))


@pytest.fixture(scope="session")
def analysed(pool, model, clip):
    return run_out(find_tracks(pool, Video(clip), VideoOptions(model, 0.2, maps=True)))


def run_out(generator):
    """The returned value of a generator."""
    while True:
        try:
            next(generator)
        except StopIteration as stopped:
            return stopped.value


def test_a_face_that_leaves_and_comes_back_keeps_its_number(result):
    assert [face["face"] for face in result.summary["faces"]] == [1, 2]
    times = {number: set(seen["time_s"]) for number, seen in result.table.groupby("face")}
    steady, leaving = sorted(times.values(), key=len, reverse=True)
    assert len(steady) == 30
    assert not {1.1, 1.3, 1.5} & leaving
    assert {0.5, 2.5} <= leaving


def test_boxes_lie_on_the_people_in_pixels_of_the_original(result):
    for row in result.table.itertuples():
        middle = ((row.x0 + row.x1) / 2, (row.y0 + row.y1) / 2)
        index = row.frame
        places = [(2 * index + 120, 160), (390 - index + 120, 160)]
        assert min(abs(middle[0] - x) + abs(middle[1] - y) for x, y in places) < 60


def test_boxes_of_reduced_frames_are_in_pixels_of_the_original(pool, options, people, tmp_path):
    large = room(people, (200, 40)).resize((1920, 960))
    path = write(tmp_path / "large.mp4", [large] * 6)
    table = finish(analyse_video(pool, path, options, tmp_path / "own")).table
    assert abs((table["x0"] + table["x1"]) / 2 - 3 * 320).max() < 90


def test_smoothed_maps_explain_the_smoothed_answers_exactly(pool, model, analysed):
    bias = pool.get(model).trained.model.classifier.bias.detach().numpy()
    for track in analysed.tracks:
        for face in track.faces:
            logits = face.maps.mean((1, 2)) + bias
            assert face.probabilities == pytest.approx(softmax(logits), abs=1e-5)


def test_csv_json_and_timeline_say_the_same(result):
    csv = pd.read_csv(result.csv)
    report = json.loads(result.json.read_text(encoding="utf-8"))
    pd.testing.assert_frame_equal(csv, pd.DataFrame(report["rows"]))
    pd.testing.assert_frame_equal(csv, result.table)
    classes = report["classes"]
    assert csv[classes].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-3)
    assert (csv["probability"] == csv[classes].max(axis=1)).all()
    lines = [trace for trace in result.figure.data if trace.type == "scatter"]
    assert len(lines) == 2 * len(classes)
    for trace in lines[: len(classes)]:
        drawn = [value for value in trace.y if value is not None]
        assert drawn == list(csv[csv["face"] == 1][trace.name])
        assert trace.line.color == COLOURS[trace.name]


def test_shares_and_means_are_those_of_the_rows(result):
    for face in result.summary["faces"]:
        seen = result.table[result.table["face"] == face["face"]]
        assert sum(face["share_of_time"].values()) == pytest.approx(1, abs=1e-3)
        unsure = face["share_of_time"].get(NOT_SURE, 0)
        assert unsure == pytest.approx(1 - seen["sure"].mean(), abs=1e-3)
        for name, mean in face["mean_probability"].items():
            assert mean == pytest.approx(seen[name].mean(), abs=1e-3)


def test_the_annotated_video_has_every_frame_at_its_time_with_the_boxes(result, clip):
    drawn, plain = (list(Video(path).frames()) for path in (result.video, clip))
    assert [f.time for f in drawn] == pytest.approx([f.time for f in plain], abs=1e-3)
    for row in result.table[result.table["frame"] == 20].itertuples():
        edge = (slice(int(row.y0) - 3, int(row.y0) + 4), slice(int(row.x0) + 30, int(row.x0) + 60))
        one, other = (np.asarray(frames[20].image, int)[edge] for frames in (drawn, plain))
        assert np.abs(one - other).max() > 60


def test_maps_are_drawn_when_asked_for(pool, model, clip, result, tmp_path):
    mapped = finish(
        analyse_video(pool, clip, VideoOptions(model, 0.2, maps=True), tmp_path / "own")
    )
    row = result.table.iloc[0]
    inside = (slice(int(row.y0) + 20, int(row.y1) - 20), slice(int(row.x0) + 20, int(row.x1) - 20))
    one, other = (
        np.asarray(next(Video(path).frames()).image, int)[inside]
        for path in (mapped.video, result.video)
    )
    assert np.abs(one - other).mean() > 5


def test_between_two_moments_boxes_move_evenly_and_a_lost_face_goes(analysed):
    track = analysed.tracks[0]
    (half,) = (t for t in faces_at(analysed, 0.45, RATE) if t.number == track.number)
    expected = np.mean([track.faces[4].box, track.faces[5].box], axis=0)
    assert half.face.box == pytest.approx(expected, abs=0.01)
    assert len(faces_at(analysed, 0.95, RATE)) == 2
    assert len(faces_at(analysed, 1.25, RATE)) == 1


def test_after_a_cut_faces_have_new_numbers(pool, options, people, tmp_path):
    other = Image.new("RGB", (640, 320), "#301010")
    other.paste(people[1], (40, 40))
    other.paste("#c0a020", (320, 0, 640, 320))
    frames = [room(people, (40, 40))] * 8 + [other] * 8
    result = finish(
        analyse_video(pool, write(tmp_path / "cut.mp4", frames), options, tmp_path / "own")
    )
    spans = [(face["from_s"], face["to_s"]) for face in result.summary["faces"]]
    assert spans == [(0.0, 0.7), (0.8, 1.5)]


def test_a_flicker_is_left_out_of_report_and_video(pool, options, people, tmp_path):
    frames = [room(people, (40, 40), (390, 40) if index == 8 else None) for index in range(16)]
    path = write(tmp_path / "flicker.mp4", frames)
    result = finish(analyse_video(pool, path, options, tmp_path / "own"))
    assert set(result.table["face"]) == {1}
    drawn, plain = (np.asarray(list(Video(p).frames())[8].image, int) for p in (result.video, path))
    assert np.abs(drawn - plain)[:, 400:].max() < 60


def test_a_video_without_a_face_gives_empty_tables_and_a_sentence(pool, options, nobody, tmp_path):
    result = finish(analyse_video(pool, nobody, options, tmp_path / "own"))
    assert result.sentence.startswith("No face in 0.8 seconds")
    assert result.summary["faces"] == []
    assert list(pd.read_csv(result.csv).columns) == list(result.table.columns)
    assert json.loads(result.json.read_text())["rows"] == []
    assert len(list(Video(result.video).frames())) == 8


def test_progress_rises_to_the_end(pool, options, nobody, tmp_path):
    steps = list(analyse_video(pool, nobody, options, tmp_path / "own"))
    shares = [step.share for step in steps if isinstance(step, VideoProgress)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.2
    assert shares[-1] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("step", [1, 20, 45])
def test_a_cancelled_analysis_stops_and_leaves_no_file(
    pool, options, clip, tmp_path, step, monkeypatch
):
    asked = []
    predict = pool.predict
    monkeypatch.setattr(
        pool, "predict", lambda *given, **how: asked.append(1) or predict(*given, **how)
    )
    work = analyse_video(pool, clip, options, tmp_path / "own")
    for _ in range(step):
        next(work)
    before = len(asked)
    assert (tmp_path / "own").exists()
    work.close()
    assert len(asked) == before
    assert not (tmp_path / "own").exists()


def test_a_fault_leaves_no_file(pool, model, clip, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VideoError):
        finish(
            analyse_video(pool, tmp_path / "text.mp4", VideoOptions(model, 0.5), tmp_path / "own")
        )
    with pytest.raises(VideoError, match="at most 1 are analysed"):
        finish(analyse_video(pool, clip, VideoOptions(model, 0.5, seconds=1), tmp_path / "own"))
    with pytest.raises(ModelError, match="nobody/none"):
        finish(analyse_video(pool, clip, VideoOptions("nobody/none", 0.5), tmp_path / "own"))
    assert not (tmp_path / "own").exists()


def test_two_visitors_at_once_get_the_same_as_alone(pool, options, people, tmp_path):
    frames = [room(people, (2 * index, 40), (390 - index, 40)) for index in range(8)]
    clip = write(tmp_path / "short.mp4", frames)
    result = finish(analyse_video(pool, clip, options, tmp_path / "alone"))
    found = {}

    def ask(name):
        found[name] = finish(analyse_video(pool, clip, options, tmp_path / name))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, own in found.items():
        assert {path.parent for path in (own.video, own.csv, own.json)} == {tmp_path / name}
        assert own.csv.read_bytes() == result.csv.read_bytes()


def test_every_request_has_a_folder_of_its_own_and_old_ones_go(tmp_path):
    one, other = fresh_folder(tmp_path), fresh_folder(tmp_path)
    assert one != other
    one.mkdir()
    other.mkdir()
    (one / "faces.csv").touch()
    os.utime(one, (0, 0))
    assert fresh_folder(tmp_path) not in (one, other)
    assert not one.exists()
    assert other.exists()


MOMENTS = [index * 0.1 for index in range(20)]  # as `table` computes its times


def table(answers, step=0.1):
    rows = [
        (index * step if at is None else at, 1, "Face 1", emotion, sure, 0.9, 0.1)
        for index, (emotion, sure, at) in enumerate(answers)
    ]
    columns = ["time_s", "face", "person", "emotion", "sure", "anger", "fear"]
    return pd.DataFrame(rows, columns=columns)


def test_a_span_ends_where_the_answer_changes_or_the_face_is_away():
    seen = table(
        [("anger", True, None)] * 3
        + [("anger", False, None)] * 2
        + [("fear", True, 1.0), ("fear", True, 1.1)]
    )
    found = spans(seen, MOMENTS, 1 / RATE)
    assert [answer for *_, answer in found] == ["anger", NOT_SURE, "fear"]
    assert np.array([pair[:2] for pair in found]) == pytest.approx(
        np.array([(0, 0.3), (0.3, 0.5), (1.0, 1.2)])
    )


def test_lines_break_where_the_face_was_away():
    seen = table([("anger", True, at) for at in (0.0, 0.1, 1.0, 1.1)])
    classes = ("anger", "fear")
    times = {"moments": MOMENTS, "period": 1 / RATE, "seconds": 2.0}
    line = draw_timeline(seen, classes, taxonomy_of(classes), **times).data[0]
    assert list(line.y) == [0.9, 0.9, None, 0.9, 0.9]


def test_uneven_steps_between_the_analysed_frames_are_no_gaps():
    moments = [frame / 12 for frame in (0, 2, 3, 4, 5, 6, 8, 9)]  # ten of twelve frames a second
    seen = table([("anger", True, at) for at in moments])
    assert spans(seen, moments, 0.1) == [(0.0, pytest.approx(9 / 12 + 0.1), "anger")]


def test_the_timeline_shows_on_light_and_dark_pages(result):
    layout = result.figure.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_one_frame_is_told_in_the_singular(result):
    one = result.summary | {"moments": 1, "faces": []}
    assert sentences(one)[0] == "No face in 3.0 seconds; 1 frame analysed."


def test_the_summary_names_every_face_and_every_colour(result):
    told = result.summary_html
    assert "2 faces in 3.0 seconds; 30 frames analysed." in told
    assert "Face 2, seen from 0.0 to 2.9 s: " in told
    for name in result.summary["classes"]:
        assert f'--colour:{COLOURS[name]}">{name}<' in told


def test_the_summary_says_that_the_timeline_has_not_all_faces(result):
    (face, *_) = result.summary["faces"]
    told = {
        count: summary_html({**result.summary, "faces": [face] * count}, result.taxonomy)
        for count in (ROWS, ROWS + 1)
    }
    assert f"a row for each of the {ROWS} faces seen longest" in told[ROWS + 1]
    assert "seen longest" not in told[ROWS]


def test_limits_and_progress_are_words_and_numbers():
    assert "**60 seconds** and 200 MB" in hint(60, 200)
    assert 'aria-valuenow="50"' in meter(0.5, "second 1.0")
    assert "50 % · second 1.0" in meter(0.5, "second 1.0")


def test_the_drawn_clip_lasts_four_seconds_and_changes(tmp_path):
    frames = list(Video(draw_clip(tmp_path / "drawn.mp4")).frames())
    assert frames[-1].time == pytest.approx(4, abs=0.1)
    first, last = (np.asarray(frame.image, int) for frame in (frames[0], frames[-1]))
    assert np.abs(first - last).max() > 60


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


def folders(served):
    return {
        path.parent for path in served.files.rglob("*") if path.parent.name.startswith("video-")
    }


def test_the_endpoint_answers_with_a_summary_a_table_and_a_video(client, clip, model, served):
    before = folders(served)
    asked = {"model": model, "threshold": 0.2, "api_name": "/video"}
    answers = [client.predict(video=handle_file(clip), **asked) for _ in range(2)]
    for summary, csv, drawn in answers:
        assert [face["face"] for face in summary["faces"]] == [1, 2]
        assert len(pd.read_csv(csv)) == sum(face["moments"] for face in summary["faces"])
        assert len(list(Video(drawn).frames())) == 30
    assert len(folders(served) - before) == 2


def test_the_endpoint_tells_what_is_no_video(client, model, tmp_path, served):
    before = folders(served)
    (tmp_path / "text.mp4").write_text("no video")
    summary, csv, drawn = client.predict(
        video=handle_file(tmp_path / "text.mp4"), model=model, api_name="/video"
    )
    assert summary["sentence"].startswith("This file is not a video that can be read")
    assert csv is drawn is None
    assert folders(served) == before


def test_the_endpoint_tells_movements_where_the_page_can(client, pool, clip, model, monkeypatch):
    asked = {"video": handle_file(clip), "model": model, "landmarks": True, "api_name": "/video"}
    summary, csv, _ = client.predict(**asked)
    assert "landmarks" in summary["sentence"]
    assert csv is None
    monkeypatch.setattr(pool, "analyser", half_seen)
    _, csv, _ = client.predict(**asked)
    assert set(pd.read_csv(csv)["movements"].dropna()) == {"lip corners pulled"}


def test_a_threshold_that_is_none_is_a_sentence(client, clip, model):
    summary, csv, _ = client.predict(
        video=handle_file(clip), model=model, threshold="abc", api_name="/video"
    )
    assert "threshold" in summary["sentence"]
    assert "abc" in summary["sentence"]
    assert csv is None


@pytest.mark.slow
def test_a_cancelled_call_stops_working_and_its_files_go(
    client, model, pool, served, tmp_path, monkeypatch
):
    before, frames = folders(served), []
    with VideoWriter(tmp_path / "long.mp4") as writer:
        for index in range(900):
            writer.write(Image.new("RGB", (320, 240), (index % 250,) * 3), index / 20)
    predict = pool.predict

    def slow(*arguments, **options):
        frames.append(1)
        time.sleep(0.05)
        return predict(*arguments, **options)

    monkeypatch.setattr(pool, "predict", slow)
    job = client.submit(video=handle_file(tmp_path / "long.mp4"), model=model, api_name="/video")
    wait_until(lambda: len(frames) > 3 and job.outputs())
    told, csv, _ = job.outputs()[0]
    assert 0 <= told["share"] < 1
    assert csv is None
    job.cancel()
    wait_until(lambda: folders(served) == before)
    seen = len(frames)
    time.sleep(0.5)
    assert len(frames) <= seen + 1
    assert seen < 400  # of 450 that the video has


def wait_until(true):
    """Wait at most a minute."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def half_seen(photo, faces):
    """An analyser: the second face, on the left, smiles and is turned away; of the first it sees
    nothing.
    """
    boxes = [face.box[0] for face in faces]
    turned = make_analysis(pose=(50.0, 0.0, 0.0))
    return [turned if box == min(boxes) and box < 200 else None for box in boxes]


@pytest.fixture
def doing(pool, model, clip, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "analyser", half_seen)
    options = VideoOptions(model, 0.2, movements=True)
    return finish(analyse_video(pool, clip, options, tmp_path / "doing"))


def test_movements_and_pose_are_in_the_table_the_files_and_the_panel(doing, result):
    assert set(COLUMNS).isdisjoint(result.table)
    seen = doing.table[doing.table["face"] == 2]
    assert set(seen["movements"]) == {"lip corners pulled"}
    assert set(seen["yaw"]) == {50.0}
    assert doing.table.loc[doing.table["face"] == 1, list(COLUMNS)].isna().all(axis=None)
    csv = pd.read_csv(doing.csv)
    assert list(csv)[-len(COLUMNS) :] == list(COLUMNS)
    rows = json.loads(doing.json.read_text(encoding="utf-8"))["rows"]
    assert {row["mouthSmileLeft"] for row in rows if row["face"] == 2} == {0.9}
    assert {row["note"] for row in rows if row["face"] == 1} == {None}
    panel = follow_movements(doing.table, doing.period)
    assert "lip corners pulled (AU12)" in panel
    assert follow_movements(result.table, result.period) == ""


def test_movements_are_summed_up_over_the_frames_in_which_the_landmarker_saw_the_face(doing):
    (one,) = summarise_movements(doing.table)
    assert (one.face, one.frames, one.turned) == (2, 30, 1.0)
    assert one.shares == {"lip corners pulled": 1.0}
    review = review_video(doing, ReviewOptions("happiness", excluded="0-1"))
    report = json.loads(review.files["json"].read_text(encoding="utf-8"))
    assert [entry["frames"] for entry in report["movements"]] == [20]
    assert "turned too far for a reliable emotion in 100 %" in review.people_html
    assert "movements-note" in review.movements_html


def test_without_an_analyser_movements_are_refused_and_leave_no_file(pool, model, clip, tmp_path):
    options = VideoOptions(model, 0.2, movements=True)
    with pytest.raises(ModelError, match="landmarks"):
        finish(analyse_video(pool, clip, options, tmp_path / "none"))
    assert not (tmp_path / "none").exists()
