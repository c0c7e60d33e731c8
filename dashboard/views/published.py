"""Published results: what others report, where it was read, and our own results beside it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.analysis.eac_gaps import eac_gaps, gap_sentences
from dashboard.analysis.placed import MEASURED, comparable_own, comparable_runs, measured_rows
from dashboard.analysis.published import (
    AXES,
    COLUMNS,
    HUST_REPORT,
    TRUST,
    UNRANKED,
    UNSTATED,
    hust_rows,
    narrow,
    read_published,
    select,
    training_name,
)
from dashboard.analysis.published_points import drawn_points, scatter_points
from dashboard.analysis.runs import none_finished
from dashboard.charts.published import published_figure
from dashboard.data.names import Runs
from dashboard.views.downloads import quiet_expander, save_button
from dashboard.views.published_own import find_own, show_own, show_places
from dashboard.views.published_table import (
    ALL_COLUMNS,
    GAPS,
    HUST_COLUMNS,
    PLACED_COLUMNS,
    SHOWN,
    show_results,
    titles,
)
from dashboard.views.sidebar import load_runs
from dashboard.views.tables import show_copy, show_table
from dashboard.views.widgets import TRAIN_COMMAND, show_chart, show_download
from fer_core.io.wording import counted
from fer_core.records.published import published_bibtex

FILTERS = {
    "backbone": "Backbone",
    "pretraining": "Pre-training",
    "selection": "Model selection",
}


@st.cache_data(show_spinner=False, max_entries=4)
def find_measured(_runs: Runs, fingerprint: str) -> pd.DataFrame:
    """`measured_rows` of the runs; ``fingerprint`` is only a key of the cache."""
    return measured_rows(_runs.table)


@st.cache_data(show_spinner=False)
def find_published() -> pd.DataFrame:
    """`read_published`."""
    return read_published()


@st.cache_data(show_spinner=False)
def find_gaps() -> pd.DataFrame:
    """`eac_gaps` of the published results."""
    return eac_gaps(find_published())


def pick_group(rows: pd.DataFrame) -> tuple[str, str, float, str]:
    """Data set with its classes, metric, noise rate, training: results of these are comparable."""
    boxes = st.columns(4)
    sizes = rows["setting"].value_counts()
    setting = boxes[0].selectbox("Data set", list(sizes.index), key="data", bind="query-params")
    rows = rows[rows["setting"] == setting]
    metrics = list(rows["metric"].value_counts().index)
    metric = boxes[1].selectbox("Metric", metrics, key="metric", bind="query-params")
    rows = rows[rows["metric"] == metric]
    rates = sorted(rows["noise_percent"].unique())
    rate = boxes[2].selectbox(
        "Noisy labels",
        rates,
        format_func=lambda value: f"{value:g} %" if value else "none",
        key="noise",
        bind="query-params",
    )
    rows = rows[rows["noise_percent"] == rate]
    trained = sorted(rows["trained_on"].unique())
    on = boxes[3].selectbox(
        "Trained", trained, format_func=training_name, key="trained", bind="query-params"
    )
    return str(setting), str(metric), float(rate or 0), str(on or "")


def pick_rows(group: pd.DataFrame, everything: pd.DataFrame) -> pd.DataFrame:
    """The rows of the group that pass the filters, ranked among themselves."""
    with st.expander("Filters: backbone, pre-training, model selection, year, trust level"):
        boxes = st.columns(3)
        wanted = {}
        for box, (column, title) in zip(boxes, FILTERS.items(), strict=True):
            values = everything[column].fillna(UNSTATED).value_counts().index
            wanted[column] = box.multiselect(
                title, list(values), key=f"published_{column}", bind="query-params"
            )
        first, last = int(everything["year"].min()), int(everything["year"].max())
        years = st.slider(
            "Year", first, last, (first, last), key="published_years", bind="query-params"
        )
        marks = st.pills(
            "Trust level",
            list(TRUST),
            selection_mode="multi",
            default=list(TRUST),
            key="trust",
            bind="query-params",
        )
        st.markdown("\n".join(f"- **{mark}**: {meaning}" for mark, meaning in TRUST.items()))
    chosen = group[group["trust"].isin(marks)]
    return narrow(chosen, wanted, None if years == (first, last) else years)


def show_group(rows: pd.DataFrame, ours: pd.DataFrame, own: pd.DataFrame, metric: str) -> None:
    """Table and chart of one group of comparable results.

    Args:
        rows: published, of `pick_rows`, not empty.
        ours: comparable rows of `measured_rows`.
        own: comparable rows of `own_rows`.
        metric: of all of them.
    """
    placed = [part for part in (own, ours) if not part.empty]
    columns = PLACED_COLUMNS if placed else COLUMNS
    everything = pd.concat([rows, *placed])
    show_results(everything, columns)
    shown = everything.reindex(columns=columns)
    show_copy(shown, "published-group", titles(columns), rows=everything)
    st.caption(
        "EAC is highlighted. Ranks are among the published results shown; those marked "
        f"{', '.join(UNRANKED[:-1])} or {UNRANKED[-1]} have none, nor have our own runs "
        f"(“{MEASURED}”). Model selection says which epoch or run the authors report: a maximum "
        "over runs is not a mean."
    )
    show_places(own, rows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        axis = st.segmented_control(
            "Horizontal axis",
            list(AXES),
            default="Year",
            required=True,
            key="published_axis",
            bind="query-params",
        )
        wide = "Mobi" not in (st.context.headers.get("User-Agent") or "")  # phones have no room
        names = st.toggle("Names", wide, key="published_names", bind="query-params")
    drawn, missing = drawn_points(scatter_points(rows, ours, own), str(axis))
    if drawn.empty:
        st.info(f"None of these results states its {str(axis).lower()}.")
    else:
        show_chart(
            published_figure(drawn, metric, str(axis), names=names),
            drawn,
            "published",
            selection=[metric, str(axis)],
            caption=f"Published results and our own: {metric} by {str(axis).lower()}.",
        )
    hollow = "Hollow stars and squares were measured on a validation split, not on the test split."
    st.caption(f"{hollow} {missing}" if "validation" in " ".join(drawn["kind"]) else missing)


@st.fragment
def show_bibtex(rows: pd.DataFrame) -> None:
    """The BibTeX entries of the papers of some rows, made once they are asked for."""
    keys = rows["bibtex"].dropna()
    count = keys.nunique()
    label = f"BibTeX of {counted(count, 'paper')}"
    if (box := quiet_expander(label, "open-bibtex")) is None:
        return
    with box:
        entries = published_bibtex(keys)
        st.code(entries, language="latex", height=320)
        save_button("Save as .bib", entries, "published.bib", "application/x-bibtex", "bibtex")


@st.fragment
def show_closed(
    label: str,
    shown: pd.DataFrame,
    name: str,
    columns: Mapping[str, Any],
    rows: pd.DataFrame | None = None,
) -> None:
    """`show_table` below the head of an expander, sent once it is opened."""
    if (box := quiet_expander(label, f"open-{name}")) is not None:
        with box:
            show_table(shown, name, columns, rows=rows)


def show_hust_report(published: pd.DataFrame) -> None:
    """The methods of the HUST report, and how EAC compares with each of them."""
    st.subheader("The eight methods of the HUST report (2024)")
    listed = hust_rows(published)
    show_results(listed, HUST_COLUMNS)
    show_copy(listed, "published-hust-report", titles(HUST_COLUMNS))
    st.caption(
        f"{HUST_REPORT} It mixes metrics, so ranks are within each metric, among all published "
        "results above; a result whose metric is not known has no rank."
    )
    st.subheader("How EAC compares")
    gaps = find_gaps()
    st.markdown("\n".join(f"- {sentence}" for sentence in gap_sentences(gaps)))
    st.caption(
        "Differences are computed only where data set, classes, noise and metric agree. None of "
        "these results has a confidence interval, so a small difference may be chance."
    )
    show_closed("All pairs of results", gaps, "published-eac", GAPS)


def show_measured(ours: pd.DataFrame, table: pd.DataFrame) -> None:
    """Our own results, of this table of runs."""
    st.subheader("Measured here")
    if ours.empty:
        st.info(f"{none_finished(table)} Train one: `{TRAIN_COMMAND}`")
        return
    st.caption(
        "Means over the seeds of our own runs. They have no rank: pre-training, image size, epochs "
        "and, in some rows, the evaluation split differ from the published results."
    )
    shown = ours.drop(columns="conditions")
    show_table(shown, "measured", SHOWN)


st.title("Published results", anchor=False)  # its link wraps on phones
published = find_published()
st.markdown(
    f"What papers report for facial expression recognition: {len(published)} figures, "
    f"{published['table_url'].notna().sum()} of them with a link to the place where they were "
    "read, each with a mark of how far it can be trusted. Ranks are given only among results of "
    "the same data set, classes, label noise, metric and training."
)
group = pick_group(published)
chosen = pick_rows(select(published, *group), published)
runs = load_runs()
ours = find_measured(runs, runs.fingerprint)
own = find_own()
if chosen.empty:
    st.info("No published result passes these filters; choose more values, or none.")
else:
    comparable = comparable_own(own, chosen)
    show_group(chosen, comparable_runs(ours, chosen), comparable, group[1])
    show_bibtex(chosen)
    show_own(own, chosen)
show_closed(
    f"All {len(published)} published results",
    published[ALL_COLUMNS],
    "published-all",
    SHOWN,
    rows=published,
)
show_download(published, "published-all", "Download all as CSV")
show_hust_report(published)
show_measured(ours, runs.table)
