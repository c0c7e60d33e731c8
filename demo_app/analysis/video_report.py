"""The report of a video: tracks, the table of their rows, the summary, and the sentences."""

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from demo_app.language import class_name, say, say_count
from demo_app.render import text as words
from fer_core.inference.predictor import FacePrediction
from fer_core.io.csv_cells import no_formula
from fer_core.taxonomy import Taxonomy, column_names
from fer_core.video.reader import RATE, SECONDS, Video

POSITION = ("time_s", "frame", "face", "x0", "y0", "x1", "y1")
LEAST_SHARE = 0.1  # of the time; rarer predictions are only in the files
PREDICTION = ("emotion", "probability", "sure")
EXCLUDED = "excluded"  # column: left out of events and summaries by the visitor

ENDPOINT = (
    "Track every face in a video and predict its class over time, with most models a facial "
    "expression. Takes a video file, the name of a model (see /models) and the probability below "
    "which a prediction is not sure. Returns a dictionary (sentence, facts of the video, settings, "
    "and per face the time it was seen, the share of each prediction, and the mean probability of "
    "each class), a CSV file with one row per face and analysed frame, and the annotated video "
    "(MP4). Meanwhile it sends how far it is (sentence, share); a call that is cancelled stops the "
    "work. A video that cannot be read, or is too long, gives a sentence that says so, and no "
    "files."
)


@dataclass(frozen=True)
class VideoOptions:
    """How a video is analysed.

    Attributes:
        model: name of the model.
        threshold: probability below which a prediction is "not sure", in [0, 1].
        maps: draw the attention map of each face's prediction.
        seconds: longest video.
        rate: analysed frames per second of video.
    """

    model: str
    threshold: float
    maps: bool = False
    seconds: float = SECONDS
    rate: float = RATE


@dataclass(eq=False)
class Track:
    """One face over time.

    Attributes:
        number: from 1, in order of first appearance.
        frames: numbers of the frames in which it was found.
        times: of these in seconds.
        faces: the smoothed predictions; boxes in pixels of the decoded frame.
    """

    number: int
    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    faces: list[FacePrediction] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Analysed:
    """All tracks of a video.

    Attributes:
        tracks: without faces seen for a moment only.
        times: of all analysed frames.
        scale: pixels of the original per pixel of the decoded frame.
        end: time of the last frame in seconds.
    """

    tracks: tuple[Track, ...]
    times: tuple[float, ...]
    scale: float
    end: float


def columns_of(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The table's columns of probabilities, one for each class."""
    return column_names(classes, (*POSITION, *PREDICTION, EXCLUDED))


def tabulate(analysed: Analysed, classes: tuple[str, ...], threshold: float) -> pd.DataFrame:
    """One row per face and analysed frame, in order of time."""
    rows = [
        (
            round(time, 3),
            frame,
            track.number,
            *(round(value * analysed.scale, 1) for value in face.box),
            face.emotion,
            round(face.confidence, 4),
            words.is_sure(face, threshold),
            *(round(float(value), 4) for value in face.probabilities),
            False,
        )
        for track in analysed.tracks
        for frame, time, face in zip(track.frames, track.times, track.faces, strict=True)
    ]
    rows.sort(key=lambda row: (row[1], row[2]))
    columns = [*POSITION, *PREDICTION, *columns_of(classes), EXCLUDED]
    return pd.DataFrame(rows, columns=columns)


def summarise(
    video: Video,
    analysed: Analysed,
    table: pd.DataFrame,
    classes: tuple[str, ...],
    options: VideoOptions,
) -> dict[str, Any]:
    """Facts of the video, settings, and for each face its time, shares and mean probabilities."""
    faces, columns = [], columns_of(classes)
    for number, seen in table.groupby("face"):
        answers = seen["emotion"].where(seen["sure"], words.NOT_SURE)
        shares = answers.value_counts(normalize=True)
        faces.append(
            {
                "face": int(str(number)),
                "from_s": float(seen["time_s"].iloc[0]),
                "to_s": float(seen["time_s"].iloc[-1]),
                "moments": len(seen),
                "share_of_time": {str(name): round(float(s), 4) for name, s in shares.items()},
                "mean_probability": {
                    name: round(float(seen[column].mean()), 4)
                    for name, column in zip(classes, columns, strict=True)
                },
            }
        )
    facts = video.facts
    return {
        "video": {
            "width": video.size[0],
            "height": video.size[1],
            "seconds": round(analysed.end if video.shortened else facts.seconds or analysed.end, 3),
            "frames_per_second": facts.frames_per_second,
            "codec": facts.codec,
            "damaged_parts": video.damaged,
            "stopped_at_limit": video.shortened,
        },
        "model": options.model,
        "threshold": options.threshold,
        "moments_per_second": options.rate,
        "moments": len(analysed.times),
        "classes": list(classes),
        "faces": faces,
    }


def write_files(
    folder: Path, stem: str, table: pd.DataFrame, summary: dict[str, Any]
) -> tuple[Path, Path]:
    """The table as CSV, and the summary with the rows of the table as JSON.

    Args:
        folder: of the files.
        stem: of their names, that of the video.
        table: see `tabulate`.
        summary: see `summarise`.
    """
    csv, report = folder / f"{stem}-faces.csv", folder / f"{stem}-faces.json"
    shown = table.map(no_formula).rename(columns=no_formula)
    shown.to_csv(csv, index=False, lineterminator="\n")
    content = {**summary, "rows": table.to_dict("records")}
    report.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
    return csv, report


def sentences(summary: dict[str, Any]) -> list[str]:
    """What was found: a sentence about the video, then one per face."""
    video, faces = summary["video"], summary["faces"]
    seconds, frames = f"{video['seconds']:.1f}", summary["moments"]
    text = [say_count("video.found", len(faces), seconds=seconds, frames=frames)]
    if video["stopped_at_limit"]:
        text.append(say("video.stopped_at_limit"))
    if video["damaged_parts"]:
        text.append(say("video.damaged"))
    return [" ".join(text), *(_face_sentence(face) for face in faces)]


def _face_sentence(face: dict[str, Any]) -> str:
    shares = ", ".join(
        f"{class_name(name)} {words.percent(share)}"
        for name, share in face["share_of_time"].items()
        if share >= LEAST_SHARE
    )
    times = {"start": f"{face['from_s']:.1f}", "end": f"{face['to_s']:.1f}"}
    return say("video.face", face=face["face"], shares=shares, **times)


def summary_html(summary: dict[str, Any], taxonomy: Taxonomy) -> str:
    """The same as HTML, with the colours of the timeline below it."""
    first, *faces = sentences(summary)
    items = "".join(f"<li>{escape(face)}</li>" for face in faces)
    colours = [*zip(taxonomy.names, taxonomy.colours, strict=True), (words.NOT_SURE, "transparent")]
    keys = "".join(
        f'<li style="--colour:{colour}">{escape(class_name(name))}</li>' for name, colour in colours
    )
    label = escape(say("video.colours"))
    legend = f'<ul class="keys" aria-label="{label}">{keys}</ul>' if faces else ""
    return f"<p><b>{escape(first)}</b></p><ul>{items}</ul>{legend}"


def hint(seconds: float, megabytes: int) -> str:
    """What can be uploaded, and what happens to it."""
    return say("video.hint", seconds=f"{seconds:.0f}", megabytes=megabytes, rate=f"{RATE:.0f}")


def meter(share: float, text: str) -> str:
    """Progress as HTML.

    Args:
        share: done, in [0, 1].
        text: what is being done.
    """
    done = round(100 * share)
    shown = f"{done} % · {escape(text)}" if 0 < share < 1 else escape(text)
    label = escape(say("video.meter"))
    return (
        f'<div class="meter-line"><i role="progressbar" aria-label="{label}" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" style="--share:{share:.3f}">'
        f'</i><span role="status">{shown}</span></div>'
    )
