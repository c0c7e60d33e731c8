"""Names of runs without what all of them share."""

import pytest

from dashboard.analysis.run_names import differing_names


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["study/eac-noise0.3-seed0", "study/eac-noise0.3-seed1"], ["seed0", "seed1"]),
        (["a-eac-s0", "a-scn-s0"], ["eac", "scn"]),
        (["eac-s0", "baseline-s1"], ["eac-s0", "baseline-s1"]),
        (["one/run", "one/run/two"], ["run", "run/two"]),
        (["a-", "a-b"], ["a-", "a-b"]),
        (["study/eac"], ["study/eac"]),
        ([], []),
    ],
)
def test_only_what_distinguishes_the_names_is_shown(names, shown):
    assert differing_names(names) == shown


def test_no_two_runs_are_shown_by_the_same_name():
    names = ["a-b", "a-a-b", "a-b-b", "b"]
    assert len(set(differing_names(names))) == len(names)
