"""One run in full: its options, noise matrix, files, command, and the note on it."""

import dataclasses
import shlex

import pytest
import tyro

from dashboard.analysis.run_facts import (
    file_table,
    hub_link,
    option_table,
    repeat_command,
    repeat_notes,
    transition_table,
)
from dashboard.charts.runs import run_curve_figure, run_curve_points, transition_figure
from dashboard.data.names import read_folders
from dashboard.data.notes import LONGEST, NoteError, read_note, write_note
from dashboard.data.sources import RecordSource
from fer_core.cli.train import Command, starting_config
from fer_core.config import RunConfig, defaults_of, flat_options, from_json, to_json
from fer_core.config.methods.eac import EACOptions
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import read_run
from fer_core.reporting.map_files import MAPS_FILE

CONFIGS = (
    RunConfig(),
    RunConfig(
        data="ferplus:my pictures",
        dedup=True,
        channels=1,
        options=EACOptions(detach_classifier=False),
        erase_scale=(0.1, 0.2),
        noise="symmetric",
        noise_rate=0.3,
        seed=3,
    ),
    from_json({"method": "co_teaching", "forget_rate": 0.2, "stride": 8, "pretrained": "hub"}),
)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_command_trains_the_same_configuration_again(tmp_path, write_run, config):
    record = dataclasses.replace(read_run(write_run(tmp_path)), config=to_json(config))
    words = shlex.split(repeat_command(record))
    assert words[:2] == ["fer-core", "train"]
    flags = (tyro.conf.OmitArgPrefixes,)
    start = Command(config=starting_config(words[2:]))
    assert tyro.cli(Command, args=words[2:], default=start, config=flags).config == config


def test_the_command_of_several_processes_is_their_launchers(tmp_path, write_run):
    record = read_run(write_run(tmp_path))
    record = dataclasses.replace(record, environment={"processes": 4, "device": "cuda"})
    start = "accelerate launch --num_processes 4 -m fer_core.cli.train "
    assert repeat_command(record).startswith(start)


def test_every_shipped_run_has_a_command_that_is_its_configuration():
    for file in SHIPPED_RUNS.rglob("run.json"):
        record = read_run(file.parent)
        flags = {word for word in shlex.split(repeat_command(record)) if word.startswith("--")}
        defaults = defaults_of(record.config["method"]) | {"method": "eac"}
        options = flat_options(record.config)
        changed = {k for k, v in options.items() if k in defaults and v != defaults[k]}
        named = {f"--{name.replace('_', '-')}" for name in changed}
        assert {flag.replace("--no-", "--") for flag in flags} - {"--device", "--threads"} == {
            name.replace("--no-", "--") for name in named
        }


def test_what_the_command_does_not_know_is_said(tmp_path, write_run):
    record = read_run(write_run(tmp_path))
    record = dataclasses.replace(
        record,
        config={**record.config, "data": "ferplus:ferplus", "colour_of_paper": 3, "note": "x"},
        environment={"commit": "abc-dirty"},
    )
    text = " ".join(repeat_notes(record))
    assert "complete `data`" in text
    assert "commit `abc` with local changes" in text
    assert "does not know `colour_of_paper`." in text
    assert "colour" not in repeat_command(record)


def test_the_origin_of_the_starting_weights_is_told_where_it_is_known(tmp_path, write_run):
    record = read_run(write_run(tmp_path))
    stated = {"source": "MobileNet by somebody", "licence": "MIT", "source_sha256": "b"}
    for origin, shown in ((None, False), (stated, True)):
        model = {**record.model, "pretrained_sha256": "abc", "pretrained_origin": origin}
        text = " ".join(repeat_notes(dataclasses.replace(record, model=model)))
        assert "`abc`" in text
        assert ("MobileNet by somebody (licence: MIT)" in text) == shown


@pytest.mark.parametrize(("teachers", "named"), [(["bundled"], False), (["one", "two"], True)])
def test_teachers_in_folders_are_to_be_completed(tmp_path, write_run, teachers, named):
    record = read_run(write_run(tmp_path))
    config = {**record.config, "method": "distill", "teachers": teachers}
    text = " ".join(repeat_notes(dataclasses.replace(record, config=config)))
    assert ("`teachers`" in text) == named


def test_the_method_comes_first_then_changed_options(tmp_path, write_run):
    table = option_table(read_run(write_run(tmp_path, learning_rate=0.01)).config)
    assert table["option"].iloc[0] == "method"
    changed = (table["value"] != table["default"]).tolist()[1:]
    assert changed == sorted(changed, reverse=True)
    assert table.set_index("option").at["learning_rate", "default"] == "0.0002"


def test_options_read_as_words_and_exact_numbers(tmp_path, write_run):
    run = write_run(tmp_path, learning_rate=1e-5, erase_scale=[0.02, 0.4], tta_flip=True)
    values = option_table(read_run(run).config).set_index("option")["value"]
    assert values[["learning_rate", "erase_scale", "tta_flip"]].tolist() == [
        *("1e-05", "0.02, 0.4", "yes")
    ]
    assert not values.str.contains(r"null|true|false|[\[\]{}\"]").any()


def test_the_noise_matrix_has_rows_that_add_up_to_hundred():
    record = read_run(SHIPPED_RUNS / "study/eac-noise0.3-seed0")
    shares, counts = transition_table(record, shares=True), transition_table(record, shares=False)
    assert shares.sum(axis=1).tolist() == pytest.approx([100] * 8)
    assert counts.to_numpy().sum() == record.data["train_images"]
    tints = dict(zip(record.classes, record.taxonomy.colours, strict=True))
    assert transition_figure(shares, True, tints).data[0].z[0][0] == pytest.approx(70, abs=1.5)


@pytest.mark.parametrize("counts", [None, "many", [[1, 2]], [[1]] * 7])
def test_a_record_without_a_whole_noise_matrix_has_none(tmp_path, write_run, counts):
    record = read_run(write_run(tmp_path))
    record = dataclasses.replace(record, noise={**record.noise, "transition": counts})
    assert transition_table(record, shares=True) is None


def test_the_curve_of_a_run_draws_what_was_recorded(records):
    runs = read_folders([records])
    epochs = runs.epochs[runs.epochs["run"] == "eac-mobilenetv2_100-30-s0"]
    points = run_curve_points(epochs)
    figure = run_curve_figure(points)
    assert sum(len(trace.x) for trace in figure.data) == len(points)
    evaluated = next(trace for trace in figure.data if trace.name == "Evaluation")
    assert list(evaluated.y) == pytest.approx((100 * epochs["eval_accuracy"]).tolist())


def test_files_beside_the_record_are_named_and_those_of_the_hub_are_linked(tmp_path, write_run):
    path = write_run(tmp_path, name="run")
    (path / "model").mkdir()
    record = read_run(path)
    assert file_table(record, RecordSource("here", tmp_path))["what"].tolist() == [
        "record",
        "model",
    ]
    content = file_table(record, RecordSource("here", tmp_path))["content"][0]
    assert content == "run.json, epochs.jsonl, predictions.csv"
    (path / MAPS_FILE).write_text("{}")
    assert file_table(record, RecordSource("here", tmp_path))["content"][0].endswith(MAPS_FILE)
    hub = RecordSource("me/results", tmp_path, "https://hub/datasets/me/results/tree/main")
    assert hub_link(path, hub) == "https://hub/datasets/me/results/tree/main/run"
    assert file_table(record, hub)["where"].tolist() == [hub_link(path, hub)]
    assert hub_link(path, RecordSource("here", tmp_path)) == ""


def test_a_note_is_kept_and_an_empty_one_removed(tmp_path):
    write_note(tmp_path, " the learning rate was too high \n")
    assert read_note(tmp_path, {"note": "older"}) == "the learning rate was too high"
    write_note(tmp_path, "")
    assert not list(tmp_path.iterdir())
    assert read_note(tmp_path, {"note": "older"}) == "older"
    assert read_note(tmp_path, {}) == ""


def test_a_note_that_is_too_long_or_has_no_place_is_refused(tmp_path):
    with pytest.raises(NoteError, match="at most 10,000 characters, this one has 10,001"):
        write_note(tmp_path, "x" * (LONGEST + 1))
    with pytest.raises(NoteError, match="cannot be written"):
        write_note(tmp_path / "nowhere", "text")


def test_a_new_note_changes_the_fingerprint(tmp_path, write_run):
    path = write_run(tmp_path)
    before = read_folders([tmp_path]).fingerprint
    write_note(path, "good")
    assert read_folders([tmp_path]).fingerprint != before
