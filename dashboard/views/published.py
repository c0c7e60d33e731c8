"""Published results: what others report, how far it can be trusted, and our own results."""

import pandas as pd
import streamlit as st

from dashboard.analysis.eac_gaps import eac_gaps, gap_sentences
from dashboard.analysis.published import (
    AXES,
    COLUMNS,
    HUST_REPORT,
    TRUST,
    UNRANKED,
    comparable_runs,
    drawn_points,
    hust_rows,
    measured_rows,
    read_published,
    scatter_points,
    select,
)
from dashboard.charts.published import published_figure
from dashboard.data.names import Runs
from dashboard.views.sidebar import load_runs
from dashboard.views.widgets import TRAIN_COMMAND, show_chart, show_download

NUMBER = st.column_config.NumberColumn
SHOWN = {
    "rank": NUMBER(
        "Rank", help="Among results with the same data set, number of classes, noise and metric"
    ),
    "method": "Method",
    "value": NUMBER("Value (%)", format="%.2f"),
    "year": NUMBER("Year", format="%d"),
    "backbone": "Backbone",
    "pretraining": "Pre-training",
    "selection": "Model selection",
    "trust": "Trust level",
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
    "noise_kind": "Noise",
    "eval_split": "Evaluated on",
    "verdict": "Comparable?",
    "gap": NUMBER("EAC minus method (points)", format="%+.2f"),
    "eac_value": NUMBER("EAC (%)", format="%.2f"),
    "in_hust_report": "EAC's figure in the HUST report",
    "eac_backbone": "EAC's backbone",
    "eac_pretraining": "EAC's pre-training",
    "eac_selection": "EAC's model selection",
    "eac_trust": "EAC's trust level",
    "eac_source": "EAC's source",
}
HUST_COLUMNS = [
    *("method", "value", "metric", "rank", "trust", "selection", "backbone", "pretraining"),
    *("params_m", "year", "venue", "code", "source", "note"),
]


@st.cache_data(show_spinner=False, max_entries=4)
def find_measured(_runs: Runs, fingerprint: str) -> pd.DataFrame:
    """`measured_rows` of the runs; ``fingerprint`` is only a key of the cache."""
    return measured_rows(_runs.table)


def show_hust_report(published: pd.DataFrame) -> None:
    """The methods of the HUST report, and how EAC compares with each of them."""
    st.subheader("The eight methods of the HUST report (2024)")
    listed = hust_rows(published)
    st.dataframe(
        listed[HUST_COLUMNS].style.apply(_highlight_eac, axis=1),
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
        height="content",
    )
    show_download(listed, "published-hust-report")
    st.caption(
        f"{HUST_REPORT} It mixes metrics, so ranks are within each metric, among all published "
        "results below; a result whose metric is not known has no rank."
    )
    st.subheader("How EAC compares")
    gaps = eac_gaps(published)
    st.markdown("\n".join(f"- {sentence}" for sentence in gap_sentences(gaps)))
    st.caption(
        "Differences are computed only where data set, classes, noise and metric agree. None of "
        "these results has a confidence interval, so a small difference may be chance."
    )
    with st.expander("All pairs of results"):
        st.dataframe(gaps, hide_index=True, column_config=SHOWN, placeholder="-", height="content")
        show_download(gaps, "published-eac")


def pick_group(rows: pd.DataFrame) -> tuple[str, str, float]:
    """Data set with its classes, metric and noise rate; within these, results are comparable."""
    left, middle, right = st.columns(3)
    sizes = rows["setting"].value_counts()
    setting = left.selectbox("Data set", list(sizes.index), key="data", bind="query-params")
    rows = rows[rows["setting"] == setting]
    metrics = list(rows["metric"].value_counts().index)
    metric = middle.selectbox("Metric", metrics, key="metric", bind="query-params")
    rates = sorted(rows.loc[rows["metric"] == metric, "noise_percent"].unique())
    rate = right.selectbox(
        "Noisy labels",
        rates,
        format_func=lambda value: f"{value:g} %" if value else "none",
        key="noise",
        bind="query-params",
    )
    return str(setting), str(metric), float(rate or 0)


def show_group(rows: pd.DataFrame, measured: pd.DataFrame, metric: str) -> None:
    """Table and chart of one group of comparable results."""
    st.dataframe(
        rows[COLUMNS].style.apply(_highlight_eac, axis=1),
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
        height="content" if len(rows) < 14 else 520,
    )
    st.caption(
        "EAC is highlighted. Ranks are within this selection; results marked "
        f"{', '.join(UNRANKED[:-1])} or {UNRANKED[-1]} have none. Model selection says which epoch "
        "or run the authors report: a maximum over runs is not a mean."
    )
    axis = st.segmented_control(
        "Horizontal axis",
        list(AXES),
        default="Year",
        required=True,
        key="published_axis",
        bind="query-params",
    )
    drawn, missing = drawn_points(scatter_points(rows, measured), str(axis))
    if drawn.empty:
        st.info(f"None of these results states its {str(axis).lower()}.")
    else:
        show_chart(
            published_figure(drawn, metric, str(axis)),
            drawn,
            "published",
            selection=[metric, str(axis)],
            caption=f"Published results and our own: {metric} by {str(axis).lower()}.",
        )
    if missing:
        st.caption(missing)


def show_measured(ours: pd.DataFrame) -> None:
    """Our own results."""
    st.subheader("Measured here")
    if ours.empty:
        st.info(f"No run has finished yet. Train one: `{TRAIN_COMMAND}`")
        return
    st.caption(
        "Means over the seeds of our own runs. They have no rank: pre-training, image size, epochs "
        "and, in some rows, the evaluation split differ from the published results."
    )
    shown = ours.drop(columns="conditions")
    st.dataframe(
        shown,
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
        height="content" if len(shown) < 14 else 460,
    )
    show_download(shown, "measured")


def _highlight_eac(row: pd.Series) -> list[str]:
    tint = (
        "background-color: rgba(31, 131, 196, 0.28)" if str(row["method"]).startswith("EAC") else ""
    )
    return [tint] * len(row)


st.title("Published results")
published = read_published()
show_hust_report(published)
st.subheader("All published results, grouped by comparability")
group = pick_group(published)
marks = st.pills(
    "Trust level",
    list(TRUST),
    selection_mode="multi",
    default=list(TRUST),
    key="trust",
    bind="query-params",
)
with st.expander("What the trust levels mean"):
    st.markdown("\n".join(f"- **{mark}**: {meaning}" for mark, meaning in TRUST.items()))
chosen = select(published, *group)
chosen = chosen[chosen["trust"].isin(marks)]
runs = load_runs()
ours = find_measured(runs, runs.fingerprint)
if chosen.empty:
    st.info("No published result has these trust levels; choose more of them.")
else:
    show_group(chosen, comparable_runs(ours, chosen), group[1])
show_measured(ours)
with st.expander(f"All {len(published)} published results"):
    st.dataframe(
        published[["setting", "noise_percent", "metric", *COLUMNS]],
        hide_index=True,
        column_config=SHOWN,
        placeholder="-",
    )
    show_download(published, "published-all")
