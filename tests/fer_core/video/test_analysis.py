import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fer_core.inference.face_prediction import FacePrediction
from fer_core.taxonomy import taxonomy_of
from fer_core.video.analysis import AnalysisError, analyse_frames, summarise
from fer_core.video.analysis_facts import ENDS, ends_digest
from fer_core.video.annotate import draw_faces, write_annotated
from fer_core.video.reader import Video
from fer_core.video.series import series_of_moments, stretches
from fer_core.video.tracking import TrackedFace
from fer_core.video.writer import VideoWriter

pytest.importorskip("av")
TAXONOMY = taxonomy_of(("happiness", "sadness"))


class Pretended:
    """A predictor that sees one face wherever a frame is bright."""

    def __init__(self):
        self.calls = 0
        self.batches = []

    def predict_all(self, photos, *, thorough):
        assert not thorough  # hours of frames
        self.batches.append(len(photos))
        return [self.predict(photo) for photo in photos]

    def predict(self, photo):
        self.calls += 1
        level = photo.getpixel((5, 5))[0]
        if level < 40:
            return []
        share = level / 255
        return [
            FacePrediction(
                (10.0, 10.0, 30.0, 30.0), np.full((3, 2), 20.0), 0.99, TAXONOMY,
                np.array([share, 1 - share], np.float32), np.zeros((2, 4, 4), np.float32),
                Image.new("RGB", (8, 8)), np.eye(2, 3),
            )
        ]  # fmt: skip


@pytest.fixture
def clip(tmp_path):
    """Two seconds at 10 frames a second: a face in the first and the last half second."""
    with VideoWriter(tmp_path / "clip.mp4") as writer:
        for index in range(20):
            level = 200 if index < 5 or index >= 15 else 0
            writer.write(Image.new("RGB", (64, 48), (level,) * 3), index / 10)
    return tmp_path / "clip.mp4"


def analyse(clip, predictor, state=None, rate=10.0, taxonomy=TAXONOMY, **options):
    options = {"model": "m", "weights": "abc", "state": state, **options}
    return list(analyse_frames(predictor, Video(clip, rate=rate), taxonomy, **options))


def figures(moments):
    return [
        (round(m.time, 2), m.frame, [(f.number, f.face.box, f.face.emotion) for f in m.faces])
        for m in moments
    ]


def test_every_moment_is_there_with_a_face_or_without(clip):
    moments = analyse(clip, Pretended())
    assert [round(moment.time, 1) for moment in moments] == [index / 10 for index in range(20)]
    assert [len(moment.faces) for moment in moments] == [1] * 5 + [0] * 10 + [1] * 5


def test_the_rate_decides_how_many_frames_are_analysed(clip):
    assert len(analyse(clip, Pretended(), rate=2.0)) in (4, 5, 6)  # and those at the cuts


@pytest.mark.parametrize("torn", [b"", b'{"time": 0.9, "fr'])
def test_a_stopped_analysis_goes_on_where_it_was_and_ends_alike(clip, tmp_path, torn):
    whole = analyse(clip, Pretended())
    state, first = tmp_path / "state.jsonl", Pretended()
    options = {"model": "m", "weights": "abc", "state": state}
    begun = analyse_frames(first, Video(clip), TAXONOMY, **options)
    for _ in range(7):
        next(begun)
    begun.close()
    with state.open("ab") as file:
        file.write(torn)
    second = Pretended()
    assert figures(analyse(clip, second, state)) == figures(whole)
    assert first.calls + second.calls == 20
    third = Pretended()
    assert figures(analyse(clip, third, state)) == figures(whole)
    assert third.calls == 0


def test_frames_are_analysed_several_at_a_time_with_the_same_result(clip):
    one, four = Pretended(), Pretended()
    options = {"model": "m", "batch": 4}
    moments = analyse_frames(four, Video(clip), TAXONOMY, **options)
    assert figures(moments) == figures(analyse(clip, one))
    assert four.batches == [4] * 5
    assert one.batches == [1] * 20


def test_maps_are_kept_where_it_is_asked_and_go_through_the_file(clip, tmp_path):
    options = {"model": "m", "weights": "abc", "state": tmp_path / "state.jsonl", "maps": True}
    first = list(analyse_frames(Pretended(), Video(clip), TAXONOMY, **options))
    again = list(analyse_frames(Pretended(), Video(clip), TAXONOMY, **options))
    for one, other in zip(first, again, strict=True):
        for face, same in zip(one.faces, other.faces, strict=True):
            assert face.face.maps.shape == (2, 4, 4)
            assert np.allclose(face.face.maps, same.face.maps, atol=1e-3)
            assert np.allclose(face.face.to_photo, same.face.to_photo)
    assert figures(analyse(clip, Pretended(), tmp_path / "state.jsonl")) == figures(first)
    analyse(clip, Pretended(), tmp_path / "plain.jsonl")
    options["state"] = tmp_path / "plain.jsonl"
    with pytest.raises(AnalysisError, match="without maps"):
        list(analyse_frames(Pretended(), Video(clip), TAXONOMY, **options))


def test_a_state_of_another_rate_is_refused(clip, tmp_path):
    analyse(clip, Pretended(), tmp_path / "state.jsonl")
    with pytest.raises(AnalysisError, match=r"of another rate \(10, now 5\): delete it"):
        analyse(clip, Pretended(), tmp_path / "state.jsonl", rate=5.0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"model": "n", "weights": "def"}, r"another model \(m, now n\): delete it"),
        ({"weights": "def"}, "the model m before its weights or classes changed: delete it"),
        ({"taxonomy": taxonomy_of(("happiness", "fear", "sadness"))}, "weights or classes changed"),
        ({"analyses": True}, "an analysis without --landmarks: delete it"),
        ({"rate": 5.0, "model": "n"}, r"another rate \(10, now 5\), another model \(m, now n\)"),
    ],
)
def test_a_state_of_another_analysis_is_refused_and_stays_as_it_is(clip, tmp_path, options, named):
    state = tmp_path / "state.jsonl"
    analyse(clip, Pretended(), state)
    written = state.read_bytes()
    predictor = Pretended()
    with pytest.raises(AnalysisError, match=named):
        analyse(clip, predictor, state, **options)
    assert predictor.calls == 0
    assert state.read_bytes() == written


def test_a_state_of_another_video_of_as_many_bytes_is_refused(clip, tmp_path):
    state, content = tmp_path / "state.jsonl", clip.read_bytes()
    for name in (b"one", b"two"):
        box = b"\0\0\0\x0bfree" + name
        (tmp_path / f"{name.decode()}.mp4").write_bytes(content + box)
    analyse(tmp_path / "one.mp4", Pretended(), state)
    with pytest.raises(AnalysisError, match="is of another video: delete it"):
        analyse(tmp_path / "two.mp4", Pretended(), state)


def test_of_a_long_video_both_ends_are_read(tmp_path):
    file, whole = tmp_path / "long.mp4", bytes(5 * ENDS)
    digests = set()
    for place in (None, 3, ENDS - 1, 4 * ENDS, 5 * ENDS - 1, 2 * ENDS):
        content = bytearray(whole)
        if place is not None:
            content[place] = 1
        file.write_bytes(content)
        digests.add(ends_digest(file))
    assert len(digests) == 5  # the middle is not read


def test_a_state_of_an_earlier_version_is_refused_and_said_to_be_one(clip, tmp_path):
    state = tmp_path / "state.jsonl"
    analyse(clip, Pretended(), state)
    facts, *moments = state.read_text().splitlines()
    earlier = {name: json.loads(facts)[name] for name in ("bytes", "rate", "model")}
    state.write_text("\n".join([json.dumps(earlier), *moments, ""]))
    written = state.read_bytes()
    with pytest.raises(AnalysisError, match=r"of an earlier version of fer-core.*: delete it"):
        analyse(clip, Pretended(), state)
    with pytest.raises(AnalysisError, match=r"of another rate.*, an earlier version"):
        analyse(clip, Pretended(), state, rate=5.0)
    assert state.read_bytes() == written


def test_the_state_is_one_line_of_json_a_moment(clip, tmp_path):
    analyse(clip, Pretended(), tmp_path / "state.jsonl")
    facts, *lines = map(json.loads, (tmp_path / "state.jsonl").read_text().splitlines())
    assert facts == {
        "bytes": clip.stat().st_size,
        "ends_sha256": ends_digest(clip),
        "rate": 10.0,
        "model": "m",
        "weights_sha256": "abc",
        "classes": ["happiness", "sadness"],
    }
    assert len(lines) == 20


def test_each_face_is_summarised_with_its_time_and_classes(clip):
    first, second = summarise(analyse(clip, Pretended()))
    assert (first["from_s"], first["to_s"], first["moments"]) == (0.0, 0.4, 5)
    assert first["share_of_time"] == {"happiness": 1.0}
    assert second["from_s"] == pytest.approx(1.5)


def test_a_face_in_every_analysed_frame_of_twelve_a_second_is_seen_without_a_gap(tmp_path):
    with VideoWriter(tmp_path / "clip.mp4") as writer:
        for index in range(24):
            writer.write(Image.new("RGB", (64, 48), (200,) * 3), index / 12)
    state = tmp_path / "state.jsonl"
    for _ in range(2):  # the second one from the file
        moments = analyse(tmp_path / "clip.mp4", Pretended(), state)
        steps = np.diff([moment.time for moment in moments])
        assert steps.max() > 1.5 / 10 > steps.min()  # of two frames and of one
        (series,) = series_of_moments(moments, TAXONOMY.names, 10.0)
        assert list(stretches(series, [0] * len(moments))) == [(0, len(moments))]
        assert series.ends[-1] == pytest.approx(2.0, abs=0.11)


def test_a_face_is_away_from_the_first_moment_without_it(clip):
    first, second = series_of_moments(analyse(clip, Pretended()), TAXONOMY.names, 10.0)
    assert first.ends[-1] == pytest.approx(0.5)
    assert second.times[0] == pytest.approx(1.5)


def test_the_annotated_video_has_a_box_where_a_face_was_found(clip, tmp_path):
    video = Video(clip)
    write_annotated(video, analyse(clip, Pretended()), tmp_path / "drawn.mp4")
    pairs = zip(Video(clip).frames(), Video(tmp_path / "drawn.mp4").frames(), strict=True)
    changed = [
        np.abs(np.asarray(a.image, int) - np.asarray(b.image, int)).max() > 60 for a, b in pairs
    ]
    assert changed == [True] * 5 + [False] * 10 + [True] * 5
    assert not list(tmp_path.glob(".fer-*"))


def test_the_map_of_the_class_is_drawn_at_its_place(clip):
    face = Pretended().predict(Image.new("RGB", (64, 48), "white"))[0]
    maps = np.zeros((2, 4, 4), np.float32)
    maps[0] = 1
    place = np.array([[20.0, 0, 10], [0, 20, 10]])
    face = replace(face, maps=maps, to_photo=place, box=(40.0, 30.0, 60.0, 46.0))
    tracked = [TrackedFace(1, face, face)]
    grey = Image.new("RGB", (64, 48), "grey")
    plain = np.asarray(draw_faces(grey, tracked), int)
    drawn = np.asarray(draw_faces(grey, tracked, opacity=0.5), int)
    changed = np.abs(plain - drawn).max(2) > 10
    assert changed[15:28, 15:28].all()
    assert not changed[:, 34:].any()
    half = np.asarray(draw_faces(grey, tracked, 0.5, opacity=0.5), int)
    assert not (np.abs(half - np.asarray(draw_faces(grey, tracked, 0.5), int)).max(2) > 10)[
        20:
    ].any()


def test_nothing_is_drawn_on_the_image_itself():
    image = Image.new("RGB", (64, 48))
    draw_faces(image, ())
    assert image.getcolors() == [(64 * 48, (0, 0, 0))]
