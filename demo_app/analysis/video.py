"""A video, from the file to the report: faces tracked, a table, a timeline, the annotated video.

The video is read twice: first some frames are analysed, then every frame is drawn knowing the whole
video. So a face that the detector found for a moment only is in neither report nor video.
"""

import contextlib
import secrets
import shutil
import time
from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from PIL import Image

from demo_app.analysis.explanation import OPACITY
from demo_app.analysis.live import FrameStyle, draw
from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.video_report import VideoOptions, sentences, summarise, summary_html
from demo_app.analysis.video_table import Analysed, Track, columns_of, tabulate, write_files
from demo_app.language import say, say_count
from demo_app.render.timeline import draw_timeline
from fer_core.inference.face_prediction import FacePrediction
from fer_core.taxonomy import Taxonomy
from fer_core.video.reader import Frame, Video
from fer_core.video.series import sampling_period
from fer_core.video.shots import CutDetector
from fer_core.video.tracking import FaceTracker, TrackedFace
from fer_core.video.writer import VideoWriter

FLICKER = 0.3  # seconds; faces seen for less are dropped
LONGEST_GAP = 2.5  # analysed frames for which a box is kept although the face is not found
ANALYSIS = 0.85  # of the work; the rest is drawing
FOLDER = "video-"
OLDEST = (
    3600  # seconds after which such a folder is abandoned: no analysis writes nothing for so long
)
BLANK = Image.new("L", (1, 1))


class VideoProgress(NamedTuple):
    """How far the work is.

    Attributes:
        share: done, in [0, 1].
        text: what is being done.
    """

    share: float
    text: str


@dataclass(frozen=True, eq=False)
class VideoResult:
    """What the page shows and hands out.

    Attributes:
        name: of the video's file.
        sentence: what was found.
        summary_html: the same as HTML, with the colours of the timeline.
        table: one row per face and analysed frame; boxes in pixels of the original video.
        summary: facts, settings and one entry per face.
        figure: the timeline.
        video: the annotated video.
        csv: the table.
        json: the summary with the rows of the table.
        taxonomy: of the model.
        period: seconds between two analysed frames.
        moments: times of all analysed frames in seconds, rounded as in the table.
    """

    name: str
    sentence: str
    summary_html: str
    table: pd.DataFrame
    summary: dict[str, Any]
    figure: go.Figure
    video: Path
    csv: Path
    json: Path
    taxonomy: Taxonomy
    period: float
    moments: tuple[float, ...]


def analyse_video(
    pool: ModelPool, path: str | Path, options: VideoOptions, folder: Path
) -> Generator[VideoProgress | VideoResult]:
    """Analyse a video step by step; the last value is the result.

    Closing the generator stops the work, and no file is left.

    Args:
        pool: the models.
        path: of the video.
        options: of the analysis.
        folder: for the files; made here, and deleted unless the work is finished.

    Raises:
        VideoError: when the video cannot be read or is too long.
        ModelError: when there is no such model, or nothing that tells movements.
    """
    finished = False
    folder.mkdir(parents=True)
    try:
        video = Video(path, options.seconds, options.rate)
        taxonomy = pool.about(options.model).taxonomy
        classes = taxonomy.names
        analysed = yield from find_tracks(pool, video, options)
        table = tabulate(analysed, classes, options.threshold, movements=options.movements)
        summary = summarise(video, analysed, table, classes, options)
        stem = video.path.stem
        drawn = folder / f"{stem}-annotated.mp4"
        yield from draw_video(video, analysed, options, drawn)
        files = write_files(folder, stem, table, summary)
        columns, length = columns_of(taxonomy.names), summary["video"]["seconds"]
        moments = tuple(round(time, 3) for time in analysed.times)
        period = sampling_period(analysed.times, options.rate)
        figure = draw_timeline(
            *(table, columns, taxonomy), moments=moments, period=period, seconds=length
        )
        finished = True
        shown = summary_html(summary, taxonomy)
        told = " ".join(sentences(summary))
        yield VideoResult(
            *(video.path.name, told, shown, table, summary, figure, drawn, *files),
            *(taxonomy, period, moments),
        )
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)


def fresh_folder(root: str | Path) -> Path:
    """The path of a new folder for one request, not made yet.

    Old ones are deleted on the way: those of visitors who left before their result.

    Args:
        root: folder of all of them.
    """
    for folder in Path(root).glob(f"{FOLDER}*"):
        with contextlib.suppress(FileNotFoundError):  # another visitor deletes it as well
            if time.time() - folder.stat().st_mtime > OLDEST:
                shutil.rmtree(folder)
    return Path(root) / f"{FOLDER}{secrets.token_hex(16)}"


def find_tracks(
    pool: ModelPool, video: Video, options: VideoOptions
) -> Generator[VideoProgress, None, Analysed]:
    """Analyse a video.

    Yields:
        VideoProgress, after every frame.

    Returns:
        The tracks.
    """
    tracker, cuts = FaceTracker(), CutDetector()
    tracks: dict[int, Track] = {}
    times: list[float] = []
    width, end = 1, 0.0
    for frame in video.frames():
        width, end = frame.image.width, frame.time
        cut = cuts.is_cut(frame.image)
        if cut:
            tracker.cut()
        if cut or frame.due:
            times.append(frame.time)
            faces = pool.predict(options.model, frame.image, thorough=False)
            if options.movements:
                faces = pool.analyse_faces(frame.image, faces)
            for one in tracker.update(faces, frame.time):
                face = one.face if options.maps else one.face.without_maps()
                _append(tracks.setdefault(one.number, Track(one.number)), frame, face)
        share = min(1.0, end / (video.facts.seconds or video.seconds))
        told = say_count("video.so_far", len(tracks), seconds=f"{end:.1f}")
        yield VideoProgress(ANALYSIS * share, told)
    kept = [track for track in tracks.values() if _lasts(track, end, options.rate)]
    for number, track in enumerate(kept, 1):
        track.number = number
    return Analysed(tuple(kept), tuple(times), video.size[0] / width, end)


def _append(track: Track, frame: Frame, face: FacePrediction) -> None:
    track.frames.append(frame.number)
    track.times.append(frame.time)
    # What is not drawn is dropped: with many faces it would fill the memory.
    does = face.analysis and face.analysis.without_points()
    track.faces.append(replace(face, crop=BLANK, mirror_check=None, analysis=does))


def _lasts(track: Track, end: float, rate: float) -> bool:
    """Whether a face was seen long enough: `FLICKER`, or half of a very short video."""
    seen = track.times[-1] - track.times[0] + 1 / rate
    return seen >= min(FLICKER, end / 2) - 1e-6


def draw_video(
    video: Video, analysed: Analysed, options: VideoOptions, path: Path
) -> Iterator[VideoProgress]:
    """Write the video with every face's box, number, prediction and, if asked for, map."""
    style = FrameStyle("", OPACITY if options.maps else 0.0, options.threshold)
    with VideoWriter(path, sound=video.path) as writer:
        for frame in video.frames():
            shown = faces_at(analysed, frame.time, options.rate)
            writer.write(draw(frame.image, shown, style), frame.time)
            share = min(1.0, frame.time / max(analysed.end, 1e-9))
            yield VideoProgress(ANALYSIS + (1 - ANALYSIS) * share, say("video.drawing"))


def faces_at(analysed: Analysed, time: float, rate: float) -> list[TrackedFace]:
    """The faces of a frame: between two analysed frames their boxes move evenly."""
    shown = []
    for track in analysed.tracks:
        index = bisect_right(track.times, time) - 1
        if index < 0:
            continue
        face, seen = track.faces[index], track.times[index]
        if index + 1 < len(track.times) and track.times[index + 1] - seen <= LONGEST_GAP / rate:
            face = _between(
                face, track.faces[index + 1], (time - seen) / (track.times[index + 1] - seen)
            )
        else:  # kept until the next analysed frame, in which it was not found
            following = bisect_right(analysed.times, seen)
            if following < len(analysed.times) and time >= analysed.times[following]:
                continue
        shown.append(TrackedFace(track.number, face, face))
    return shown


def _between(one: FacePrediction, other: FacePrediction, share: float) -> FacePrediction:
    x0, y0, x1, y1 = (a + share * (b - a) for a, b in zip(one.box, other.box, strict=True))
    placed = one.to_photo + share * (other.to_photo - one.to_photo)
    return replace(one, box=(x0, y0, x1, y1), to_photo=placed)
