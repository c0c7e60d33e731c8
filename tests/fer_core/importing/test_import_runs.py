import csv
import json
import math
import sys

import pytest

from fer_core.cli import import_runs
from fer_core.importing.columns import match_columns, read_choices
from fer_core.importing.runs import Facts, import_run
from fer_core.importing.series import SourceError
from fer_core.importing.sources import find_sources
from fer_core.records.compare import pair_with_baseline
from fer_core.records.groups import group_runs
from fer_core.records.predictions import read_predictions
from fer_core.records.run import read_run
from fer_core.records.trials import trial_of

KERAS = [
    {"epoch": e, "accuracy": a, "loss": 2 - a, "val_accuracy": v, "val_loss": 2 - v}
    for e, (a, v) in enumerate([(0.3, 0.4), (0.5, 0.6), (0.7, 0.5)])
]
TIMM = [
    {
        "epoch": 0,
        "train_loss": 1.9,
        "eval_loss": 1.8,
        "eval_top1": 41.5,
        "eval_top5": 90,
        "lr": 0.1,
    },
    {
        "epoch": 1,
        "train_loss": 1.2,
        "eval_loss": 1.1,
        "eval_top1": 62.5,
        "eval_top5": 97,
        "lr": 0.05,
    },
]
LIGHTNING = [  # one row for training figures, one for validation figures
    {"epoch": 0, "step": 49, "train_loss": 2.0, "val_acc": "", "val_loss": ""},
    {"epoch": 0, "step": 99, "train_loss": 1.0, "val_acc": "", "val_loss": ""},
    {"epoch": 0, "step": 99, "train_loss": "", "val_acc": 0.5, "val_loss": 1.4},
    {"epoch": 1, "step": 149, "train_loss": 0.5, "val_acc": "", "val_loss": ""},
    {"epoch": 1, "step": 199, "train_loss": "", "val_acc": 0.75, "val_loss": "nan"},
]
STATED = {
    "data_name": "RAF-DB",
    "backbone": "resnet18",
    "image_size": 100,
    "noise": "none",
    "seed": 0,
    "eval_split": "test",
    "classes": ("happiness", "sadness"),
    "suite": "thesis",
}


@pytest.fixture
def write_table(tmp_path):
    """``write_table(rows, name)``: a CSV below ``tmp_path / "logs"``."""

    def write(rows, name="run/metrics.csv"):
        file = tmp_path / "logs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return file

    return write


def imported(place, out, facts=None, **chosen):
    """The record of the one run in a place, and what was said about it."""
    found = find_sources(place)
    assert not found.problems
    (source,) = found.sources
    run = import_run(source, out, facts, chosen)
    return read_run(run.folder), run


def column(record, name):
    return [epoch.get(name) for epoch in record.epochs]


def test_a_table_of_keras_is_a_finished_run_with_unknown_facts(write_table, tmp_path):
    record, run = imported(write_table(KERAS, "resnet18.csv"), tmp_path / "out")
    assert (record.name, record.status, record.error) == ("resnet18", "finished", None)
    assert column(record, "epoch") == [1, 2, 3]
    assert column(record, "eval_accuracy") == [0.4, 0.6, 0.5]
    assert column(record, "train_accuracy_noisy_labels") == [0.3, 0.5, 0.7]
    assert record.result["accuracy_last5"] == pytest.approx(0.5)
    assert (record.result["best_accuracy"], record.result["best_epoch"]) == (0.6, 2)
    assert record.data["eval_split"] == "val"
    assert {v for k, v in record.config.items() if k != "epochs"} == {None}
    assert record.config["epochs"] == 3
    assert record.imported["file"] == "resnet18.csv"
    assert str(tmp_path) not in (record.path / "run.json").read_text()
    assert any("counted from 1" in note for note in run.notes)
    assert read_predictions(record.path) == []


def test_the_summary_of_timm_is_in_percent_and_its_top5_is_named_as_left_out(write_table, tmp_path):
    record, run = imported(write_table(TIMM, "mobilenet/summary.csv").parent, tmp_path / "out")
    assert record.name == "mobilenet"
    assert column(record, "eval_accuracy") == [0.415, 0.625]
    assert column(record, "learning_rate") == [0.1, 0.05]
    assert run.left == ["eval_top5"]
    assert any("percent" in note for note in run.notes)


def test_rows_of_one_epoch_that_lightning_writes_apart_are_one_epoch(write_table, tmp_path):
    record, run = imported(write_table(LIGHTNING), tmp_path / "out")
    assert column(record, "train_loss") == [1.5, 0.5]
    assert column(record, "eval_accuracy") == [0.5, 0.75]
    assert column(record, "eval_loss") == [1.4, None]
    assert any("not finite" in note for note in run.notes)
    assert any("mean" in note for note in run.notes)


def test_steps_that_are_no_epochs_end_one_at_each_test(write_table, tmp_path):
    rows = [
        {"step": 100, "loss/train": 2.0, "acc/val": ""},
        {"step": 200, "loss/train": 1.0, "acc/val": 0.5},
        {"step": 400, "loss/train": 0.5, "acc/val": 0.7},
        {"step": 500, "loss/train": 0.4, "acc/val": ""},
    ]
    record, run = imported(write_table(rows), tmp_path / "out")
    assert column(record, "train_loss") == [1.5, 0.5]
    assert column(record, "eval_accuracy") == [0.5, 0.7]
    assert any("ignored: 1 value after the last" in note for note in run.notes)


def rows_by_step(losses, accuracies, first=0):
    """Rows of a loop that logs a loss at steps 0, 1, ..., and an accuracy from epoch ``first``."""
    accuracy = dict(enumerate(accuracies, first))
    count = max(len(losses), first + len(accuracies))
    padded = [*losses, *[""] * (count - len(losses))]
    return [
        {"step": step, "Loss/train": loss, "Accuracy/test": accuracy.get(step, "")}
        for step, loss in enumerate(padded)
    ]


@pytest.mark.parametrize("first", [0, 1])
def test_a_loss_by_step_beside_an_accuracy_by_epoch_is_shared_out(write_table, tmp_path, first):
    rows = rows_by_step([3.0] * 50 + [2.0] * 50 + [1.0] * 50, [0.5, 0.6, 0.7], first)
    record, run = imported(write_table(rows), tmp_path / "out")
    assert column(record, "epoch") == [1, 2, 3]
    assert column(record, "train_loss") == [3.0, 2.0, 1.0]
    assert column(record, "eval_accuracy") == [0.5, 0.6, 0.7]
    assert record.config["epochs"] == 3
    (note,) = [note for note in run.notes if "shared out" in note]
    assert "'Loss/train'" in note
    assert "149" in note
    assert (record.imported or {})["notes"] == run.notes
    assert any("mean" in note for note in run.notes)


@pytest.mark.parametrize(
    ("steps", "accuracies", "epochs"),
    [
        (11, 10, 11),  # training goes on, or stopped before the last evaluation
        (15, 10, 15),
        (19, 10, 19),
        (20, 10, 10),  # two steps an epoch
        (2, 1, 2),
        (10, 1, 10),  # evaluation every tenth epoch, and once so far
        (300, 1, 1),
        (30, 3, 3),
        (7, 10, 10),  # the loss ends first
    ],
)
def test_a_few_epochs_without_evaluation_are_no_steps(
    write_table, tmp_path, steps, accuracies, epochs
):
    rows = rows_by_step([1.0] * steps, [0.5] * accuracies)
    record, run = imported(write_table(rows), tmp_path / "out")
    assert len(record.epochs) == epochs
    assert any("shared out" in note for note in run.notes) == (epochs < steps)


def test_a_loss_that_is_not_finite_from_some_step_on_is_absent_from_its_epochs(
    write_table, tmp_path
):
    rows = rows_by_step([1.0] * 60 + ["nan"] * 40, [0.5] * 5)
    record, _ = imported(write_table(rows), tmp_path / "out")
    assert column(record, "train_loss") == [1.0, 1.0, 1.0, None, None]


def test_a_column_of_epochs_says_that_its_numbers_are_no_steps(write_table, tmp_path):
    rows = [{"epoch": e, "loss": 1.0, "val_acc": 0.5 if e < 2 else ""} for e in range(40)]
    record, _ = imported(write_table(rows), tmp_path / "out")
    assert len(record.epochs) == 40


def test_one_test_after_training_leaves_the_epochs_of_the_validation(write_table, tmp_path):
    rows = [
        {"step": e, "loss": 1.0, "val_acc": 0.5, "test_acc": "" if e else 0.6} for e in range(40)
    ]
    record, _ = imported(write_table(rows), tmp_path / "out")
    assert len(record.epochs) == 40


def test_a_loss_of_each_test_batch_is_shared_out_too(write_table, tmp_path):
    rows = [
        {"step": s, "test_loss": 2.0 - s // 10 / 4, "test_acc": 0.5 if s < 4 else ""}
        for s in range(40)
    ]
    record, _ = imported(write_table(rows), tmp_path / "out")
    assert column(record, "eval_loss") == [2.0, 1.75, 1.5, 1.25]


@pytest.mark.parametrize(
    ("name", "values", "expected", "percent"),
    [
        ("val_top1", (0.61, 0.74), [0.61, 0.74], False),
        ("val_acc1", (0.61, 1.0), [0.61, 1.0], False),
        ("val_prec1", (0.0, 0.74), [0.0, 0.74], False),
        ("val_top1", (0.5, 74.0), [0.005, 0.74], True),
        ("val_acc", (61.0, 74.0), [0.61, 0.74], True),
        ("val_acc_%", (0.5, 0.75), [0.005, 0.0075], True),
        ("percentage", (0.5, 0.75), [0.005, 0.0075], True),
    ],
)
def test_values_up_to_one_are_shares_unless_the_name_says_percent(
    write_table, tmp_path, name, values, expected, percent
):
    rows = [{"epoch": e, name: value} for e, value in enumerate(values, 1)]
    record, run = imported(write_table(rows), tmp_path / "out", eval_accuracy=name)
    assert column(record, "eval_accuracy") == pytest.approx(expected)
    assert any("percent" in note for note in run.notes) == percent


def test_a_table_without_epochs_is_named_with_its_columns(write_table):
    file = write_table([{"time": 1, "val_acc": 0.5}])
    (problem,) = find_sources(file).problems
    assert str(file) in problem
    assert "epoch" in problem
    assert "time, val_acc" in problem


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"epoch": 1, "loss": 0.5}, "--map"),
        ({"epoch": 1, "val_acc": 512}, "percent"),
        ({"epoch": 1, "val_acc": "nan"}, "no number"),
    ],
)
def test_a_table_without_a_test_accuracy_is_refused_and_leaves_nothing(
    write_table, tmp_path, row, word
):
    (source,) = find_sources(write_table([row])).sources
    with pytest.raises(SourceError, match=word):
        import_run(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("val/acc", "eval_accuracy"),
        ("Accuracy/test", "eval_accuracy"),
        ("validation/epoch_accuracy", "eval_accuracy"),
        ("eval_top1", "eval_accuracy"),
        ("val_acc@1", "eval_accuracy"),
        ("val_acc@5", None),
        ("val_f1", None),
        ("val_loss_step", None),
        ("test_balanced_accuracy", "eval_mean_class_accuracy"),
        ("lr-Adam", "learning_rate"),
        ("train_loss_epoch", "train_loss"),
    ],
)
def test_convention_words_of_a_column_say_its_figure(name, figure):
    columns = match_columns(
        [name, "chosen"], {} if figure == "eval_accuracy" else {"eval_accuracy": "chosen"}
    )
    assert {v: k for k, v in columns.taken.items()}.get(name) == figure
    assert (name in columns.left) == (figure is None)


def test_validation_images_are_no_test_images_where_there_are_both():
    columns = match_columns(["val_acc", "test_acc", "val_loss"], {})
    assert columns.taken == {
        "eval_accuracy": "test_acc",
        "holdout_accuracy": "val_acc",
        "holdout_loss": "val_loss",
    }
    assert columns.split == "test"


def test_a_column_with_the_name_of_a_figure_comes_before_others():
    own = ["eval_accuracy", "eval_mean_class_accuracy", "holdout_accuracy", "train_seconds"]
    found = match_columns(["val_uar", *own, "val_acc"], {})
    assert found.taken == {name: name for name in own}
    assert found.left == ["val_uar", "val_acc"]
    chosen = match_columns(own, {"eval_accuracy": "holdout_accuracy"}).taken
    assert chosen["eval_accuracy"] == "holdout_accuracy"
    assert "holdout_accuracy" not in chosen


def test_a_chosen_column_comes_before_a_guess_and_must_be_there():
    chosen = read_choices(["accuracy=macro"])
    assert match_columns(["val_acc", "macro"], chosen).left == ["val_acc"]
    with pytest.raises(SourceError, match="did you mean 'macro'"):
        match_columns(["val_acc", "macro"], {"eval_accuracy": "makro"})
    for wrong in (["accuracy"], ["acuracy=x"], ["accuracy=x", "eval_accuracy=y"]):
        with pytest.raises(SourceError, match="FIGURE=COLUMN"):
            read_choices(wrong)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"noise_rate": 1.2}, "noise_rate"),
        ({"noise_rate": 0.3}, "kind"),
        ({"image_size": 0}, "image_size"),
        ({"suite": "thesis", "seed": 0}, "backbone"),
    ],
)
def test_facts_that_cannot_be_are_refused(facts, word):
    with pytest.raises(SourceError, match=word):
        Facts(**facts)


def test_an_imported_run_is_never_the_equal_of_one_that_was_trained_here(
    write_table, tmp_path, write_run
):
    ours = read_run(write_run(tmp_path / "ours", method="cross_entropy", rate=0.0))
    rows = [{"epoch": e, "val_acc": 0.5} for e in range(1, len(ours.epochs) + 1)]
    same = Facts(
        data_name=ours.data["name"],
        method="eac",
        backbone=ours.config["backbone"],
        image_size=ours.config["image_size"],
        noise="none",
        seed=ours.config["seed"],
        eval_split=ours.data["eval_split"],
        classes=ours.classes,
    )
    theirs, _ = imported(write_table(rows), tmp_path / "out", same)
    assert trial_of(theirs).setting != trial_of(ours).setting
    assert pair_with_baseline(group_runs([ours, theirs])) == []


def test_runs_of_one_suite_compare_with_each_other(write_table, tmp_path):
    facts = [Facts(method=method, **STATED) for method in ("cross_entropy", "mine")]
    records = [
        imported(write_table(KERAS, f"{fact.method}.csv"), tmp_path / "out", fact)[0]
        for fact in facts
    ]
    ((baseline, other),) = pair_with_baseline(group_runs(records))
    assert (baseline.approach.method, other.approach.method) == ("cross_entropy", "mine")


def test_unknown_facts_are_marked_and_not_taken_for_clean_labels(write_table, tmp_path):
    record, _ = imported(write_table(KERAS), tmp_path / "out")
    trial = trial_of(record)
    assert trial.approach.method == trial.setting.backbone == trial.noise.kind == "unknown"
    assert math.isnan(trial.noise.percent)


def test_event_files_are_read_with_the_epoch_that_lightning_logs(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    with tensorboard.SummaryWriter(tmp_path / "logs" / "version_0") as writer:
        for epoch, accuracy in enumerate([0.25, 0.5]):
            for step in (0, 50):
                writer.add_scalar("train_loss", 2.0 - epoch, 100 * epoch + step)
                writer.add_scalar("epoch", epoch, 100 * epoch + step)
            writer.add_scalar("val_acc", accuracy, 100 * epoch + 99)
    record, _ = imported(tmp_path / "logs", tmp_path / "out")
    assert record.name == "version_0"
    assert column(record, "eval_accuracy") == [0.25, 0.5]
    assert column(record, "train_loss") == [2.0, 1.0]
    assert record.imported["kind"] == "tensorboard"


def test_event_files_with_a_loss_by_step_and_an_accuracy_by_epoch_have_its_epochs(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    with tensorboard.SummaryWriter(tmp_path / "logs") as writer:
        for step in range(60):
            writer.add_scalar("Loss/train", 2.0 - step // 20 / 2, step)
        for epoch, accuracy in enumerate([0.25, 0.5, 0.75]):
            writer.add_scalar("Accuracy/test", accuracy, epoch)
    record, _ = imported(tmp_path / "logs", tmp_path / "out")
    assert column(record, "train_loss") == [2.0, 1.5, 1.0]
    assert column(record, "eval_accuracy") == [0.25, 0.5, 0.75]


def test_the_halves_of_a_run_that_keras_writes_apart_are_one_run(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    for half, value in (("train", 0.9), ("validation", 0.6)):
        with tensorboard.SummaryWriter(tmp_path / "logs" / half) as writer:
            writer.add_scalar("epoch_accuracy", value, 0)
    record, _ = imported(tmp_path / "logs", tmp_path / "out")
    assert column(record, "eval_accuracy") == [pytest.approx(0.6)]
    assert column(record, "train_accuracy_noisy_labels") == [pytest.approx(0.9)]


def test_event_files_without_the_package_say_how_to_install_it(tmp_path, monkeypatch):
    (tmp_path / "events.out.tfevents.1.host").write_bytes(b"")
    reader = "tensorboard.backend.event_processing.event_accumulator"
    monkeypatch.setitem(sys.modules, reader, None)
    (problem,) = find_sources(tmp_path).problems
    assert "pip install 'fer-core[tensorboard]'" in problem


def test_the_command_says_what_was_read_and_what_was_not(write_table, tmp_path, call_command):
    write_table(KERAS, "one/metrics.csv")
    write_table(TIMM, "two/summary.csv")
    write_table([{"name": "a", "value": 1}], "three/table.csv")
    out = tmp_path / "out"
    options = ("--out", out, "--method", "eac", "--data-name", "RAF-DB", "--noise-rate", "0")
    code, output, errors = call_command(import_runs, tmp_path / "logs", *options)
    assert code == 0
    assert "eval_accuracy <- val_accuracy" in output
    assert "not read: eval_top5" in output
    assert "table.csv" in errors
    assert {file.parent.name for file in out.glob("*/run.json")} == {"one", "two"}
    run = json.loads((out / "one" / "run.json").read_text())
    assert (run["config"]["method"], run["data"]["name"]) == ("eac", "RAF-DB")
    assert run["noise"] == {"kind": "none", "rate": 0.0, "realised_rate": 0.0}
    code, _, errors = call_command(import_runs, tmp_path / "logs", *options)
    assert "--replace" in errors
    assert "nothing in" in str(code)
    code, _, _ = call_command(import_runs, tmp_path / "logs", *options, "--replace")
    assert code == 0


def test_replacing_earlier_imports_never_replaces_one_of_the_same_call(
    write_table, tmp_path, call_command
):
    files = ("a/b/metrics.csv", "a-b/metrics.csv", "a-b-2/metrics.csv", "A-B.csv")
    for number, file in enumerate(files, 1):
        write_table([{"epoch": 1, "val_acc": number / 8}], file)
    for _ in range(2):
        call = (tmp_path / "logs", "--out", tmp_path / "out", "--replace")
        code, _, errors = call_command(import_runs, *call)
        assert (code, errors) == (0, "")
        runs = [read_run(file.parent) for file in (tmp_path / "out").glob("*/run.json")]
        accuracies = sorted(run.result["final_accuracy"] for run in runs)
        assert accuracies == [number / 8 for number in range(1, len(files) + 1)]


def test_former_names_of_figures_and_options_are_read(write_table, tmp_path, call_command):
    write_table(KERAS, "one/metrics.csv")
    words = ("--map", "test_accuracy=val_accuracy", "--test-split", "held out")
    code, _, _ = call_command(import_runs, tmp_path / "logs", "--out", tmp_path / "out", *words)
    assert code == 0
    run = read_run(tmp_path / "out" / "one")
    assert run.data["eval_split"] == "held out"
    assert run.imported["columns"]["eval_accuracy"] == "val_accuracy"
    assert read_choices(["class_mean=uar"]) == {"eval_mean_class_accuracy": "uar"}


def test_a_run_that_was_trained_here_is_never_written_over(write_table, tmp_path, write_run):
    write_run(tmp_path / "out", name="run")
    (source,) = find_sources(write_table(KERAS).parent.parent).sources
    with pytest.raises(SourceError, match="trained here"):
        import_run(source, tmp_path / "out", replace=True)


def test_run_records_are_no_sources(tmp_path, write_run):
    folder = write_run(tmp_path)
    assert (folder / "epochs.jsonl").exists()
    assert find_sources(tmp_path) == ([], [])


def test_an_absent_place_is_named(tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        find_sources(tmp_path / "nowhere")
