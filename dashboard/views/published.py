"""Published results: what others report, how far each figure can be trusted, and our own."""

import pandas as pd
import streamlit as st

from dashboard.charts.published import published_figure
from dashboard.data import Runs
from dashboard.published import (
    COLUMNS,
    TRUST,
    UNRANKED,
    measured_rows,
    read_published,
    scatter_points,
    select,
)
from dashboard.show import TRAIN_COMMAND, show_chart, show_download
from dashboard.source import load_runs

NUMBER = st.column_config.NumberColumn
SHOWN = {
    "rank": NUMBER("Rank", help="Within this data set, class count, noise and metric alone"),
    "method": "Method",
    "value": NUMBER("Value (%)", format="%.2f"),
    "year": NUMBER("Year", format="%d"),
    "backbone": "Backbone",
    "pretraining": "Pre-training",
    "selection": "Selection",
    "trust": "Trust",
    "params_m": NUMBER("Parameters (M)", format="%.1f"),
    "venue": "Venue",
    "code": "Code",
    "source": "Source",
    "note": "Note",
    "half": NUMBER("95 % ± points", format="%.1f"),
    "seeds": "Seeds",
    "setting": "Data",
    "noise_percent": NUMBER("Noise (%)", format="%g"),
    "image_size": NUMBER("Image (px)"),
    "epochs": "Epochs",
    "metric": "Metric",
}


def pick_group(rows: pd.DataFrame) -> tuple[str, str, float]:
    """Data set with its classes, metric and noise rate: the values that make figures comparable."""
    left, middle, right = st.columns(3)
    sizes = rows["setting"].value_counts()
    setting = left.selectbox("Data set", list(sizes.index), key="data", bind="query-params")
    rows = rows[rows["setting"] == setting]
    metrics = list(rows["metric"].value_counts().index)
    metric = middle.selectbox("Metric", metrics, key="metric", bind="query-params")
    rates = sorted(rows.loc[rows["metric"] == metric, "noise_percent"].unique())
    rate = right.selectbox(
        "Changed labels",
        rates,
        format_func=lambda value: f"{value:g} %" if value else "none",
        key="noise",
        bind="query-params",
    )
    return str(setting), str(metric), float(rate or 0)


def show_group(rows: pd.DataFrame, measured: pd.DataFrame, metric: str) -> None:
    """Table and chart of one comparable group."""
    st.dataframe(
        rows[COLUMNS].style.apply(_highlight_eac, axis=1),
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
        height="content" if len(rows) < 14 else 520,
    )
    st.caption(
        "EAC's rows are tinted. Ranks count within this selection alone, and rows marked "
        f"{', '.join(UNRANKED[:-1])} or {UNRANKED[-1]} have none. Selection says which epoch or "
        "run the authors report: a maximum over runs is not a mean."
    )
    points = scatter_points(rows, measured)
    show_chart(published_figure(points, metric), points, "published")


def show_measured(runs: Runs, setting: str, rate: float) -> pd.DataFrame:
    """The block of our own figures; returns those comparable with the chosen group."""
    st.subheader("Measured here")
    ours = measured_rows(runs.table)
    if ours.empty:
        st.info(f"No finished run yet. Measure one: `{TRAIN_COMMAND}`")
        return ours
    st.caption(
        "Means over seeds of this project's own runs. Starting weights, image size and epochs "
        "differ from the published ones, so they carry no rank."
    )
    st.dataframe(ours, hide_index=True, column_config=SHOWN, placeholder="-")
    show_download(ours, "measured")
    return ours[(ours["setting"] == setting) & (ours["noise_percent"] == rate)]


def _highlight_eac(row: pd.Series) -> list[str]:
    tint = (
        "background-color: rgba(31, 131, 196, 0.28)" if str(row["method"]).startswith("EAC") else ""
    )
    return [tint] * len(row)


st.title("Published results")
published = read_published()
group = pick_group(published)
marks = st.pills(
    "Trust",
    list(TRUST),
    selection_mode="multi",
    default=list(TRUST),
    key="trust",
    bind="query-params",
)
with st.expander("What the trust marks mean"):
    st.markdown("\n".join(f"- **{mark}**: {meaning}" for mark, meaning in TRUST.items()))
chosen = select(published, *group)
chosen = chosen[chosen["trust"].isin(marks)]
top, bottom = st.container(), st.container()
with bottom:
    comparable = show_measured(load_runs(), group[0], group[2])
with top:
    if chosen.empty:
        st.info("No published figure has these trust marks: choose more of them.")
    else:
        show_group(chosen, comparable if group[1] == "accuracy" else comparable.head(0), group[1])
with st.expander(f"All {len(published)} published figures"):
    st.dataframe(
        published[["setting", "noise_percent", "metric", *COLUMNS]],
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
    )
    show_download(published, "published-all")
