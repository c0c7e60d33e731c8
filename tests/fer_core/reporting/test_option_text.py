"""Values of options in words, alone and in the names of a table's methods."""

import pytest

from fer_core.records.groups import group_runs
from fer_core.reporting.option_text import option_text
from fer_core.reporting.tables import approach_name
from tests.made_records import made_record


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((None, "none"), ([], "none"), ({}, "none"), (False, "no"), (True, "yes"), (0.5, "0.5")),
        *(([1, 2], "1, 2"), ({"a": None}, "a: none"), ("logits", "logits")),
    ],
)
def test_a_value_is_written_in_words(value, text):
    assert option_text(value) == text


def test_a_method_in_a_table_is_told_by_its_options_in_words():
    groups = group_runs([made_record(), made_record(name="attached", detach_classifier=False)])
    names = {approach_name(group, groups) for group in groups}
    assert names == {"eac", "eac, detach classifier no"}
