import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from fer_core.cli import sweep
from fer_core.records.run import read_run, read_runs
from fer_core.sweeping import commands as commands_module
from fer_core.sweeping import precision
from fer_core.sweeping.precision import LEFT_TO_THE_RUNS
from fer_core.sweeping.scheduler import SweepSetup
from fer_core.training.precision import PrecisionChoice
from tests.fer_core.conftest import PRETEND
from tests.project import PROJECT

# Runs of the test in which processes are killed; 12 for the acceptance of a release.
RUNS = int(os.environ.get("FER_SWEEP_RUNS", "3"))
EPOCHS = 16  # enough for a kill to come before the end
COMMON = """
[common]
data = "synthetic?train=28&test=14"
backbone = "test_resnet"
image_size = 48
batch_size = 14
epochs = 2
precision = "no"
"""
# The command, with attempts that are pretended.
PRETENDING = f"""
from functools import partial
from fer_core.cli import sweep
from fer_core.sweeping.scheduler import SweepSetup
sweep.SweepSetup = partial(SweepSetup, program={PRETEND!r})
sweep.check_runs = lambda runs: None
sweep.main()
"""
PRETENDED = """
[common]
epochs = 2
precision = "no"
[grid]
backbone = ["good", "unknown"]
seed = [0, 1]
"""


PATIENT = """
[[runs]]
name = '{name}'
backbone = 'patient'
precision = 'no'
"""


@pytest.fixture
def command(call_command, setup, monkeypatch, tmp_path):
    """``command(text, *arguments)`` of train.sweep on a plan; the runs are pretended."""
    monkeypatch.setattr(sweep, "SweepSetup", partial(SweepSetup, program=setup.program))
    monkeypatch.setattr(sweep, "check_runs", lambda runs: None)  # of pretended backbones
    plan = tmp_path / "plan.toml"

    def call(text, *arguments):
        plan.write_text(text)
        return call_command(sweep, plan, "--out", tmp_path / "out", "--device", "cpu", *arguments)

    return call


@pytest.mark.slow
def test_a_sweep_leaves_a_record_a_run_and_says_what_failed(command, tmp_path):
    code, output, _ = command(PRETENDED, "--jobs", 2)
    states = {run.name: run.status for run in read_runs(tmp_path / "out").runs}
    assert code == 1
    assert states == {
        "good-seed0": "finished",
        "unknown-seed0": "failed",
        "good-seed1": "finished",
        "unknown-seed1": "failed",
    }
    lines = output.splitlines()
    assert lines[-5].split() == ["good-seed0", "finished", "75.00", "%", "2/2"]
    assert lines[-4].endswith("unknown timm backbone 'unknown'")
    assert lines[-1] == f"2 finished, 2 failed; records in {tmp_path / 'out'}"


@pytest.mark.slow
def test_a_second_call_finds_all_finished_and_starts_nothing(command, tmp_path):
    plan = PRETENDED.replace(', "unknown"', "")
    assert command(plan)[0] == 0
    before = (tmp_path / "out" / "good-seed0" / "log.txt").read_text()
    code, output, _ = command(plan)
    assert code == 0
    assert output.splitlines()[-1].startswith("2 finished; records in")
    assert (tmp_path / "out" / "good-seed0" / "log.txt").read_text() == before


def test_a_dry_run_lists_the_runs_and_writes_nothing(command, tmp_path):
    code, output, _ = command(PRETENDED, "--dry-run")
    assert code == 0
    assert [line.split() for line in output.splitlines()[:2]] == [
        ["good-seed0", "new"],
        ["unknown-seed0", "new"],
    ]
    assert read_runs(tmp_path / "out").runs == []
    assert "without --log-with" in command(PRETENDED, "--dry-run", "--project", "faces")[0]


@pytest.mark.slow
def test_settings_reach_the_runs_and_another_configuration_is_refused(command, tmp_path):
    assert command(PRETENDED, "--set", "epochs=3", "image_size=64")[0] == 1
    record = read_run(tmp_path / "out" / "good-seed0")
    assert (record.config["epochs"], record.config["image_size"]) == (3, 64)
    before = (tmp_path / "out" / "good-seed0" / "run.json").read_text()
    code, output, _ = command(PRETENDED)
    assert output == ""
    assert code.startswith("error: ")
    assert "good-seed0: another configuration, image_size 64 there, 48 asked for" in code
    assert (tmp_path / "out" / "good-seed0" / "run.json").read_text() == before


@pytest.mark.slow
def test_records_go_by_default_where_the_plan_is_called(call_command, setup, monkeypatch, tmp_path):
    monkeypatch.setattr(sweep, "check_runs", lambda runs: None)  # of pretended backbones
    monkeypatch.setattr(sweep, "SweepSetup", partial(SweepSetup, program=setup.program))
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(PRETENDED)
    call_command(sweep, "mine.toml", "--device", "cpu", "--retries", 0)
    assert len(read_runs(tmp_path / "runs" / "mine").runs) == 4


def test_a_second_sweep_on_the_same_folder_is_refused(command, tmp_path):
    with FileLock(tmp_path / "out" / ".sweep" / "lock"):
        code, _, _ = command(PRETENDED)
    assert "another sweep is running in" in code
    assert read_runs(tmp_path / "out").runs == []


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        (PRETENDED, ["--jobs", "0"], "jobs must be at least 1, got 0"),
        (PRETENDED, ["--per-gpu", "0"], "per-gpu must be at least 1, got 0"),
        (PRETENDED, ["--retries", "-1"], "retries must be at least 0, got -1"),
        (PRETENDED, ["--set", "epoch=1"], "unknown field 'epoch'"),
        ("[grid]\nseed = 1", [], "must be a list of values"),
    ],
)
def test_what_cannot_work_is_one_error_before_anything_starts(
    command, tmp_path, text, arguments, sentence
):
    code, output, _ = command(text, *arguments)
    assert code.startswith("error: ")
    assert sentence in code
    assert output == ""
    assert read_runs(tmp_path / "out").runs == []


def test_an_absent_plan_is_named(call_command, tmp_path):
    code, _, _ = call_command(sweep, tmp_path / "nothing.toml")
    assert code.startswith("error: ")
    assert "nothing.toml" in code


@pytest.mark.parametrize(
    ("number", "code", "plan", "program"),
    [
        (signal.SIGINT, 130, f"{COMMON}\n[[runs]]\nname = 'long'\nepochs = 200", "real"),
        (signal.SIGTERM, 128 + signal.SIGTERM, PATIENT.format(name="long"), "pretended"),
    ],
    ids=["SIGINT", "SIGTERM"],
)
@pytest.mark.slow
def test_a_stopped_sweep_ends_its_runs_and_can_go_on(
    warm_python, tmp_path, wait_until, number, code, plan, program
):
    process = start_sweep(tmp_path, plan, program=program, python=warm_python)
    wait_until(lambda: epochs_of(tmp_path, "long") >= 1)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == code
    assert "run the same command again to resume" in errors
    assert "Traceback" not in errors
    assert attempts_at_work(tmp_path) == []
    assert read_run(tmp_path / "out" / "long").status == "running"


@pytest.mark.slow
def test_killed_runs_and_a_killed_sweep_end_with_a_record_for_every_run(
    warm_python, tmp_path, wait_until
):
    names = ["victim", "long", "broken", *(f"seed{seed}" for seed in range(RUNS - 3))]
    plan, options = plan_of_all(names, epochs=EPOCHS), ("--jobs", "2", "--retries", "0")
    process = start_sweep(tmp_path, plan, *options)
    wait_until(lambda: epochs_of(tmp_path, "victim") >= 1)
    os.kill(attempts_at_work(tmp_path, "victim")[0], signal.SIGKILL)
    wait_until(lambda: epochs_of(tmp_path, "long") >= 2)
    long = psutil.Process(attempts_at_work(tmp_path, "long")[0])
    starter = long.parent()
    long.suspend()  # it must not end by itself before the sweep's end reaches it
    wait_until(lambda: state_of(tmp_path, "victim") == "failed")
    assert read_run(tmp_path / "out" / "victim").error.startswith("killed by signal 9 (SIGKILL)")
    process.kill()
    process.communicate()
    wait_until(lambda: not starter.is_running())
    long.resume()
    wait_until(lambda: not attempts_at_work(tmp_path))
    assert state_of(tmp_path, "long") == "running"
    first_epoch = (tmp_path / "out" / "long" / "epochs.jsonl").read_text().splitlines()[0]

    process = start_sweep(tmp_path, plan, *options, python=warm_python)
    output, errors = process.communicate()
    runs = {run.name: run for run in read_runs(tmp_path / "out").runs}
    assert process.returncode == 1, errors
    assert set(runs) == set(names)
    assert {name for name, run in runs.items() if run.status == "failed"} == {"broken"}
    assert "the loss is no longer finite in epoch 1" in runs["broken"].error
    assert output.splitlines()[-1].startswith(f"{RUNS - 1} finished, 1 failed; records in")
    epochs = (tmp_path / "out" / "long" / "epochs.jsonl").read_text().splitlines()
    assert epochs[0] == first_epoch  # to the very second that it took: it was resumed
    assert len(epochs) == len(runs["victim"].epochs) == EPOCHS


@pytest.mark.slow
def test_a_killed_sweep_on_ray_takes_its_runs_along_and_can_go_on(tmp_path, wait_until):
    pytest.importorskip("ray")
    plan = "\n".join(PATIENT.format(name=name) for name in ("victim", "long"))
    options = ("--ray", "local", "--threads", "1", "--retries", "0")
    process = start_sweep(tmp_path, plan, *options, program="pretended")
    wait_until(lambda: epochs_of(tmp_path, "victim") >= 2)
    os.kill(attempts_at_work(tmp_path, "victim")[0], signal.SIGKILL)
    wait_until(lambda: state_of(tmp_path, "victim") == "failed")
    assert read_run(tmp_path / "out" / "victim").error.startswith("killed by signal 9 (SIGKILL)")
    wait_until(lambda: epochs_of(tmp_path, "long") >= 2)
    process.kill()
    process.communicate()
    wait_until(lambda: not attempts_at_work(tmp_path))
    assert state_of(tmp_path, "long") == "running"
    process = start_sweep(tmp_path, plan, *options, program="pretended")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert output.splitlines()[-1].startswith("2 finished; records in")


@pytest.mark.slow
def test_printed_commands_finish_the_sweep_one_array_job_each(
    warm_python, call_command, tmp_path, monkeypatch
):
    here, elsewhere = tmp_path / "a folder", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setattr(commands_module, "PROGRAM", (warm_python, *commands_module.PROGRAM[1:]))
    Path("plan.toml").write_text(f"{COMMON}\n[grid]\nseed = [0, 1]")
    words = ("plan.toml", "--out", "out", "--device", "cpu", "--threads", 1, "--print-commands")

    def printed():
        code, output, said = call_command(sweep, *words)
        assert code == 0
        return output.splitlines(), said

    def array_job(index, commands):
        (elsewhere / "commands.txt").write_text("".join(f"{line}\n" for line in commands))
        script = 'sed -n "${SLURM_ARRAY_TASK_ID}p" commands.txt | bash'
        return subprocess.run(
            ["bash", "-c", script],
            cwd=elsewhere,
            env={**os.environ, "SLURM_ARRAY_TASK_ID": str(index)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    commands, said = printed()
    assert len(commands) == 2
    assert said == "2 waiting; records in out\n"
    assert not list(Path("out").glob("*/run.json"))  # nothing was started
    second = array_job(2, commands)
    assert second.returncode == 0, second.stderr
    left, said = printed()
    assert left == commands[:1]
    assert said == "1 finished, 1 waiting; records in out\n"
    assert array_job(1, left).returncode == 0
    assert printed()[0] == []
    assert [run.status for run in read_runs(Path("out")).runs] == ["finished", "finished"]


@pytest.mark.slow
def test_runs_whose_precision_is_auto_all_get_the_same_one(command, tmp_path, monkeypatch):
    timed = []

    def choose(config, device):
        timed.append(config.seed)
        return PrecisionChoice("bf16", "a timed step was faster")

    monkeypatch.setattr(precision, "choose_precision", choose)
    plan = "[common]\nepochs = 2\nbackbone = 'good'\n[grid]\nseed = {}"
    _, output, _ = command(plan.format([0, 1]))
    assert "precision 'bf16' for all runs: a timed step was faster" in output
    _, output, _ = command(plan.format([0, 1, 2]))
    assert "precision 'bf16' for all runs: as in seed0" in output
    precisions = [run.config["precision"] for run in read_runs(tmp_path / "out").runs]
    assert (precisions, timed) == (["bf16"] * 3, [0])
    code, _, said = command(plan.format([3]), "--print-commands")
    assert (code, LEFT_TO_THE_RUNS in said) == (0, True)


@pytest.mark.parametrize("option", [("--jobs", 2), ("--dry-run",), ("--ray", "local")])
def test_printing_commands_starts_nothing_that_such_an_option_could_change(command, option):
    code, output, _ = command(PRETENDED, "--print-commands", *option)
    assert code.startswith("error: --print-commands starts nothing")
    assert output == ""


def plan_of_all(names, epochs):
    """A plan of these runs; ``long`` and ``victim`` take so many epochs, ``broken`` fails."""
    own = {
        "broken": "learning_rate = 1e30",
        **dict.fromkeys(("long", "victim"), f"epochs = {epochs}"),
    }
    runs = [f"[[runs]]\nname = '{name}'\n{own.get(name, '')}" for name in names]
    return "\n".join([COMMON, *runs])


def start_sweep(folder, text, *arguments, program="real", python=sys.executable):
    """Start the command in a process of its own, on real or on pretended attempts."""
    (folder / "plan.toml").write_text(text)
    start = ["-m", "fer_core.cli.sweep"] if program == "real" else ["-c", PRETENDING]
    words = [python, *start, str(folder / "plan.toml"), "--device", "cpu"]
    return subprocess.Popen(
        [*words, "--out", str(folder / "out"), *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Shells start background jobs deaf to Ctrl+C, and these tests may be one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def attempts_at_work(folder, name=""):
    """Process numbers of the attempts in a folder, or at one run in it."""
    asked = str(folder / "out" / name)
    programs = {"fer_core.cli.sweep_run", PRETEND[-1]}
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if programs & set(words := process.info["cmdline"] or [])
        and any(word.startswith(asked) for word in words)
    ]


def epochs_of(folder, name):
    return len(read_run(folder / "out" / name).epochs) if state_of(folder, name) else 0


def state_of(folder, name):
    path = folder / "out" / name
    return read_run(path).status if (path / "run.json").exists() else ""


def test_what_cannot_work_is_found_before_anything_starts(call_command, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text("""
[grid]
backbone = ["resnet18", "resnet81"]
data = ["synthetic", "folder:/absent/faces"]
pretrained = ["none", "absent.pth"]
""")
    code, _, _ = call_command(sweep, plan, "--out", tmp_path / "out", "--dry-run")
    first, *faults = code.splitlines()
    assert first == "error: nothing was started, since these runs cannot work:"
    assert len(faults) == 3
    assert "unknown timm backbone 'resnet81'; near: " in code
    assert "no folder at /absent/faces" in code
    assert "no starting weights at absent.pth" in code
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("emotions", "told"),
    [
        ((0, 1, 2, 3, 4, 5, 6), "absent.csv"),
        ((0, 2, 3, 4, 5, 6), "no training image of disgust"),
    ],
)
def test_noise_that_cannot_be_drawn_and_a_class_without_images_are_found_too(
    call_command, tmp_path, emotions, told
):
    rows = "emotion,pixels,Usage\n" + "".join(
        f"{emotion},{' '.join(['7'] * 2304)},{usage}\n"
        for emotion in emotions
        for usage in ("Training", "PrivateTest")
    )
    (tmp_path / "fer2013.csv").write_text(rows)
    plan = tmp_path / "plan.toml"
    plan.write_text(f"""
[common]
data = "fer2013:{tmp_path}"
noise = "asymmetric"
noise_rate = 0.1
confusions = "absent.csv"

[grid]
backbone = ["test_resnet"]
""")
    code, _, _ = call_command(sweep, plan, "--out", tmp_path / "out", "--dry-run")
    assert told in code
