"""How EAC compares with each method of the project report, by the published table alone."""

import pandas as pd

from dashboard.analysis.published import GROUP, TRUST, UNRANKED, report_rows

COMPARABLE, CONTRADICTED, NONE = "same measure", "contradicted", "not comparable"
# What a reader must know of both sides before a difference means something.
FACTS = {
    "backbone": "backbone",
    "pretraining": "pre-training",
    "selection": "selection",
    "trust": "trust mark",
}
DOUBTFUL = ("claimed", "weak")
UNSTATED = "not stated"
COLUMNS = [
    *("method", "verdict", "gap", "value", "metric", "eac_value", "in_report"),
    *(name for fact in FACTS for name in (fact, f"eac_{fact}")),
    *("source", "eac_source", "note"),
]


def eac_gaps(published: pd.DataFrame) -> pd.DataFrame:
    """Every method of the report beside each EAC figure with which it can be compared.

    Figures are compared where data set, classes, noise and metric agree. The report's own figures
    of EAC stand beside those of EAC's authors on the same backbone. A method without such a figure
    has one row without a difference.

    Args:
        published: of `published.read_published`.

    Returns:
        COLUMNS, in the report's order: ``gap`` is EAC minus the method in points, nan where the
        two are not comparable; ``in_report`` whether EAC's figure is the report's own choice.
    """
    eac = published[(published["method"] == "EAC") & ~published["trust"].isin(UNRANKED)]
    listed = report_rows(published)
    listed = listed[listed["method"] != "EAC"]
    own = published[published["is_eac"] & (published["method"] != "EAC")]
    rows = [row for _, one in listed.iterrows() for row in _pairs(one, eac)]
    for _, one in own.iterrows():
        rows += _pairs(one, eac[eac["backbone"] == one["backbone"]])
    return pd.DataFrame(rows, columns=COLUMNS)


def gap_sentences(gaps: pd.DataFrame) -> list[str]:
    """For each method what the table says of it and EAC, from EAC's figure in the report.

    Where EAC also has a figure on the method's own backbone and pre-training, that difference
    follows: it can have the other sign.

    Args:
        gaps: of `eac_gaps`.
    """
    sentences = []
    for _, pairs in gaps.groupby(["method", "value"], sort=False):
        first = pairs.sort_values("in_report", ascending=False, kind="stable").iloc[0]
        same = (pairs["backbone"] == pairs["eac_backbone"]) & (
            pairs["pretraining"] == pairs["eac_pretraining"]
        )
        others = pairs[same & (pairs["backbone"] != UNSTATED)].drop(first.name, errors="ignore")
        extra = [
            f" With the same backbone and pre-training ({other['backbone']}, "
            f"{other['pretraining']}) EAC has {other['eac_value']:.2f} %: {_gap_text(other)}."
            for _, other in others.iterrows()
        ]
        sentences.append(gap_sentence(first) + "".join(extra))
    return sentences


def gap_sentence(pair: pd.Series) -> str:
    """What the table says of a pair, and what keeps its figures from being alike.

    Args:
        pair: a row of `eac_gaps`.
    """
    note = f" Noted: {pair['note']}." if isinstance(pair["note"], str) else ""
    if pair["verdict"] == NONE:
        return (
            f"**{pair['method']}**, {pair['value']:.2f} %: not comparable. EAC has no figure with "
            f"the same data, classes, noise and metric here (metric: {pair['metric']}; trust mark: "
            f"{pair['trust']}).{note}"
        )
    text = (
        f"**{pair['method']}**, {pair['value']:.2f} %, and EAC, {pair['eac_value']:.2f} % "
        f"({pair['metric']}): {_gap_text(pair)}."
    )
    if pair["verdict"] == CONTRADICTED:
        text += " The first figure is contradicted, so the difference shows nothing."
    if pair["trust"] in DOUBTFUL:
        text += f" The first figure is {pair['trust']}: {TRUST[pair['trust']]}."
    return f"{text} {_facts_text(pair)}{note}"


def _gap_text(pair: pd.Series) -> str:
    if not pair["gap"]:
        return "no difference"
    return f"EAC is {abs(pair['gap']):.2f} points {'higher' if pair['gap'] > 0 else 'lower'}"


def _facts_text(pair: pd.Series) -> str:
    alike, unlike = [], []
    for fact, name in FACTS.items():
        one, other = pair[fact], pair[f"eac_{fact}"]
        if one == other:
            alike.append(f"{name} {one}{' for either' if one == UNSTATED else ''}")
        else:
            unlike.append(f"{name} {one}, EAC's {other}")
    parts = [("Unlike", unlike), ("Alike", alike)]
    return " ".join(f"{word}: {'; '.join(facts)}." for word, facts in parts if facts)


def _pairs(one: pd.Series, eac: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of one figure; EAC's figures in the order of the published table."""
    if one["trust"] == "unverified" or pd.isna(one["classes"]):
        partners = eac.head(0)  # nobody knows what the figure counts
    else:
        partners = eac[(eac[GROUP] == one[GROUP]).all(axis=1).fillna(False).astype(bool)]
    about = {name: one[name] for name in ("method", "value", "metric", "source", "note")}
    about |= _facts(one, "")
    if partners.empty:
        return [about | {"verdict": NONE, "gap": float("nan"), "in_report": False}]
    verdict = CONTRADICTED if one["trust"] in UNRANKED else COMPARABLE
    return [
        about
        | _facts(partner, "eac_")
        | {
            "verdict": verdict,
            "gap": round(partner["value"] - one["value"], 2),
            "eac_value": partner["value"],
            "eac_source": partner["source"],
            "in_report": bool(pd.notna(partner["report_row"])),
        }
        for _, partner in partners.iterrows()
    ]


def _facts(row: pd.Series, prefix: str) -> dict[str, str]:
    stated = row[list(FACTS)].fillna(UNSTATED)
    return {f"{prefix}{fact}": str(stated[fact]) for fact in FACTS}
