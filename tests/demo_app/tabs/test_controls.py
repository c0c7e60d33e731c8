import pytest

from demo_app.render.text import threshold_fault
from demo_app.tabs.controls import any_number


@pytest.mark.parametrize("sent", ["abc", None, "", [0.5], {"value": 1}])
def test_what_is_no_number_comes_through_and_is_answered_with_a_sentence(sent):
    value = any_number(0.5, label="threshold").preprocess(sent)
    assert threshold_fault(value) == f"threshold must be a number in [0, 1], got {value!r}."


def test_a_number_stays_a_number():
    assert any_number(0.5, label="threshold").preprocess(0.25) == 0.25
    assert threshold_fault(0.25) == ""
