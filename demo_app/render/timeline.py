"""The faces of a video over time as a plotly figure: a row of probabilities and a band per face."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from demo_app.language import class_name, say
from demo_app.render.text import NOT_SURE, person_name
from fer_core.taxonomy import Taxonomy
from fer_core.video.events import Event
from fer_core.video.series import held_until
from fer_core.video.time_ranges import TimeRange

ROWS = 6  # faces drawn; the files have all
ROW_HEIGHT = 150  # pixels
BREAK = 2  # moments without the face that break its lines
NEUTRAL = "#75808c"  # read on white and on the dark page alike
BAND = (-0.24, 0.16)  # base and height of the band below the probabilities
EVENT = (1.04, 1.1)  # from and to of the bar of an event, above the probabilities
SHADE = "rgba(127,140,155,.35)"  # of excluded ranges


def draw_timeline(
    table: pd.DataFrame,
    columns: Sequence[str],
    taxonomy: Taxonomy,
    *,
    moments: Sequence[float],
    period: float,
    seconds: float,
) -> go.Figure:
    """Probabilities of every class over time, and below them the predictions; one row per face.

    Args:
        table: rows as in `video.VideoResult`.
        columns: of the probabilities, in the order of the classes.
        taxonomy: the model's classes.
        moments: times of all analysed frames in seconds, rising, those without faces too.
        period: seconds between two of them.
        seconds: length of the video.
    """
    faces = drawn_faces(table)
    figure = make_subplots(
        rows=max(1, len(faces)),
        shared_xaxes=True,
        vertical_spacing=0.12 / max(1, len(faces)),
        row_titles=[_title(table, face) for face in faces],
    )
    for row, face in enumerate(faces, 1):
        seen = table[table["face"] == face]
        for name, column, colour in zip(taxonomy.names, columns, taxonomy.colours, strict=True):
            points = _points(seen, column, moments)
            figure.add_trace(_line(points, name, colour), row=row, col=1)
        for trace in _bands(spans(seen, moments, period), taxonomy):
            figure.add_trace(trace, row=row, col=1)
    _style(figure, len(faces), seconds)
    return figure


def mark_review(
    figure: go.Figure, faces: Sequence[int], events: Sequence[Event], excluded: Sequence[TimeRange]
) -> None:
    """Draw excluded ranges as shades, and events as bars above the lines of their faces.

    Args:
        figure: of `draw_timeline`.
        faces: numbers of the faces in its rows.
        events: those of other faces are not drawn.
        excluded: ranges of time.
    """
    for one in excluded:
        figure.add_vrect(x0=one.start, x1=one.end, fillcolor=SHADE, line_width=0, layer="above")
    for event in events:
        if event.face in faces:
            figure.add_shape(
                type="rect",
                **{"x0": event.start, "x1": event.end, "y0": EVENT[0], "y1": EVENT[1]},
                **{"fillcolor": NEUTRAL, "line_width": 0},
                row=faces.index(event.face) + 1,
                col=1,
            )


def drawn_faces(table: pd.DataFrame) -> list[int]:
    """Numbers of the faces that have a row of the figure: those seen longest."""
    lasting = table["face"].value_counts().index[:ROWS]
    return sorted(int(face) for face in lasting)


def _title(table: pd.DataFrame, face: int) -> str:
    person = str(table.loc[table["face"] == face, "person"].iloc[0])
    return _plain(person_name(face, person))


def spans(
    seen: pd.DataFrame, moments: Sequence[float], period: float
) -> list[tuple[float, float, str]]:
    """(from, to, prediction) of one face wherever the prediction stays the same without a gap.

    Args:
        seen: rows of the face.
        moments: times of all analysed frames.
        period: seconds between two of them.
    """
    times = [float(time) for time in seen["time_s"]]
    ends = held_until(times, moments, period).tolist()
    predictions = seen["emotion"].where(seen["sure"], NOT_SURE)
    found: list[tuple[float, float, str]] = []
    for time, end, prediction in zip(times, ends, predictions, strict=True):
        if found and found[-1][1:] == (time, prediction):
            found[-1] = (found[-1][0], end, str(prediction))
        else:
            found.append((time, end, str(prediction)))
    return found


def _points(
    seen: pd.DataFrame, column: str, moments: Sequence[float]
) -> tuple[list[float], list[float | None]]:
    """Times and probabilities, with a break where the face is missing at two moments or more."""
    places = np.searchsorted(moments, seen["time_s"])
    missed = np.diff(places, prepend=places[:1]) - 1
    times: list[float] = []
    values: list[float | None] = []
    for time, value, before in zip(seen["time_s"], seen[column], missed, strict=True):
        if before >= BREAK:
            times.append(time)
            values.append(None)
        times.append(time)
        values.append(value)
    return times, values


def _line(points: tuple[list[float], list[float | None]], name: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=points[0],
        y=points[1],
        name=escape(name),
        mode="lines",
        line={"color": colour, "width": 2},
        hovertemplate=f"%{{x:.1f}} s: {_plain(class_name(name))} %{{y:.0%}}<extra></extra>",
    )


def _plain(name: str) -> str:
    """A class name that Plotly takes as plain text: no HTML, no placeholder."""
    return escape(name).replace("%{", "% {")


def _span(begin: float, end: float, prediction: str) -> str:
    times = {"begin": f"{begin:.1f}", "end": f"{end:.1f}"}
    return say("timeline.span", prediction=class_name(prediction), **times)


def _bands(found: Sequence[tuple[float, float, str]], taxonomy: Taxonomy) -> list[go.Bar]:
    drawn = []
    for begin, end, prediction in found:
        sure = prediction != NOT_SURE
        drawn.append(
            go.Bar(
                x=[(begin + end) / 2],
                width=[end - begin],
                base=[BAND[0]],
                y=[BAND[1]],
                name=escape(prediction),
                marker={
                    "color": taxonomy.colour_of(prediction) if sure else "rgba(0,0,0,0)",
                    "line": {"width": 0 if sure else 1, "color": NEUTRAL},
                },
                hovertemplate=_plain(_span(begin, end, prediction)) + "<extra></extra>",
            )
        )
    return drawn


def _style(figure: go.Figure, rows: int, seconds: float) -> None:
    figure.update_layout(
        height=70 + ROW_HEIGHT * max(1, rows),
        margin={"l": 42, "r": 24, "t": 8, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": NEUTRAL, "size": 13},
        showlegend=False,  # the page has one that wraps on a telephone
        barmode="overlay",
        hovermode="closest",
        dragmode=False,
    )
    figure.update_annotations(font={"color": NEUTRAL, "size": 13})
    grid = {"gridcolor": "rgba(127,140,155,.22)", "zeroline": False}
    figure.update_yaxes(
        range=[BAND[0] - 0.04, 1.12], tickvals=[0, 0.5, 1], tickformat=".0%", **grid
    )
    figure.update_xaxes(range=[0, seconds], **grid)
    figure.update_xaxes(
        title={"text": say("timeline.seconds"), "font": {"size": 13}}, row=max(1, rows), col=1
    )
