"""Tables of runs of which not everything is stated."""

from fer_core.reporting.tables import noise_table, runs_table
from tests.made_records import made_record


def test_a_table_of_runs_of_another_program_says_what_is_not_stated():
    known = [
        made_record(suite="thesis", method=method, backbone="resnet18", seed=0)
        for method in ("cross_entropy", "eac")
    ]
    unknown = made_record(suite="", name="old", noise=None, noise_rate=None)
    text = runs_table([*known, unknown])
    (row,) = [line for line in text.splitlines() if line.startswith("| unknown")]
    assert "size not stated" in row
    assert row.count("not stated") == 3  # size, noise and seed
    assert "starting weights not stated" in text
    assert "of another program" in noise_table(known)


def test_a_list_of_labels_is_named_by_its_file_and_defaults_go_without_saying():
    records = [
        made_record(
            method="cross_entropy",
            seed=0,
            noise="file",
            noise_rate=0.0,
            noise_file="lists/mine.txt",
        ),
        made_record(
            method="cross_entropy",
            seed=0,
            noise="file",
            noise_rate=0.0,
            noise_file="b.txt",
            ema_decay=0.999,
        ),
    ]
    rows = [line.split(" | ") for line in runs_table(records).splitlines()[2:4]]
    assert sorted(row[1] for row in rows) == ["cross_entropy", "cross_entropy, ema decay 0.999"]
    assert [row[2].endswith(" mine.txt") for row in rows].count(True) == 1  # beside b.txt
