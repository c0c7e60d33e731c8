"""``fer-core evaluate --maps``."""

import json
from functools import partial

import pytest

from fer_core.cli import evaluate as module


@pytest.fixture
def command(call_command, tiny_run):
    """``command(*arguments)`` of fer-core evaluate, of the tiny run on 28 synthetic faces."""
    return partial(
        *(call_command, module, tiny_run.path, "--device", "cpu", "--bootstrap", "100"),
        *("--data", "synthetic?train=14&test=28", "--no-duplicates"),
    )


@pytest.mark.slow
def test_the_maps_are_measured_in_text_and_file(command, tmp_path):
    file = tmp_path / "figures.json"
    code, output, _ = command("--maps", "--maps-images", "5", "--json", file)
    assert code == 0
    assert "Attention maps of the predicted class on 5 images" in output
    assert "locality" in output
    values = json.loads(file.read_text())
    assert values["options"]["maps"] == {"images": 5}
    found = values["model"]["maps"]
    assert found["images"] == 5
    assert found["completeness"] < 1e-4
    value, low, high = found["locality"]
    assert 0 <= low <= value <= high <= 1
    assert set(found["deletion"]) == {"map", "grad_cam", "centre", "random"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--maps-images", "9"), "maps-images is an option of --maps"),
        (("--maps", "--maps-images", "1"), "at least 2, got 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(command, options, said):
    code, _, errors = command(*options)
    assert code != 0
    assert said in f"{code} {errors}"
