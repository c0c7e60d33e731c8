import pytest

from dashboard.analysis.record_text import NAMES, fact_rows
from dashboard.analysis.run_facts import fact_table
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import read_run

TABLES = ("confusion", "slices", "transition", "train_counts", "eval_counts")  # shown elsewhere


@pytest.mark.parametrize(
    ("name", "value", "rows"),
    [
        ("accuracy_last5", 0.7689903, [("accuracy (last 5 epochs)", "76.90 %")]),
        ("final_macro_f1", 1.0, [("macro F1 (final epoch)", "100.00 %")]),
        ("realised_rate", 0.2999960, [("realised rate", "30.00 %")]),
        ("best_epoch", 7, [("best epoch", "7")]),
        ("seconds", 3026.4, [("time of training and evaluation", "50 min")]),
        ("macs", 24367104, [("MACs", "24,367,104")]),
        ("seconds", 60, [("time of training and evaluation", "60 s")]),
        ("rate", 0, [("rate", "0.00 %")]),
        ("chosen_epoch", None, [("chosen epoch", "not stated")]),
        ("accuracy_last5", float("nan"), [("accuracy (last 5 epochs)", "not stated")]),
        ("slices", {}, [("slices", "none")]),
        ("map_size", [3, 3], [("map size", "3x3")]),
        ("name", "ferplus", [("name", "ferplus")]),
        ("missing", [], [("missing", "none")]),
        ("threads", 1, [("threads", "1")]),
        (
            "pretrained_match",
            {"share": 0.5, "missing": ["a.b", "c"], "classifier": False},
            [
                ("pretrained match: share", "50.00 %"),
                ("pretrained match: missing", "a.b, c"),
                ("pretrained match: classifier", "no"),
            ],
        ),
        (
            "input",
            {"std": [0.226], "landmarks": [[0.30951, 0.5], [1, 2]]},
            [("input: std", "0.226"), ("input: landmarks", "(0.3095, 0.5), (1, 2)")],
        ),
        (
            "teachers",
            [{"name": "one"}, {"name": "two", "image_size": 64}],
            [
                ("teachers 1: name", "one"),
                ("teachers 2: name", "two"),
                ("teachers 2: image size", "64"),
            ],
        ),
    ],
)
def test_a_fact_is_a_row_that_a_person_can_read(name, value, rows):
    assert fact_rows(name, value) == rows


# A phrase may have the word false.
JSON = r"[{}\[\]]|(?:^|, )(?:null|true|false)(?:,|$)|\.\d{5}"


def test_no_fact_of_a_shipped_run_is_shown_as_json_or_lost():
    for file in SHIPPED_RUNS.rglob("run.json"):
        record = read_run(file.parent)
        parts = (record.result, record.environment, record.data, record.noise, record.model)
        table = fact_table(*(part or {} for part in parts), leave_out=TABLES)
        assert not table["value"].str.contains(JSON).any(), file
        asked = {name for part in parts for name in part or {}} - {*TABLES}
        shown = {*table["fact"]}
        for name in asked:
            words = NAMES.get(name, name.replace("_", " "))
            assert any(fact == words or fact.startswith(f"{words}:") for fact in shown) or any(
                fact.startswith(f"{words} 1:") for fact in shown
            ), name
