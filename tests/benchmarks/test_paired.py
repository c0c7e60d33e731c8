import itertools
import time

import pytest

from benchmarks.paired import Worker, paired_ratio, take_turns
from benchmarks.result import ratio_entry


def sums(count):
    """Units of work that need their process alone."""
    for _ in itertools.repeat(None):
        sum(range(count))
        yield


def fails():
    """Work that ends after one unit."""
    yield


def test_the_ratio_says_how_many_times_as_much_time_the_other_takes():
    ratio = paired_ratio([2.0, 4.0, 3.0], [1.0, 2.0, 1.0])
    assert ratio.ratio == 2.0
    assert (ratio.low, ratio.high, ratio.pairs) == (2.0, 3.0, 3)


@pytest.mark.parametrize(("theirs", "own"), [([], []), ([1.0], [1.0, 2.0])])
def test_times_that_are_no_pairs_are_refused(theirs, own):
    with pytest.raises(ValueError, match=f"{len(theirs)} and {len(own)}"):
        paired_ratio(theirs, own)


@pytest.mark.slow
def test_two_processes_take_turns_and_tell_time_and_memory():
    with Worker(sums, 1000) as few, Worker(sums, 100_000) as many:
        costs = take_turns((few, many), units=2, warm_up=1)
        assert [len(own) for own in costs] == [2, 2]
        assert all(cost.seconds > 0 for own in costs for cost in own)
        assert few.memory().idle > 0


@pytest.mark.slow
def test_a_process_that_ends_is_an_error():
    with Worker(fails) as worker:
        worker.unit()
        with pytest.raises(RuntimeError, match="exit code 1"):
            worker.unit()


class Turns:
    """Stands for a process, and notes when it was asked."""

    def __init__(self, name, asked):
        self.name, self.asked = name, asked

    def unit(self):
        self.asked.append(self.name)
        return time.perf_counter()


def test_who_comes_first_changes_from_pair_to_pair():
    asked = []
    take_turns([Turns("a", asked), Turns("b", asked)], units=2, warm_up=1)
    assert asked == ["b", "a", "a", "b", "b", "a"]


def test_an_entry_has_what_was_measured_and_nothing_else():
    ratio = paired_ratio([2.0], [1.0])
    entry = ratio_entry("ours", "theirs", ratio, precision="fp32", threads=2)
    assert entry["ratio"] == [2.0, 2.0, 2.0]
    assert not {"cpu_ratio", "memory_ratio"} & set(entry)
    entry = ratio_entry("a", "b", ratio, precision="fp32", threads=2, cpu=ratio, memory=0.5)
    assert (entry["cpu_ratio"], entry["memory_ratio"]) == ([2.0, 2.0, 2.0], 0.5)
