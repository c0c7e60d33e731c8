"""Runs with their seeds together: the table of groups, and their paired differences."""

import pandas as pd
import streamlit as st

from dashboard.analysis.group_table import FIGURES, group_gaps, group_table
from dashboard.analysis.seed_groups import SeedGroup
from dashboard.views.foreign_text import foreign
from dashboard.views.seed_picker import pick_grouping, pooled_note
from dashboard.views.tables import show_copy, show_table
from fer_core.io.wording import counted

NUMBER = st.column_config.NumberColumn
TITLES = {
    "accuracy": "Accuracy",
    "mean_class_accuracy": "Mean class accuracy",
    "chosen": "Chosen epoch",
    "chosen_tta": "Chosen epoch, flip TTA",
}
COLUMNS = {
    "method": "Method",
    "noise": "Noise",
    "data": "Data",
    "backbone": "Backbone",
    "image_size": "Image size",
    "epochs": "Epochs",
    "options": st.column_config.TextColumn(
        "Options",
        help="In which this group differs from most groups that are alike in all named facts",
    ),
    "n": NUMBER("n", help="Finished runs: seeds, unless the group pools other options"),
    **{
        name + end: NUMBER(f"{title}{what}", format="%.2f", help=about)
        for name, title in TITLES.items()
        for end, what, about in (
            ("", " (%)", "Mean over the runs"),
            ("_sd", ", SD", "Standard deviation over the runs"),
            ("_low", ", 95 % from", "95 % interval of the mean (Student's t)"),
            ("_high", ", 95 % to", "95 % interval of the mean (Student's t)"),
        )
    },
    "seeds": "Seeds",
    "status": "Status",
    "seconds": NUMBER("Seconds a run", format="%.0f"),
    "started": st.column_config.DatetimeColumn("Last started (UTC)", format="YYYY-MM-DD HH:mm"),
    "pooled": st.column_config.TextColumn("Pools", help="Options in which the runs differ"),
    "group": "Group",
}
SHARED = ("noise", "data", "backbone", "image_size", "epochs")  # facts that groups often share
GAPS = {
    "group": "Group",
    "n": NUMBER("Shared seeds"),
    "seeds": "Seeds",
    "mean": NUMBER("Accuracy (%)", format="%.2f", help="Over the shared seeds"),
    "first": NUMBER("First group's (%)", format="%.2f", help="Over the shared seeds"),
    "difference": NUMBER("Difference (points)", format="%+.2f", help="This group minus the first"),
    "low": NUMBER("95 % from", format="%+.2f"),
    "high": NUMBER("95 % to", format="%+.2f"),
    "reason": "Why no difference",
}


def show_groups(rows: pd.DataFrame, fingerprint: str) -> None:
    """The groups of some runs in a table, and the comparison of those that are selected in it.

    Args:
        rows: of the table of runs.
        fingerprint: of the records that they are a part of.
    """
    if rows.empty:
        st.info("No run passes these filters.")
        return
    groups = pick_grouping("runs", rows, fingerprint)
    table = group_table(rows, groups).sort_values("started", ascending=False)
    known = [name for name in FIGURES.values() if table[name].notna().any()]
    absent = [name for name in FIGURES.values() if name not in known]
    columns = [name for name in COLUMNS if not name.startswith(tuple(absent))]
    shown = table[_differing_first(table, columns)]
    repeated = len(rows) - sum(len(group.runs) for group in groups)
    notes = [f"{counted(len(groups), 'group')}."]
    if repeated:
        notes.append(
            f"{counted(repeated, 'run repeats', 'runs repeat')} a seed: the latest counts."
        )
    st.caption(foreign(" ".join(filter(None, [*notes, pooled_note(groups)]))))
    st.session_state["groups_shown"] = table["group"].tolist()
    shown = shown if table["pooled"].any() else shown.drop(columns="pooled")
    st.dataframe(
        shown,
        hide_index=True,
        column_config=COLUMNS,
        height="content" if len(shown) < 12 else 460,
        placeholder="-",
        key="groups_table",
        on_select=take_picked_groups,
        selection_mode="multi-row",
    )
    show_copy(shown, "groups", COLUMNS, rows=table)
    show_group_comparison(rows, groups)


def _differing_first(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """The columns with the facts that are the same in all groups at the end; the method stays."""
    same = [name for name in SHARED if table[name].nunique() < 2]
    return [name for name in columns if name not in same] + same


def take_picked_groups() -> None:
    """Compare the groups selected in the table."""
    shown = st.session_state["groups_shown"]
    picked = st.session_state["groups_table"].selection.rows
    st.session_state["groups_compare"] = [shown[row] for row in picked if row < len(shown)]


def show_group_comparison(rows: pd.DataFrame, groups: list[SeedGroup]) -> None:
    """Paired differences of the chosen groups from the first one."""
    st.subheader("Compare groups")
    by_name = {group.name: group for group in groups}
    chosen = st.multiselect(
        "Groups; the first one is the reference",
        list(by_name),
        key="groups_compare",
        bind="query-params",
        placeholder="two or more; selecting rows in the table puts them here",
    )
    if len(chosen) < 2:
        st.caption("Choose two or more groups to see their difference, paired by seed.")
        return
    st.markdown(f"**Differences from {foreign(chosen[0])}, paired by seed**")
    gaps = group_gaps(rows, [by_name[name] for name in chosen])
    shown = gaps if gaps["reason"].any() else gaps.drop(columns="reason")
    show_table(shown, "groups-differences", GAPS, rows=gaps)
    st.caption(
        "Accuracy, mean of the last five epochs, over the seeds that both groups have; intervals "
        "are Student's t over seeds and are not corrected for multiple testing."
    )
