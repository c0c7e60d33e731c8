"""The table of single runs: its columns, which of them are shown, and the rows that are picked."""

from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard.analysis.run_names import differing_names
from dashboard.analysis.runs import scaled_curves, with_curves
from dashboard.data.names import Runs
from dashboard.views.liveness import with_progress
from dashboard.views.tables import show_copy

NUMBER = st.column_config.NumberColumn
TEXT = st.column_config.TextColumn
COLUMNS: dict[str, Any] = {
    "link": st.column_config.LinkColumn("Page", display_text="open", width=60),
    "name": TEXT("Run", width=210, help="The part of the names in which the runs differ"),
    "accuracy_percent": NUMBER(
        "Accuracy (%)", format="%.2f", width=100, help="Mean accuracy of the last five epochs"
    ),
    "mean_class_accuracy_percent": NUMBER(
        "Mean class acc. (%)",
        format="%.2f",
        width=140,
        help="Mean class accuracy: mean recall over all classes (balanced accuracy, UAR), last "
        "five epochs",
    ),
    "chosen_percent": NUMBER(
        "Chosen epoch (%)",
        format="%.2f",
        width=95,
        help="Accuracy in the epoch that does best on held-out images (--holdout)",
    ),
    "chosen_tta_percent": NUMBER(
        "Chosen epoch, flip TTA (%)",
        format="%.2f",
        width=120,
        help="The chosen epoch with flip TTA: averaged over each image and its mirror image",
    ),
    "chosen_tta_mean_class_percent": NUMBER(
        "Chosen epoch, flip TTA, mean class (%)",
        format="%.2f",
        width=150,
        help="Mean class accuracy of the chosen epoch with flip TTA",
    ),
    "curve": "By epoch",
    "method": TEXT("Method", width=90),
    "noise": TEXT("Noise", width=115),
    "seed": NUMBER("Seed", width=55),
    "status": "Status",
    "tags": TEXT("Tags", width=120),
    "note": TEXT("Note", width=200),
    "data": "Data",
    "backbone": "Backbone",
    "imported": TEXT(
        "Imported from", help="The file of another program that the record was converted from"
    ),
    "run": TEXT("Full name", width="medium"),
    "best_percent": NUMBER(
        "Best, selected on evaluation split (%)",
        format="%.2f",
        help="The best epoch, selected on the evaluation split: an upper bound, not a result",
    ),
    "best_epoch": NUMBER("Best epoch", format="%d"),
    "epochs_done": NUMBER("Epochs done"),
    "epochs_asked": NUMBER("Epochs planned"),
    "image_size": NUMBER("Image (px)"),
    "noise_percent": NUMBER("Noise (%)", format="%g"),
    "seconds": NUMBER("Seconds", format="%.0f"),
    "started": st.column_config.DatetimeColumn("Started (UTC)", format="YYYY-MM-DD HH:mm"),
    "source": "Source",
    "map_locality": NUMBER(
        "Map locality",
        format="%.2f",
        help="Share of the change in the attention map that lies where the image was hidden; "
        "0.25 is not local",
    ),
    "map_occlusion": NUMBER(
        "Map occlusion correlation",
        format="%.2f",
        help="Rank correlation of the attention map with the effect of hiding each region",
    ),
    "map_fixed": NUMBER(
        "Map fixed pattern",
        format="%.2f",
        help="Share of the maps' spatial variance that is one fixed pattern of the class",
    ),
}
OPTIONAL = (
    *("imported", "tags", "note", "chosen_percent", "chosen_tta_percent"),
    "chosen_tta_mean_class_percent",
    *("map_locality", "map_occlusion", "map_fixed"),
)
NOT_DEFAULT = ("run",)  # shown by its differing part


def show_table(rows: pd.DataFrame, runs: Runs) -> None:
    """The runs as a sortable table; selected rows are compared below it."""
    rows = with_progress(rows, runs)
    shown = with_curves(rows, runs.epochs).sort_values("started", ascending=False)
    kept = {name: value for name in ("runs",) if (value := st.query_params.get(name))}
    links = [f"runs?{urlencode({**kept, 'run': run})}" for run in shown["run"]]
    names = differing_names(shown["run"].tolist())
    shown = shown.assign(link=links, name=names)[list(COLUMNS)]
    order = pick_columns(shown)
    scaled, low, high = scaled_curves(shown)
    st.session_state["runs_shown"] = shown["run"].tolist()
    st.dataframe(
        scaled,
        hide_index=True,
        column_order=order,
        column_config={**COLUMNS, "curve": curve_column(low, high, shown["data"].nunique())},
        height="content" if len(shown) < 12 else 460,
        placeholder="-",
        key="runs_table",
        on_select=take_picked_rows,
        selection_mode="multi-row",
    )
    copied = [name for name in order if name not in ("link", "curve")]
    show_copy(shown[copied], "runs", COLUMNS)


def pick_columns(shown: pd.DataFrame) -> list[str]:
    """The columns to show, of which the address names those that the visitor has chosen."""
    titles = {_title(name): name for name in COLUMNS}
    empty = [name for name in OPTIONAL if not _filled(shown[name])]
    first = [
        title for title, name in titles.items() if name not in empty and name not in NOT_DEFAULT
    ]
    with st.popover("Columns", type="tertiary", icon=":material/view_column:"):
        chosen = st.multiselect(
            "Columns, in their order",
            list(titles),
            key="runs_columns",
            bind="query-params",
            placeholder="those that have values",
        )
    return [titles[title] for title in chosen or first]


def curve_column(low: float, high: float, data_sets: int) -> Any:  # noqa: ANN401 - Streamlit's
    """The column of sparklines, all from ``low`` to ``high``.

    Args:
        low: the lower end, of `scaled_curves`.
        high: the upper end.
        data_sets: how many there are; several have a scale each.
    """
    own = f"Accuracy after each epoch, from {low:.0f} to {high:.0f} %"
    each = "Accuracy after each epoch, from the lowest (0) to the highest (100) of its data set"
    return st.column_config.LineChartColumn(
        "By epoch", width=95, help=each if data_sets > 1 else own, y_min=low, y_max=high
    )


def take_picked_rows() -> None:
    """Add the rows selected in the table to the runs to compare, and remove the deselected."""
    shown = st.session_state["runs_shown"]
    picked = [shown[row] for row in st.session_state["runs_table"].selection.rows]
    before = st.session_state.get("runs_picked", [])
    compared = st.session_state.get("runs_compare", [])
    kept = [run for run in compared if run not in before or run in picked]
    st.session_state["runs_compare"] = [*kept, *(run for run in picked if run not in kept)]
    st.session_state["runs_picked"] = picked


def _title(name: str) -> str:
    column = COLUMNS[name]
    return str(column if isinstance(column, str) else column["label"])


def _filled(values: pd.Series) -> bool:
    return bool(values.notna().any() and (values.astype(str) != "").any())
