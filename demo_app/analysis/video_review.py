"""A second look at an analysed video: events, ranges left out, what each person did, files."""

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_movements import (
    MovementSummary,
    follow_movements,
    summarise_movements,
)
from demo_app.analysis.video_report import summary_html
from demo_app.analysis.video_table import (
    EXCLUDED,
    PERSON,
    columns_of,
    summarise_faces,
    write_files,
)
from demo_app.render.review_tables import events_html, movement_shares_html, people_html
from demo_app.render.timeline import draw_timeline, drawn_faces, mark_review
from fer_core.video.elan import annotate, write_elan
from fer_core.video.events import Event, EventRule, find_events
from fer_core.video.person_summary import PersonSummary, summarise_people
from fer_core.video.series import FaceSeries, exclude, make_series
from fer_core.video.tables import event_table, long_table, people_table, transition_table
from fer_core.video.time_ranges import TimeRange, is_within, parse_time_ranges

FOLDER = "review-"
KEPT = 3  # leaving a field and pressing a button may both look again while a file is sent


@dataclass(frozen=True)
class ReviewOptions:
    """What a visitor looks for.

    Attributes:
        emotion: the class of events.
        threshold: probability above which an event takes place, in [0, 1].
        seconds: for which it must at least.
        excluded: ranges of time as text, see `fer_core.video.time_ranges`.
    """

    emotion: str
    threshold: float = 0.6
    seconds: float = 0.5
    excluded: str = ""


@dataclass(frozen=True, eq=False)
class VideoReview:
    """What the page shows and hands out.

    Attributes:
        events: that were found.
        people: what each face did.
        summary_html: what was found outside of the excluded ranges, as of a `VideoResult`.
        events_html: a table whose times are buttons.
        people_html: shares of time, transitions and movements.
        movements_html: what the faces do where the video is; empty where that was not asked for.
        figure: the timeline with events and excluded ranges.
        files: by kind, ``csv``, ``json``, ``events``, ``long``, ``people``, ``transitions`` and
            ``elan``.
    """

    events: list[Event]
    people: list[PersonSummary]
    summary_html: str
    events_html: str
    people_html: str
    movements_html: str
    figure: go.Figure
    files: dict[str, Path]


def review_video(result: VideoResult, options: ReviewOptions) -> VideoReview:
    """Look for events, and write all files anew; no frame is analysed again.

    Args:
        result: of the analysis.
        options: what to look for.

    Raises:
        EventError: when the rule cannot be met, or the model has no such class.
        TimeRangeError: when the excluded ranges are none.
    """
    ranges = parse_time_ranges(options.excluded)
    rule = EventRule(options.emotion, options.threshold, options.seconds)
    series = [exclude(one, ranges) for one in series_of(result)]
    events = find_events(series, rule)
    people = summarise_people(series, result.summary["threshold"])
    outside = [is_within(time, ranges) for time in result.table["time_s"]]
    table = result.table.assign(**{EXCLUDED: pd.Series(outside, result.table.index, dtype=bool)})
    kept = table[~table[EXCLUDED]]
    does = summarise_movements(kept)
    faces = summarise_faces(kept, tuple(result.summary["classes"]))
    summary = result.summary | {"faces": faces} | _entries(ranges, rule, events, people, does)
    return VideoReview(
        events,
        people,
        summary_html(summary, result.taxonomy),
        events_html(events, rule),
        people_html(people, result.taxonomy) + movement_shares_html(does),
        follow_movements(table, result.period),
        _figure(result, events, ranges),
        _write(result, table, series, events, people, summary),
    )


def series_of(result: VideoResult) -> list[FaceSeries]:
    """The probabilities of each face over time, from the table of an analysis."""
    classes = tuple(result.summary["classes"])
    columns = list(columns_of(classes))
    length = result.summary["video"]["seconds"]  # no sample holds beyond it
    found = []
    for number, seen in result.table.groupby("face"):
        face, times = int(str(number)), seen["time_s"].to_list()
        rows = seen[columns].to_numpy(float)
        series = make_series(face, classes, times, rows, result.moments, result.period)
        ends = np.maximum(series.times, np.minimum(series.ends, length))
        person = str(seen[PERSON].iloc[0])
        name = "" if person == series.person else person
        found.append(replace(series, ends=ends, name=name))
    return found


def _figure(result: VideoResult, events: list[Event], ranges: Sequence[TimeRange]) -> go.Figure:
    taxonomy, summary = result.taxonomy, result.summary
    figure = draw_timeline(
        result.table,
        columns_of(taxonomy.names),
        taxonomy,
        moments=result.moments,
        period=result.period,
        seconds=summary["video"]["seconds"],
    )
    mark_review(figure, drawn_faces(result.table), events, ranges)
    return figure


def _write(
    result: VideoResult,
    table: pd.DataFrame,
    series: Sequence[FaceSeries],
    events: Sequence[Event],
    people: Sequence[PersonSummary],
    summary: dict[str, Any],
) -> dict[str, Path]:
    """All files in a new folder; the KEPT ones before it stay, for downloads under way."""
    root = result.video.parent
    for old in sorted(root.glob(f"{FOLDER}*"), key=_written)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    folder = root / f"{FOLDER}{secrets.token_hex(8)}"
    folder.mkdir(parents=True)  # the sweeping may have deleted the root meanwhile
    stem = Path(result.name).stem
    csv, report = write_files(folder, stem, table, summary)
    written = {
        "events": (f"{stem}-events.csv", event_table(result.name, events)),
        "long": (f"{stem}-long.csv", long_table(result.name, series)),
        "people": (f"{stem}-people.csv", people_table(result.name, people)),
        "transitions": (f"{stem}-transitions.csv", transition_table(result.name, people)),
        "elan": (
            f"{stem}.eaf",
            write_elan(annotate(series, result.summary["threshold"], events), result.name),
        ),
    }
    files = {"csv": csv, "json": report}
    for kind, (name, content) in written.items():
        (folder / name).write_bytes(content)
        files[kind] = folder / name
    return files


def _written(folder: Path) -> int:
    """When the folder got its last file; 0 where it was swept meanwhile."""
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _entries(
    ranges: Sequence[TimeRange],
    rule: EventRule,
    events: Sequence[Event],
    people: Sequence[PersonSummary],
    does: Sequence[MovementSummary],
) -> dict[str, Any]:
    """What the JSON file says of a review."""
    content = {
        "excluded": [list(one) for one in ranges],
        "rule": vars(rule),
        "events": [one._asdict() for one in events],
        "people": [one.to_dict() for one in people],
        **({"movements": [one.to_dict() for one in does]} if does else {}),
    }
    return json.loads(json.dumps(content))
