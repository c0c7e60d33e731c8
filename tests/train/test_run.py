import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fer_core import engine
from fer_core.config import RunConfig
from fer_core.records import read_run
from train import run

TINY = [
    *("--data", "synthetic?train=28&test=14", "--image-size", "64", "--backbone", "test_resnet"),
    *("--noise", "symmetric", "--noise-rate", "0.25", "--epochs", "2", "--batch-size", "14"),
]
RAN = RunConfig(
    data="synthetic?train=28&test=14",
    image_size=64,
    backbone="test_resnet",
    noise="symmetric",
    noise_rate=0.25,
    epochs=2,
    batch_size=14,
)


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of train.run."""
    return partial(call_command, run)


def test_a_tiny_run_leaves_its_record_and_prints_the_result(command, tmp_path):
    code, output, _ = command(*TINY, "--out", tmp_path / "run", "--device", "cpu", "--threads", 1)
    record = read_run(tmp_path / "run")
    assert code == 0
    assert record.status == "finished"
    assert record.config["noise_rate"] == 0.25
    assert record.noise["changed_labels"] == 7
    assert len(output.splitlines()) == 1
    assert f"{tmp_path / 'run'}: accuracy {100 * record.result['accuracy_last5']:.2f} %" in output


def test_without_a_name_the_record_goes_where_its_settings_say(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, _ = command(*TINY, "--device", "cpu", "--method", "cross_entropy", "--seed", 3)
    name = "synthetic-test_resnet-cross_entropy-noise0.25-seed3"
    assert code == 0
    assert read_run(tmp_path / "runs" / name).status == "finished"


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (RAN, "synthetic-test_resnet-eac-noise0.25-seed0"),
        (
            replace(RAN, data="ferplus:/data/fer?classes=7"),
            "ferplus-test_resnet-eac-noise0.25-seed0",
        ),
        (
            replace(RAN, noise="file", noise_rate=0.0, noise_file="noise01.txt"),
            "synthetic-test_resnet-eac-noisefile-seed0",
        ),
    ],
)
def test_the_default_folder_names_data_backbone_method_noise_and_seed(config, name):
    assert run.default_folder(config) == Path("runs") / name


def test_the_command_line_is_an_error_line_and_a_code_in_a_process_of_its_own(tmp_path):
    words = [sys.executable, "-m", "train.run", *TINY, "--noise-rate", "1.2"]
    ended = subprocess.run(
        [*words, "--out", str(tmp_path / "run")],
        cwd=Path(run.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "error: noise_rate must be in [0, 1), got 1.2\n"
    assert ended.stdout == ""
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--noise-rate", "1.2"], "noise_rate must be in [0, 1), got 1.2"),
        (["--data", "nosuch"], "unknown data set 'nosuch'"),
        (["--data", "ferplus:absent"], "no folder at absent"),
        (["--backbone", "resnet5"], "unknown timm backbone 'resnet5'; near:"),
        (["--pretrained", "absent.pth"], "no weights file at absent.pth"),
        (["--batch-size", "29"], "batch_size 29 is larger than the training set of 28"),
        (["--batch-size", "1"], "batch_size must be at least 2"),
        (["--stride", "5"], "stride must be 2, 4, 8, 16 or 32, got 5"),
        (["--threads", "0"], "threads must be at least 1, got 0"),
        (["--learning-rate", "1e30"], "the loss is no longer finite in epoch 1"),
        (["--noise", "none"], "noise_rate 0.25 has no effect with noise 'none'"),
    ],
)
def test_a_value_that_cannot_work_is_an_error_without_a_traceback(
    command, tmp_path, options, sentence
):
    code, output, errors = command(*TINY, "--device", "cpu", "--out", tmp_path / "run", *options)
    assert isinstance(code, str)  # Python prints it to stderr and exits with code 1
    assert code.startswith("error: ")
    assert sentence in code
    assert output == ""
    assert "Traceback" not in errors


@pytest.mark.parametrize("options", [["--method", "eaz"], ["--epochs", "many"], ["--nosuch", "1"]])
def test_a_command_that_does_not_parse_names_the_option(command, tmp_path, options):
    code, output, errors = command(*TINY, "--out", tmp_path / "run", *options)
    assert code == 2
    assert options[0] in output + errors
    assert "Traceback" not in output + errors


def test_a_folder_that_holds_a_run_is_not_overwritten(command, tiny_run):
    code, _, _ = command(*TINY, "--device", "cpu", "--out", tiny_run.path)
    assert "already holds a run" in code


def test_an_interrupted_run_goes_on_with_resume(command, tmp_path, monkeypatch):
    real, calls = engine.answers, []

    def power_cut(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(engine, "answers", power_cut)
    with pytest.raises(KeyboardInterrupt):
        command(*TINY, "--device", "cpu", "--out", tmp_path / "run")
    monkeypatch.setattr(engine, "answers", real)
    assert len(read_run(tmp_path / "run").epochs) == 1
    code, output, _ = command("--resume", tmp_path / "run", "--device", "cpu")
    record = read_run(tmp_path / "run")
    assert code == 0
    assert (record.status, len(record.epochs)) == ("finished", 2)
    assert str(tmp_path / "run") in output


@pytest.mark.parametrize("options", [["--seed", "1"], ["--out", "elsewhere"]])
def test_resume_takes_no_other_option_of_the_run(command, tiny_run, options):
    code, _, _ = command("--resume", tiny_run.path, "--device", "cpu", *options)
    assert "--resume takes the run's own configuration" in code


def test_resuming_where_nothing_ran_is_an_error(command, tmp_path):
    code, _, _ = command("--resume", tmp_path / "nothing")
    assert code.startswith("error: ")
    assert "no checkpoint at" in code


def test_help_tells_every_option_of_a_run(command):
    code, output, _ = command("--help")
    assert code == 0
    for option in ("--data", "--noise-rate", "--consistency-weight", "--resume", "--threads"):
        assert option in output
