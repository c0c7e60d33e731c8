import io
from pathlib import Path

import pytest
from rich.console import Console

from fer_core.config import RunConfig
from fer_core.sweeping.plan import PlannedRun
from fer_core.sweeping.status import RunProgress
from fer_core.sweeping.table import (
    SweepTable,
    counts,
    duration,
    end_line,
    live_table,
    plan_lines,
    seconds_left,
    summary_lines,
)


def a_run(name, state="waiting", **values):
    run = PlannedRun(name, RunConfig(epochs=10))
    return RunProgress(run, Path("out") / name, state=state, **values)


FINISHED = a_run("eac-seed0", "finished", epochs=10, epoch_seconds=6.0, accuracy=0.57234)
RUNNING = a_run("eac-seed1", "running", epochs=4, epoch_seconds=10.0, accuracy=0.5)
STARTING = a_run("plain", "running")
WAITING = a_run("plain-seed1", "waiting")
FAILED = a_run("broken", "failed", epochs=2, accuracy=0.1, error="killed\nby [signal] 9")
ALL = [FINISHED, RUNNING, STARTING, WAITING, FAILED]


def drawn(renderable):
    console = Console(file=io.StringIO(), width=80)
    console.print(renderable)
    return console.file.getvalue()


def test_the_live_table_shows_the_running_runs_and_counts_the_others():
    text = drawn(live_table(ALL))
    assert "eac-seed1" in text
    assert "4/10" in text
    assert "50.00 %" in text
    assert "60 s" in text
    assert "0/10" in text
    assert "plain-seed1" not in text
    assert "1 finished, 1 failed, 2 running, 1 waiting; about" in " ".join(text.split())


def test_the_time_left_is_shared_by_the_running_runs_and_guessed_for_the_others():
    # usual: (6 + 10) / 2 = 8 seconds an epoch; 6 x 10 + 10 x 8 + 10 x 8 over two at a time
    assert seconds_left(ALL) == pytest.approx(110)
    assert seconds_left([WAITING, STARTING]) is None
    assert seconds_left([FINISHED]) == 0
    assert counts([FINISHED]) == "1 finished"


def test_the_summary_has_a_line_a_run_with_its_figure_or_its_error():
    lines = summary_lines(ALL)
    assert [line.split()[0] for line in lines] == [one.run.name for one in ALL]
    assert lines[0].split() == ["eac-seed0", "finished", "57.23", "%", "10/10"]
    assert lines[4].endswith("2/10  killed by [signal] 9")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "new"),
        ({"earlier": "finished", "accuracy": 0.5}, "finished, 50.00 %: skipped"),
        ({"earlier": "running", "epochs": 3}, "interrupted: goes on after epoch 3"),
        ({"earlier": "running"}, "interrupted: starts over"),
        ({"earlier": "failed", "error": "a\nb", "epochs": 1}, "failed (a b): goes on after epoch"),
        ({"earlier": "failed"}, "failed (no reason given): starts over"),
    ],
)
def test_the_list_of_a_dry_run_says_what_would_be_done(values, said):
    (line,) = plan_lines([a_run("one", **values)])
    assert line.startswith("one  ")
    assert said in line


def test_an_end_is_one_line():
    assert end_line(FINISHED) == "finished eac-seed0: 57.23 % (mean of the last 5 epochs)"
    assert end_line(FAILED) == "failed   broken: killed by [signal] 9"
    again = a_run("broken", "waiting", error="killed")
    assert end_line(again) == "failed   broken: killed; it is tried again"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds, text):
    assert duration(seconds) == text


def test_without_a_terminal_only_lines_are_written_whole_and_as_they_are():
    console = Console(file=io.StringIO(), width=40)
    with SweepTable(console) as table:
        table.say("failed [run]: " + "x" * 100)
        table.show(ALL)
    assert console.file.getvalue() == "failed [run]: " + "x" * 100 + "\n"


def test_on_a_terminal_the_table_is_drawn_below_the_lines():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with SweepTable(console) as table:
        table.show(ALL)
        table.say("a line")
    assert "eac-seed1" in console.file.getvalue()
    assert "a line" in console.file.getvalue()
