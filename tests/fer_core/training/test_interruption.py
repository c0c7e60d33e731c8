from pathlib import Path

import pytest

from fer_core.training.interruption import how_to_go_on


@pytest.mark.parametrize(
    ("completed", "given", "said"),
    [
        (0, False, "in its first epoch: delete runs/a b and start the run again"),
        (0, True, "in its first epoch: give the same command again"),
        (2, False, "after 2 epochs: go on with fer-core train --resume 'runs/a b'"),
        (1, True, "after 1 epoch: give the same command again, or go on in Python"),
    ],
)
def test_an_interrupted_run_says_how_it_goes_on(completed, given, said):
    told = how_to_go_on(KeyboardInterrupt(), Path("runs/a b"), completed, given=given)
    assert told.startswith(f"ended by Ctrl-C {said}")
