"""Choosing groups of runs: seeds together as one, or single runs."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.analysis.seed_groups import SeedGroup, differing, seed_groups

TOGETHER, SINGLE = "together", "single runs"


@st.cache_resource(show_spinner=False, max_entries=16)
def find_groups(_table: pd.DataFrame, key: str, by: tuple[str, ...]) -> list[SeedGroup]:
    """`seed_groups` of a table, shared by all visitors; the last two are keys of the cache."""
    return seed_groups(_table, by or None)


def pick_together(prefix: str, run_keys: Sequence[str]) -> bool:
    """Whether seeds are shown together.

    Args:
        prefix: of the widget's key.
        run_keys: query parameters that name single runs: a link that has one shows single runs.
    """
    links = any(st.query_params.get_all(key) for key in run_keys)
    chosen = st.segmented_control(
        "Seeds",
        [TOGETHER, SINGLE],
        default=SINGLE if links else TOGETHER,
        required=True,
        key=f"{prefix}_seeds",
        bind="query-params",
        help="Together: runs that differ in their seed alone are one group.",
    )
    return chosen == TOGETHER


def pick_grouping(prefix: str, table: pd.DataFrame, fingerprint: str) -> list[SeedGroup]:
    """The groups of the runs; by default everything but the seed makes a group.

    Args:
        prefix: of the widget's key.
        table: of the runs.
        fingerprint: of the records that the table is a part of.
    """
    key = f"{fingerprint} {hash(tuple(table['run']))}"
    names = differing([group.facts for group in find_groups(table, key, ())])
    by = st.multiselect(
        "Group by",
        names,
        key=f"{prefix}_by",
        bind="query-params",
        placeholder="everything but the seed",
        help="Runs that share the chosen options are one group. Options that are not chosen are "
        "pooled, and the page says so.",
    )
    return find_groups(table, key, tuple(by))


def pick_groups(
    prefix: str,
    table: pd.DataFrame,
    fingerprint: str,
    first: Sequence[str],
    most: int | None = None,
) -> list[SeedGroup]:
    """The groups chosen by the visitor.

    Args:
        prefix: of the widgets' keys.
        table: of the runs to choose from.
        fingerprint: of the records that the table is a part of.
        first: runs whose groups are chosen by default.
        most: number of groups that may be chosen.
    """
    left, right = st.columns([3, 2])
    with right:
        groups = pick_grouping(prefix, table, fingerprint)
    by_name = {group.name: group for group in groups}
    default = [group.name for run in first for group in groups if run in group.runs]
    chosen = left.multiselect(
        "Groups of runs",
        sorted(by_name),
        default=list(dict.fromkeys(default)),
        max_selections=most,
        key=f"{prefix}_group",
        bind="query-params",
        help="By default, EAC and the baseline, which differ only in the method.",
    )
    return [by_name[name] for name in chosen]


def pooled_note(groups: Sequence[SeedGroup]) -> str:
    """A sentence on the options that groups pool; empty if they are seeds alone."""
    pooled = list(dict.fromkeys(name for group in groups for name in group.pooled))
    if not pooled:
        return ""
    names = ", ".join(pooled[:6]) + (f" and {len(pooled) - 6} more" if len(pooled) > 6 else "")
    return f"These groups pool runs that differ in {names}: the spread is not over seeds alone."
