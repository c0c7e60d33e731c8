import pytest

from demo_app.spaces.command import command_fault
from fer_core.weights import FOLDER
from tests.demo_app.spaces.test_manifest import fault


@pytest.mark.parametrize("words", [["--bogus"], ["--port", "many"], ["photo.jpg"]])
def test_options_that_the_demo_does_not_have_are_refused(words):
    assert "python -m demo_app does not take" in (command_fault(words) or "")


@pytest.mark.parametrize(
    "models", [["bundled"], ["someone/faces"], ["hf:someone/faces@v1"], [str(FOLDER / "bundled")]]
)
def test_models_that_a_space_has_are_taken(models):
    assert command_fault(["--host", "0.0.0.0", "--model", *models]) is None


def test_a_model_in_a_folder_of_this_computer_is_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    for model in (str(tmp_path / "runs" / "mine"), "runs/mine", "/absent"):
        assert "fer-core publish" in (command_fault(["--model", model]) or ""), model


def test_the_manifest_names_what_is_wrong_with_the_command(tmp_path):
    command = "python -m demo_app --host 0.0.0.0 --bogus"
    assert "demo: run: python -m demo_app does not take" in fault(
        tmp_path, "demo", "run", value=command
    )
