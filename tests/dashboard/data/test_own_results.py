"""Results of a visitor: what is read, and what is refused."""

import pytest

from dashboard.data.own_results import (
    EXAMPLE,
    OPTIONAL,
    REQUIRED,
    OwnResultsError,
    own_csv,
    own_row,
    read_own_file,
    read_own_results,
)

CELLS = {
    "method": "mine",
    "dataset": "RAF-DB",
    "classes": 7,
    "noise_rate": 0,
    "metric": "accuracy",
    "value": 88.1,
}


def test_the_example_is_read_and_survives_being_saved(tmp_path):
    rows = read_own_results(EXAMPLE, "example")
    assert rows.loc[0, ["method", "classes", "noise_rate", "value"]].tolist() == [
        *("my method", 7, 0.3, 85.1),
    ]
    file = tmp_path / "my_results.csv"
    file.write_text(own_csv(rows))
    assert read_own_file(file).equals(rows)


def test_a_file_that_does_not_exist_has_no_rows(tmp_path):
    rows = read_own_file(tmp_path / "my_results.csv")
    assert rows.empty
    assert list(rows.columns) == [*REQUIRED, *OPTIONAL]


def test_clean_labels_need_no_kind_of_noise():
    assert own_row(CELLS, "here")["noise_kind"] == "none"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"method": ""}, ["method", "empty"]),
        ({"value": "188"}, ["value", "100", "188"]),
        ({"value": "high"}, ["value", "number", "high"]),
        ({"classes": "7.5"}, ["classes", "whole", "7.5"]),
        ({"noise_rate": "30"}, ["noise_rate", "1", "30"]),
        ({"noise_rate": "0.3"}, ["noise_kind", "symmetric"]),
        ({"eval_split": "dev"}, ["eval_split", "test", "val", "dev"]),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_with_what_is_allowed(changes, named):
    with pytest.raises(OwnResultsError) as caught:
        own_row(CELLS | changes, "my_results.csv, row 2")
    assert all(word in str(caught.value) for word in ["my_results.csv, row 2", *named])


def test_a_table_without_the_needed_columns_is_refused_with_their_names():
    with pytest.raises(OwnResultsError, match=r"mine\.csv lacks the columns dataset, classes"):
        read_own_results("method,value\nmine,88\n", "mine.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "my_results.csv"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(OwnResultsError, match=r"my_results\.csv"):
        read_own_file(file)
