import json
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fer_core.cli import train as module
from fer_core.config import RunConfig, from_json
from fer_core.config.recipes import RECIPES
from fer_core.errors import INTERRUPTED
from fer_core.records.run import read_run
from fer_core.training import checkpoint, evaluator
from tests.project import PROJECT

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
    return partial(call_command, module)


@pytest.mark.slow
def test_a_tiny_run_leaves_its_record_and_prints_the_result(command, tmp_path):
    code, output, _ = command(*TINY, "--out", tmp_path / "run", "--device", "cpu", "--threads", 1)
    record = read_run(tmp_path / "run")
    assert code == 0
    assert record.status == "finished"
    assert record.config["noise_rate"] == 0.25
    assert record.noise["noisy_label_count"] == 7
    assert len(output.splitlines()) == 1
    assert f"{tmp_path / 'run'}: accuracy {100 * record.result['accuracy_last5']:.2f} %" in output


def test_a_project_that_no_tracker_shows_is_refused(command, tmp_path):
    code, _, _ = command(*TINY, "--out", tmp_path / "run", "--project", "faces")
    assert "--project faces has no effect without --log-with" in code
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
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
    assert module.default_folder(config) == Path("runs") / name


@pytest.mark.slow
def test_the_command_line_is_an_error_line_and_a_code_in_a_process_of_its_own(
    warm_python, tmp_path
):
    words = [warm_python, "-m", "fer_core.cli.train", *TINY, "--noise-rate", "1.2"]
    ended = subprocess.run(
        [*words, "--out", str(tmp_path / "run")],
        cwd=PROJECT,
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
        (["--pretrained", "absent.pth"], "absent.pth"),
        (["--batch-size", "29"], "batch_size 29 is larger than the training set of 28"),
        (["--batch-size", "1"], "batch_size must be at least 2"),
        (["--stride", "5"], "stride must be 2, 4, 8, 16 or 32, got 5"),
        (["--threads", "0"], "threads must be at least 1, got 0"),
        (["--learning-rate", "1e30"], "the loss is no longer finite in epoch 1"),
        (["--method", "eaz"], "got 'eaz'; did you mean 'eac'?"),
        (["--noise", "none"], "noise_rate 0.25 has no effect with noise 'none'"),
    ],
)
@pytest.mark.slow
def test_a_value_that_cannot_work_is_an_error_without_a_traceback(
    command, tmp_path, options, sentence
):
    code, output, errors = command(*TINY, "--device", "cpu", "--out", tmp_path / "run", *options)
    assert isinstance(code, str)  # Python prints it to stderr and exits with code 1
    assert code.startswith("error: ")
    assert sentence in code
    assert output == ""
    assert "Traceback" not in errors


@pytest.mark.parametrize("options", [["--epochs", "many"], ["--nosuch", "1"]])
def test_a_command_that_does_not_parse_names_the_option(command, tmp_path, options):
    code, output, errors = command(*TINY, "--out", tmp_path / "run", *options)
    assert code == 2
    assert options[0] in output + errors
    assert "Traceback" not in output + errors


def test_a_folder_that_holds_a_run_is_not_overwritten(command, tiny_run):
    code, _, _ = command(*TINY, "--device", "cpu", "--out", tiny_run.path)
    assert "already holds a run" in code


@pytest.mark.slow
def test_an_interrupted_run_goes_on_with_resume(command, tmp_path, monkeypatch):
    real, calls = evaluator.logits_of_both_views, []

    def power_cut(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(evaluator, "logits_of_both_views", power_cut)
    code, _, _ = command(*TINY, "--device", "cpu", "--out", tmp_path / "run")
    assert code == INTERRUPTED
    monkeypatch.setattr(evaluator, "logits_of_both_views", real)
    assert len(read_run(tmp_path / "run").epochs) == 1
    code, output, _ = command("--resume", tmp_path / "run", "--device", "cpu")
    record = read_run(tmp_path / "run")
    assert code == 0
    assert (record.status, len(record.epochs)) == ("finished", 2)
    assert str(tmp_path / "run") in output


@pytest.mark.parametrize(
    "options", [["--seed", "1"], ["--out", "elsewhere"], ["--recipe", "report"]]
)
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


@pytest.fixture
def asked_for(command, tiny_run, monkeypatch):
    """``asked_for(*arguments)``: the configuration that the command line would train."""

    def parse(*arguments):
        seen = []
        monkeypatch.setattr(
            module, "train", lambda config, *_, **__: seen.append(config) or tiny_run
        )
        code, _, _ = command(*arguments)
        assert code == 0
        return seen[0]

    return parse


@pytest.fixture
def config_file(tmp_path):
    """``config_file(content)``: the path of a file of this content, JSON unless it is text."""

    def write(content):
        path = tmp_path / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sets_its_options_and_no_other(asked_for, name):
    assert asked_for("--recipe", name) == from_json(RECIPES[name])


def test_a_file_goes_over_the_recipe_and_an_option_over_the_file(asked_for, config_file):
    file = config_file({"epochs": 7, "batch_size": 16, "erase_scale": [0.1, 0.2]})
    words = ["--epochs", "9", "--config-file", file, "--recipe=eac_official", "--gamma", "0.5"]
    expected = RECIPES["eac_official"] | {
        "epochs": 9, "batch_size": 16, "erase_scale": (0.1, 0.2), "gamma": 0.5,
    }  # fmt: skip
    assert asked_for(*words) == from_json(expected)


def test_an_option_can_go_back_to_its_default_over_a_recipe(asked_for):
    default = RunConfig()
    assert RECIPES["scratch"]["mixup"] != default.mixup
    words = ["--recipe", "scratch", "--mixup", "0", "--no-test-mirror"]
    expected = RECIPES["scratch"] | {"mixup": 0.0, "tta_flip": False}
    assert asked_for(*words) == from_json(expected)


def test_the_configuration_of_a_record_is_trained_again_from_its_file(
    asked_for, config_file, tiny_run, tiny_config
):
    assert asked_for("--config-file", config_file(tiny_run.config)) == tiny_config
    assert asked_for("--config-file", str(tiny_run.path / "run.json")) == tiny_config
    assert asked_for("--config-file", config_file({})) == RunConfig()


@pytest.mark.slow
def test_a_recipe_trains(command, tmp_path):
    code, _, _ = command(
        *TINY, "--recipe", "finetune", "--pretrained", "none", "--warmup-epochs", 0,
        "--device", "cpu", "--out", tmp_path / "run",
    )  # fmt: skip
    config = read_run(tmp_path / "run").config
    assert code == 0
    assert (config["optimizer"], config["backbone"]) == ("adamw", "test_resnet")


def test_an_unknown_recipe_is_refused_with_the_known_ones(command):
    code, output, errors = command("--recipe", "reprot")
    assert code == 2
    assert all(name in output + errors for name in ("--recipe", *RECIPES))
    assert "Traceback" not in output + errors


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"epochs": 3', "config.json is not valid JSON: "),
        ("[1, 2]", "config.json must hold a JSON object of options, got [1, 2]"),
        ({"epoch": 3}, "unknown configuration fields: epoch; did you mean 'epochs'?"),
        ({"epochs": "many"}, "epochs must be a whole number, got 'many'"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"method": "eaz"}, "method must be one of"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_line_of_error(command, config_file, content, sentence):
    code, output, errors = command("--config-file", config_file(content))
    assert code.startswith("error: ")
    assert sentence in code
    assert "\n" not in code
    assert output == ""
    assert "Traceback" not in errors


def test_an_absent_file_of_options_is_named(command, tmp_path):
    code, _, _ = command("--config-file", tmp_path / "absent.json")
    assert code.startswith("error: ")
    assert "absent.json" in code


@pytest.mark.parametrize(
    ("method", "shown", "hidden"),
    [
        ("gce", {"--gce-exponent"}, {"--consistency-weight", "--relabel-epoch", "--forget-rate"}),
        ("eac", {"--consistency-weight", "--erased-region", "--ramp-epochs"}, {"--gce-exponent"}),
        ("rul", {"--label-smoothing"}, {"--consistency-weight", "--gce-exponent"}),
    ],
)
def test_the_help_shows_the_options_of_the_chosen_method_alone(command, method, shown, hidden):
    code, output, _ = command("--method", method, "--help")
    assert code == 0
    assert all(flag in output for flag in shown)
    assert not any(flag in output for flag in hidden)
    assert "co_teaching (co-teaching)" in " ".join(output.replace("│", " ").split())


def test_an_option_of_another_method_is_refused_with_its_owners(command, tmp_path):
    words = ("--method", "gce", "--consistency-weight", "3", "--out", tmp_path / "run")
    code, _, errors = command(*TINY, *words)
    assert code != 0
    assert "--consistency-weight is an option of eac and eac_balanced" in f"{errors}{code}"
    assert "the method of this run is gce" in f"{errors}{code}"
    assert not (tmp_path / "run").exists()


def test_a_recipe_may_be_trained_with_another_method():
    config = module.starting_config(["--recipe", "report", "--method", "gce"])
    assert (config.method, config.options.gce_exponent) == ("gce", 0.7)
    assert config.epochs == 40


def test_what_a_method_needs_may_come_with_later_options():
    words = ["--method", "label_smoothing", "--label-smoothing", "0.1"]
    assert module.starting_config(words).method == "label_smoothing"


@pytest.mark.slow
def test_a_finished_run_is_trained_longer_as_if_it_had_been_longer_from_the_start(
    command, tmp_path
):
    tiny = ("--data", "synthetic?train=28&test=14", "--image-size", "48", "--batch-size", "14")
    tiny = (*tiny, "--backbone", "test_resnet", "--method", "cross_entropy", "--device", "cpu")
    for name, epochs in (("short", "1"), ("long", "2")):
        assert command(*tiny, "--epochs", epochs, "--out", tmp_path / name)[0] == 0
    code, _, _ = command("--resume", tmp_path / "short", "--epochs", "2", "--device", "cpu")
    assert code == 0
    short, long = read_run(tmp_path / "short"), read_run(tmp_path / "long")
    assert (short.status, short.config) == ("finished", long.config)
    losses = [[epoch["train_loss"] for epoch in run.epochs] for run in (short, long)]
    assert losses[0] == losses[1]
    code, _, _ = command("--resume", tmp_path / "short", "--epochs", "2")
    assert "epochs must be more than the 2 of the run" in code


def test_a_schedule_that_depends_on_the_epochs_cannot_be_made_longer(tiny_config, monkeypatch):
    written = tiny_config.change(schedule="cosine")
    monkeypatch.setattr(checkpoint, "read_checkpoint", lambda _: (None, written))
    with pytest.raises(checkpoint.CheckpointError, match="schedule 'cosine' depends on the number"):
        checkpoint.load_checkpoint(Path("run"), written.change(epochs=9))
