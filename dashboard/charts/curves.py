"""Charts of the curves page: training curves over epochs or training time."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from dashboard.analysis.curves import Series
from dashboard.analysis.seed_groups import seed_counts
from dashboard.charts.style import band_trace, finish, layout_of, traces_of

ROW_HEIGHT = 230  # pixels of each of several linked charts


def curves_figure(
    points: pd.DataFrame, series: Sequence[Series], colours: Mapping[str, str]
) -> go.Figure:
    """One chart of curves: one colour per run, one line style per series.

    Args:
        points: `curves.curve_points`; with ``minutes`` drawn over time, with ``smoothed`` as a
            smooth
            curve with the raw one as a thin line.
        series: of one chart.
        colours: by run, the same in every chart of the page.
    """
    figure = go.Figure()
    unit = " %" if series[0].percent else ""
    by_time, smoothed = "minutes" in points, "smoothed" in points
    x, where = ("minutes", "%{x:.1f} min") if by_time else ("epoch", "epoch %{x}")
    for (run, label, name), rows in points.groupby(["run", "label", "series"], sort=False):
        one = next(item for item in series if item.label == name)
        colour, group = colours[str(run)], f"{run} {name}"
        if smoothed:
            figure.add_scatter(
                x=rows[x],
                y=rows["value"],
                mode=_mode(rows["value"]),
                line={"color": colour, "width": 1, "dash": one.dash},
                opacity=0.55,
                legendgroup=group,
                name=f"{label}, {_lower(one.label)}, raw",
                showlegend=False,
                hoverinfo="skip",
            )
        figure.add_scatter(
            x=rows[x],
            y=rows["smoothed" if smoothed else "value"],
            mode=_mode(rows["value"]),
            line={"color": colour, "width": 2.2, "dash": one.dash},
            marker={"color": colour},
            legendgroup=group,
            name=f"{label}, {_lower(one.label)}" if len(series) > 1 else str(label),
            hovertemplate=f"{label}<br>{where}: {_lower(one.label)} "
            f"%{{y:.4g}}{unit}{' (smoothed)' if smoothed else ''}<extra></extra>",
        )
    title = series[0].label if len(series) == 1 else series[0].chart
    figure.update_xaxes(
        title="Training and evaluation time (minutes)" if by_time else "Epoch", rangemode="tozero"
    )
    figure.update_yaxes(title=f"{title}{' (%)' if unit else ''}")
    # Keeps the zoom when a running run has added an epoch.
    figure.update_layout(uirevision=title)
    return finish(figure, title, legend=True)


def group_curves_figure(
    points: pd.DataFrame, series: Sequence[Series], colours: Mapping[str, str]
) -> go.Figure:
    """One chart of mean curves with bands: one colour per group, one line style per series.

    Args:
        points: `group_curves.group_points`; with ``minutes`` drawn over time.
        series: of one chart.
        colours: by the first run of each group, the same in every chart of the page.
    """
    traces: list[dict[str, object]] = []
    unit = " %" if series[0].percent else ""
    by_time = "minutes" in points
    x, where = ("minutes", "%{x:.1f} min") if by_time else ("epoch", "epoch %{x}")
    for (run, label, name), rows in points.groupby(["run", "label", "series"], sort=False):
        one = next(item for item in series if item.label == name)
        colour, group = colours[str(run)], f"{run} {name}"
        band = rows.dropna(subset=["low", "high"])
        if len(band) > 1:
            places = band[x].to_numpy(dtype=float)
            low, high = (band[end].to_numpy(dtype=float) for end in ("low", "high"))
            text = f"{label}, {_lower(one.label)}, band"
            traces.append(band_trace(places, low, high, colour, group=group, name=text))
        traces.append(
            {
                "type": "scatter",
                "x": rows[x].to_numpy(dtype=float),
                "y": rows["value"].to_numpy(dtype=float),
                "customdata": rows["n"].to_numpy(),
                "mode": _mode(rows["value"]),
                "line": {"color": colour, "width": 2.2, "dash": one.dash},
                "marker": {"color": colour},
                "legendgroup": group,
                "name": (f"{label}, {_lower(one.label)}" if len(series) > 1 else str(label))
                + f" ({seed_counts(rows.loc[rows['n'] > 0, 'n'])})",
                "hovertemplate": f"{label}<br>{where}: {_lower(one.label)} %{{y:.4g}}{unit}<br>"
                "runs in the mean: %{customdata}<extra></extra>",
            }
        )
    figure = go.Figure(traces)
    title = series[0].label if len(series) == 1 else series[0].chart
    figure.update_xaxes(
        title="Training and evaluation time (minutes)" if by_time else "Epoch", rangemode="tozero"
    )
    figure.update_yaxes(title=f"{title}{' (%)' if unit else ''}")
    figure.update_layout(uirevision=title)  # keeps the zoom when a run has added an epoch
    return finish(figure, title, legend=True)


def linked_figure(figures: Sequence[go.Figure]) -> go.Figure:
    """Charts one below the other on one horizontal axis: zoom and hover are those of all of them.

    Args:
        figures: of `curves_figure` or `group_curves_figure`, on the same horizontal axis.
    """
    joined = go.Figure()
    named: set[str] = set()
    count, gap = len(figures), 0.06
    height = (1 - gap * (count - 1)) / count
    for row, figure in enumerate(figures):
        axis = "y" if row == 0 else f"y{row + 1}"
        bottom = (count - 1 - row) * (height + gap)
        for trace in traces_of(figure):
            first = trace.showlegend is not False and trace.name not in named
            named |= {trace.name} if first else set()
            joined.add_trace(trace)
            traces_of(joined)[-1].update(yaxis=axis, showlegend=first)
        title = layout_of(figure).yaxis.title.text
        place = {"title": {"text": title}, "domain": [bottom, bottom + height], "anchor": "x"}
        joined.update_layout({f"yaxis{'' if row == 0 else row + 1}": place})
    last = layout_of(figures[-1]).xaxis
    joined.update_xaxes(
        title=last.title.text, rangemode="tozero", anchor="y" if count == 1 else f"y{count}"
    )
    titles = ", ".join(layout_of(figure).title.text for figure in figures)
    finish(joined, titles, legend=True)
    return joined.update_layout(
        height=ROW_HEIGHT * count + 160,
        hovermode="x",
        hoversubplots="axis",
        uirevision=titles,
        legend={"orientation": "h", "y": -0.12, "x": 0, "yanchor": "top"},
    )


def _mode(values: pd.Series) -> str:
    """Points too where a line breaks: one between two breaks is no line."""
    if len(values) == 1:
        return "markers"
    return "lines+markers" if values.isna().any() else "lines"


def _lower(label: str) -> str:
    return label if label.startswith("L_") else label[0].lower() + label[1:]
