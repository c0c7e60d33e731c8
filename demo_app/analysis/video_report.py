"""What is said of a video: tracks, the table of their rows, the summary, and the sentences."""

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from demo_app.render import text as words
from fer_core.inference.predictor import FacePrediction
from fer_core.taxonomy import Taxonomy, column_names
from fer_core.video.reader import RATE, SECONDS, Video

PLACE = ("time_s", "frame", "face", "x0", "y0", "x1", "y1")
LEAST_SHARE = 0.1  # of the time; rarer answers stand in the files alone
ANSWER = ("emotion", "probability", "sure")

DRAWN = "Annotated video"
DRAWN_CLIP = "Try a drawn clip"
NOTHING_YET = "Choose a video, or try a drawn clip."
WAITING = "Waiting for its turn."
DONE = "Done."
CANCELLED = "Cancelled. Its files are deleted."
NO_VIDEO = "There is no video yet: please choose one."
ENDPOINT = (
    "Follow every face of a video and name its classes, with most models expressions. Takes a "
    "video file, the name of a model (see /models) and the probability below which an answer is "
    "not sure. Returns a dictionary (sentence, facts of the video, settings, and per face the time "
    "it was seen, the share of it of each answer, and the mean probability of each class), a CSV "
    "file with one row per face and analysed moment, and the annotated video (MP4). A video "
    "that cannot be read, or is too long, gives a sentence that says so, and no files."
)


@dataclass(frozen=True)
class Wish:
    """What to do with a video.

    Attributes:
        model: name of the model.
        threshold: probability below which an answer is "not sure", in [0, 1].
        maps: draw the attention map of each face's answer.
        seconds: longest video.
        rate: analysed moments of a second of video.
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
        number: from 1, in the order of the first sight.
        frames: numbers of the frames in which it was found.
        times: of these in seconds.
        faces: the smoothed answers; boxes in pixels of the read picture.
    """

    number: int
    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    faces: list[FacePrediction] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Analysed:
    """All tracks of a video.

    Attributes:
        tracks: without flickers.
        times: of all analysed moments.
        scale: pixels of the original per pixel of the read picture.
        end: time of the last frame in seconds.
    """

    tracks: tuple[Track, ...]
    times: tuple[float, ...]
    scale: float
    end: float


def columns_of(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The table's columns of probabilities, one for each class."""
    return column_names(classes, (*PLACE, *ANSWER))


def tabulate(analysed: Analysed, classes: tuple[str, ...], threshold: float) -> pd.DataFrame:
    """One row per face and analysed moment, in order of time."""
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
        )
        for track in analysed.tracks
        for frame, time, face in zip(track.frames, track.times, track.faces, strict=True)
    ]
    rows.sort(key=lambda row: (row[1], row[2]))
    return pd.DataFrame(rows, columns=[*PLACE, *ANSWER, *columns_of(classes)])


def summarise(
    video: Video, analysed: Analysed, table: pd.DataFrame, classes: tuple[str, ...], wish: Wish
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
        "model": wish.model,
        "threshold": wish.threshold,
        "moments_per_second": wish.rate,
        "moments": len(analysed.times),
        "classes": list(classes),
        "faces": faces,
    }


def write_files(folder: Path, table: pd.DataFrame, summary: dict[str, Any]) -> tuple[Path, Path]:
    """The table as CSV, and the summary with the rows of the table as JSON."""
    csv, report = folder / "faces.csv", folder / "faces.json"
    table.to_csv(csv, index=False, lineterminator="\n")
    content = {**summary, "rows": table.to_dict("records")}
    report.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
    return csv, report


def tell(summary: dict[str, Any]) -> list[str]:
    """What was found: a sentence on the video, then one for each face."""
    video, faces = summary["video"], summary["faces"]
    count = "No face" if not faces else "1 face" if len(faces) == 1 else f"{len(faces)} faces"
    told = f"{count} in {video['seconds']:.1f} seconds; {summary['moments']} moments analysed."
    if video["stopped_at_limit"]:
        told += " The video is longer than the limit: the rest was left out."
    if video["damaged_parts"]:
        told += " Parts of the file are damaged and were left out."
    return [told, *(_tell_face(face) for face in faces)]


def _tell_face(face: dict[str, Any]) -> str:
    shares = [
        f"{name} {words.percent(share)}"
        for name, share in face["share_of_time"].items()
        if share >= LEAST_SHARE
    ]
    return (
        f"Face {face['face']}, seen from {face['from_s']:.1f} to {face['to_s']:.1f} s: "
        f"{', '.join(shares)}."
    )


def show_told(summary: dict[str, Any], taxonomy: Taxonomy) -> str:
    """The same as HTML, with the colours of the timeline below it."""
    first, *faces = tell(summary)
    items = "".join(f"<li>{escape(face)}</li>" for face in faces)
    colours = [*zip(taxonomy.names, taxonomy.colours, strict=True), (words.NOT_SURE, "transparent")]
    keys = "".join(f'<li style="--colour:{colour}">{escape(name)}</li>' for name, colour in colours)
    legend = f'<ul class="keys" aria-label="Colours of the timeline">{keys}</ul>' if faces else ""
    return f"<p><b>{escape(first)}</b></p><ul>{items}</ul>{legend}"


def hint(seconds: float, megabytes: int) -> str:
    """What may be uploaded, and what becomes of it."""
    return (
        f"MP4, MOV, WebM, MKV, AVI: at most **{seconds:.0f} seconds** and {megabytes} MB. "
        "Ten moments of a second are analysed. Everything is deleted after some minutes."
    )


def meter(share: float, text: str) -> str:
    """Progress as HTML.

    Args:
        share: done, in [0, 1].
        text: what is being done.
    """
    done = round(100 * share)
    shown = f"{done} % · {escape(text)}" if 0 < share < 1 else escape(text)
    return (
        f'<div class="meter-line"><i role="progressbar" aria-label="Analysis of the video" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" style="--share:{share:.3f}">'
        f'</i><span role="status">{shown}</span></div>'
    )
