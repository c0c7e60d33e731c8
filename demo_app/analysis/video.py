"""A video from the file to the report: faces followed, a table, a timeline, the video drawn.

The video is read twice: first the moments are analysed, then every frame is drawn with what is
known of the whole. So a face that was a flicker of the detector is in neither report nor video.
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
from demo_app.analysis.live import Look, draw
from demo_app.analysis.model_pool import ModelShelf
from demo_app.analysis.video_report import (
    Analysed,
    Track,
    Wish,
    columns_of,
    show_told,
    summarise,
    tabulate,
    tell,
    write_files,
)
from demo_app.render.timeline import draw_timeline
from fer_core.inference.predictor import FacePrediction
from fer_core.video.reader import Frame, Video
from fer_core.video.shots import CutDetector
from fer_core.video.tracking import TrackedFace, Tracker
from fer_core.video.writer import VideoWriter

FLICKER = 0.3  # seconds; faces seen for less are left out
LONGEST_GAP = 2.5  # analysed moments over which a box is drawn on without the face being found
ANALYSIS = 0.85  # of the work; the rest is drawing
FOLDER = "video-"
OLDEST = 3600  # seconds of such a folder; no analysis writes nothing for so long
BLANK = Image.new("L", (1, 1))


class Progress(NamedTuple):
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
        sentence: what was found.
        told: the same as HTML, with the colours of the timeline.
        table: one row per face and analysed moment; boxes in pixels of the original video.
        summary: facts, settings and one entry per face.
        figure: the timeline.
        video: the annotated video.
        csv: the table.
        json: the summary with the rows of the table.
    """

    sentence: str
    told: str
    table: pd.DataFrame
    summary: dict[str, Any]
    figure: go.Figure
    video: Path
    csv: Path
    json: Path


def analyse_video(
    shelf: ModelShelf, path: str | Path, wish: Wish, folder: Path
) -> Generator[Progress | VideoResult]:
    """Analyse a video step by step; the last value is the result.

    Whoever stops asking (closes the generator) stops the work, and no file is left.

    Args:
        shelf: of the models.
        path: of the video.
        wish: what to do.
        folder: for the files; made here, and deleted unless the work is finished.

    Raises:
        VideoError: when the video cannot be read or is too long.
        ModelError: when there is no such model.
    """
    finished = False
    folder.mkdir(parents=True)
    try:
        video = Video(path, wish.seconds, wish.rate)
        taxonomy = shelf.take(wish.model).trained.taxonomy
        classes = taxonomy.names
        analysed = yield from find_tracks(shelf, video, wish)
        table = tabulate(analysed, classes, wish.threshold)
        summary = summarise(video, analysed, table, classes, wish)
        drawn = folder / "annotated.mp4"
        yield from draw_video(video, analysed, wish, drawn)
        files = write_files(folder, table, summary)
        columns, length = columns_of(taxonomy.names), summary["video"]["seconds"]
        figure = draw_timeline(table, columns, taxonomy, wish.rate, length)
        finished = True
        told = show_told(summary, taxonomy)
        yield VideoResult(" ".join(tell(summary)), told, table, summary, figure, drawn, *files)
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)


def fresh_folder(root: str | Path) -> Path:
    """A name for a folder of one request's own, not made yet.

    Old ones are deleted on the way: of visitors who left before their result, and empty ones.

    Args:
        root: folder of all of them.
    """
    for folder in Path(root).glob(f"{FOLDER}*"):
        with contextlib.suppress(FileNotFoundError):  # another visitor deletes it as well
            if time.time() - folder.stat().st_mtime > OLDEST:
                shutil.rmtree(folder)
    return Path(root) / f"{FOLDER}{secrets.token_hex(16)}"


def find_tracks(shelf: ModelShelf, video: Video, wish: Wish) -> Generator[Progress, None, Analysed]:
    """Analyse the moments of a video.

    Yields:
        Progress, after every frame.

    Returns:
        The tracks.
    """
    tracker, cuts = Tracker(), CutDetector()
    tracks: dict[int, Track] = {}
    times: list[float] = []
    width, end = 1, 0.0
    for frame in video.frames():
        width, end = frame.picture.width, frame.time
        cut = cuts.is_cut(frame.picture)
        if cut:
            tracker.cut()
        if cut or frame.due:
            times.append(frame.time)
            faces = shelf.predict(wish.model, frame.picture)
            for one in tracker.update(faces, frame.time):
                _append(tracks.setdefault(one.number, Track(one.number)), frame, one.face)
        share = min(1.0, end / (video.facts.seconds or video.seconds))
        yield Progress(ANALYSIS * share, f"second {end:.1f}, {_count(len(tracks))} so far")
    kept = [track for track in tracks.values() if _lasts(track, end, wish.rate)]
    for number, track in enumerate(kept, 1):
        track.number = number
    return Analysed(tuple(kept), tuple(times), video.size[0] / width, end)


def _count(faces: int) -> str:
    return "1 face" if faces == 1 else f"{faces} faces"


def _append(track: Track, frame: Frame, face: FacePrediction) -> None:
    track.frames.append(frame.number)
    track.times.append(frame.time)
    # What is not drawn is let go: of a minute with many faces it would be much.
    track.faces.append(replace(face, crop=BLANK, mirror_check=None))


def _lasts(track: Track, end: float, rate: float) -> bool:
    """Whether a face was seen for longer than a flicker; of a very short video for half of it."""
    seen = track.times[-1] - track.times[0] + 1 / rate
    return seen >= min(FLICKER, end / 2) - 1e-6


def draw_video(video: Video, analysed: Analysed, wish: Wish, path: Path) -> Iterator[Progress]:
    """Write the video with every face's box, number, answer and, on wish, map."""
    look = Look("", OPACITY if wish.maps else 0.0, wish.threshold)
    with VideoWriter(path, sound=video.path) as writer:
        for frame in video.frames():
            shown = faces_at(analysed, frame.time, wish.rate)
            writer.write(draw(frame.picture, shown, look), frame.time)
            share = min(1.0, frame.time / max(analysed.end, 1e-9))
            yield Progress(ANALYSIS + (1 - ANALYSIS) * share, "drawing the video")


def faces_at(analysed: Analysed, time: float, rate: float) -> list[TrackedFace]:
    """The faces of a frame: between two analysed moments their boxes move evenly."""
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
        else:  # held until the next moment, at which it was not found
            following = bisect_right(analysed.times, seen)
            if following < len(analysed.times) and time >= analysed.times[following]:
                continue
        shown.append(TrackedFace(track.number, face, face))
    return shown


def _between(one: FacePrediction, other: FacePrediction, share: float) -> FacePrediction:
    x0, y0, x1, y1 = (a + share * (b - a) for a, b in zip(one.box, other.box, strict=True))
    placed = one.to_photo + share * (other.to_photo - one.to_photo)
    return replace(one, box=(x0, y0, x1, y1), to_photo=placed)
