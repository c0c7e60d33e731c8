import subprocess
import sys

import pytest
from huggingface_hub import utils

from fer_core.hub.errors import Wanted, no_answer, quiet_client
from tests.project import PROJECT

WANTED = Wanted("data set", "me/runs@v1/noise", "me/runs", "v1", "http://hub/datasets/me/runs")


def test_the_dashboard_can_have_it_without_torch_or_the_client():
    code = "import sys, fer_core.hub.errors; print({'torch', 'huggingface_hub'} & set(sys.modules))"
    root = PROJECT
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert result.stdout == "set()\n"


def test_an_error_of_the_transport_names_the_hub_and_what_was_asked():
    message = no_answer(WANTED, TimeoutError("slow"))
    assert "cannot be reached (TimeoutError), asked for me/runs@v1/noise: check" in message
    assert "slow" not in message


def test_progress_bars_come_back_even_after_an_error():
    before, during = utils.are_progress_bars_disabled(), []

    def fail():
        with quiet_client():
            during.append(utils.are_progress_bars_disabled())
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert during == [True]
    assert utils.are_progress_bars_disabled() == before
