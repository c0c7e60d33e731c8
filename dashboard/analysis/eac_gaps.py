"""How EAC compares with each method of the HUST report, by published results only."""

import pandas as pd

from dashboard.analysis.published import GROUP, TRUST, UNRANKED, hust_rows

COMPARABLE, CONTRADICTED, NONE = "comparable", "contradicted", "not comparable"
# Facts that a reader must know about both results to interpret their difference.
FACTS = {
    "backbone": "backbone",
    "pretraining": "pre-training",
    "selection": "model selection",
    "trust": "trust level",
}
DOUBTFUL = ("claimed", "weak")
UNSTATED = "not stated"
COLUMNS = [
    *("method", "verdict", "gap", "value", "metric", "noise", "eac_value", "in_hust_report"),
    *(name for fact in FACTS for name in (fact, f"eac_{fact}")),
    *("source", "eac_source", "note"),
]


def eac_gaps(published: pd.DataFrame) -> pd.DataFrame:
    """Every method of the HUST report paired with each comparable EAC result.

    Results are comparable if data set, classes, noise and metric agree. The HUST report's own EAC
    results are paired with those of EAC's authors on the same backbone. A method without a
    comparable EAC result has one row without a difference.

    Args:
        published: of `published.read_published`.

    Returns:
        COLUMNS, in the HUST report's order: ``gap`` is EAC minus the method in points, nan if the
        two are not comparable; ``in_hust_report``: whether the report lists this EAC result.
    """
    eac = published[(published["method"] == "EAC") & ~published["trust"].isin(UNRANKED)]
    listed = hust_rows(published)
    listed = listed[listed["method"] != "EAC"]
    own = published[published["is_eac"] & (published["method"] != "EAC")]
    rows = [row for _, one in listed.iterrows() for row in _pairs(one, eac)]
    for _, one in own.iterrows():
        rows += _pairs(one, eac[eac["backbone"] == one["backbone"]])
    return pd.DataFrame(rows, columns=COLUMNS)


def gap_sentences(gaps: pd.DataFrame) -> list[str]:
    """One comparison with EAC for each method, preferring EAC's result in the HUST report.

    If EAC also has a result with the method's own backbone and pre-training, that difference
    follows: it can have the opposite sign.

    Args:
        gaps: of `eac_gaps`.
    """
    sentences = []
    for _, pairs in gaps.groupby(["method", "value"], sort=False):
        first = pairs.sort_values("in_hust_report", ascending=False, kind="stable").iloc[0]
        same = (pairs["backbone"] == pairs["eac_backbone"]) & (
            pairs["pretraining"] == pairs["eac_pretraining"]
        )
        others = pairs[same & (pairs["backbone"] != UNSTATED)].drop(first.name, errors="ignore")
        extra = [
            f" With the same backbone and pre-training ({other['backbone']}, "
            f"{other['pretraining']}), EAC reaches {other['eac_value']:.2f} %: {_gap_text(other)}."
            for _, other in others.iterrows()
        ]
        sentences.append(gap_sentence(first) + "".join(extra))
    return sentences


def gap_sentence(pair: pd.Series) -> str:
    """The comparison of a pair, and the facts in which the two results differ.

    Args:
        pair: a row of `eac_gaps`.
    """
    note = f" Note: {pair['note']}." if isinstance(pair["note"], str) else ""
    if pair["verdict"] == NONE:
        return (
            f"**{pair['method']}**, {pair['value']:.2f} %: not comparable. There is no EAC result "
            f"with the same data, classes, noise and metric (metric: {pair['metric']}; trust "
            f"level: {pair['trust']}).{note}"
        )
    text = (
        f"**{pair['method']}**, {pair['value']:.2f} %, and EAC, {pair['eac_value']:.2f} % "
        f"({pair['metric']}, {pair['noise']}): {_gap_text(pair)}."
    )
    if pair["verdict"] == CONTRADICTED:
        text += " The first result is contradicted, so the difference means nothing."
    if pair["trust"] in DOUBTFUL:
        text += f" The first result is {pair['trust']}: {TRUST[pair['trust']]}."
    return f"{text} {_facts_text(pair)}{note}"


def _gap_text(pair: pd.Series) -> str:
    if not pair["gap"]:
        return "no difference"
    return f"EAC is {abs(pair['gap']):.2f} points {'higher' if pair['gap'] > 0 else 'lower'}"


def _facts_text(pair: pd.Series) -> str:
    same, different = [], []
    for fact, name in FACTS.items():
        one, other = pair[fact], pair[f"eac_{fact}"]
        if one == other:
            same.append(f"{name} {one}{' for both' if one == UNSTATED else ''}")
        else:
            different.append(f"{name} {one}, EAC's {other}")
    parts = [("Different", different), ("Same", same)]
    return " ".join(f"{word}: {'; '.join(facts)}." for word, facts in parts if facts)


def _pairs(one: pd.Series, eac: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of one result; EAC's results in the order of the published table."""
    if one["trust"] == "unverified" or pd.isna(one["classes"]):
        partners = eac.head(0)  # it is unknown what the result measures
    else:
        partners = eac[(eac[GROUP] == one[GROUP]).all(axis=1).fillna(False).astype(bool)]
    about = {name: one[name] for name in ("method", "value", "metric", "source", "note")}
    rate, kind = float(one["noise_rate"]), str(one["noise_kind"])
    about["noise"] = f"{100 * rate:g} % {kind} noise" if rate else "clean labels"
    about |= _facts(one, "")
    if partners.empty:
        return [about | {"verdict": NONE, "gap": float("nan"), "in_hust_report": False}]
    verdict = CONTRADICTED if one["trust"] in UNRANKED else COMPARABLE
    return [
        about
        | _facts(partner, "eac_")
        | {
            "verdict": verdict,
            "gap": round(partner["value"] - one["value"], 2),
            "eac_value": partner["value"],
            "eac_source": partner["source"],
            "in_hust_report": bool(pd.notna(partner["report_row"])),
        }
        for _, partner in partners.iterrows()
    ]


def _facts(row: pd.Series, prefix: str) -> dict[str, str]:
    stated = row[list(FACTS)].fillna(UNSTATED)
    return {f"{prefix}{fact}": str(stated[fact]) for fact in FACTS}
