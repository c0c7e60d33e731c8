"""The faces of a video as a table: tracks, one row per face and analysed frame, and its files."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from demo_app.render import text as words
from fer_core.inference.face_prediction import FacePrediction
from fer_core.io.csv_cells import no_formula
from fer_core.landmarks.analysis import COLUMNS as MOVEMENTS
from fer_core.landmarks.analysis import cells
from fer_core.taxonomy import column_names
from fer_core.video.series import person_label

POSITION = ("time_s", "frame", "face", "x0", "y0", "x1", "y1")
PREDICTION = ("emotion", "probability", "sure")
EXCLUDED = "excluded"  # column: left out of events and summaries by the visitor
PERSON = "person"  # column: the name that the visitor gave, or the number of the face


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
    return column_names(classes, (*POSITION, *PREDICTION, EXCLUDED, PERSON, *MOVEMENTS))


def tabulate(
    analysed: Analysed, classes: tuple[str, ...], threshold: float, *, movements: bool = False
) -> pd.DataFrame:
    """One row per face and analysed frame, in order of time.

    Args:
        analysed: the tracks.
        classes: of the model.
        threshold: of "not sure", in [0, 1].
        movements: whether the faces have an analysis, with its columns; those of a face in which
            the analyser saw none are empty.
    """
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
            person_label(track.number),
            *(_movement_cells(face) if movements else ()),
        )
        for track in analysed.tracks
        for frame, time, face in zip(track.frames, track.times, track.faces, strict=True)
    ]
    rows.sort(key=lambda row: (row[1], row[2]))
    columns = [*POSITION, *PREDICTION, *columns_of(classes), EXCLUDED, PERSON]
    return pd.DataFrame(rows, columns=[*columns, *(MOVEMENTS if movements else ())])


def _movement_cells(face: FacePrediction) -> list[Any]:
    if face.analysis is None:
        return [None] * len(MOVEMENTS)
    values = cells(face.analysis.to_dict())
    return [values[name] for name in MOVEMENTS]


def summarise_faces(table: pd.DataFrame, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """For each face of a table its time, shares and mean probabilities."""
    faces, columns = [], columns_of(classes)
    for number, seen in table.groupby("face"):
        answers = seen["emotion"].where(seen["sure"], words.NOT_SURE)
        shares = answers.value_counts(normalize=True)
        faces.append(
            {
                "face": int(str(number)),
                "person": str(seen[PERSON].iloc[0]),
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
    return faces


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
    cleared = table.astype(object).where(table.notna(), None)  # JSON knows no NaN
    content = {**summary, "rows": cleared.to_dict("records")}
    report.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
    return csv, report
