import errno
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_core.datasets import DataError
from fer_core.evaluation.inference import Evaluation, Scores
from fer_core.metrics.classification import accuracy, confusion_matrix
from fer_core.models.pretrained import load_model
from fer_core.records.predictions import read_predictions
from fer_core.records.run import read_run
from fer_core.training import checkpoint_writer
from fer_core.training.checkpoint import load_checkpoint
from fer_core.training.chosen import CHOSEN_FILE
from fer_core.training.engine import train
from fer_core.training.holdout import EpochSelection, held_out
from fer_core.training.setup import prepare

pytestmark = pytest.mark.slow

LABELS = np.array([0, 1, 2, 0])


def evaluation(predicted):
    predicted = np.array(predicted)
    confusion = confusion_matrix(LABELS, predicted, 3)
    return Evaluation(1.0, confusion, predicted, np.ones(4), np.zeros((4, 3)))


def scores(single, tta):
    return Scores(evaluation(single), evaluation(tta))


def digests(numbers):
    return np.repeat(np.array(numbers, dtype=np.uint8)[:, None], 16, axis=1)


def test_identical_images_are_held_out_together():
    numbers = np.random.default_rng(0).integers(0, 40, 200)
    out = held_out(digests(numbers), 0.25, 0)
    assert {*numbers[out]}.isdisjoint(numbers[~out])
    assert 50 <= out.sum() <= 50 + 200 / 40 * 3  # as few groups as reach the share


def test_the_draw_depends_on_the_images_and_the_seed_alone():
    numbers = np.arange(100)
    order = np.random.default_rng(1).permutation(100)
    out = held_out(digests(numbers), 0.1, 3)
    assert out.sum() == 10
    assert np.array_equal(held_out(digests(numbers[order]), 0.1, 3), out[order])
    assert not np.array_equal(held_out(digests(numbers), 0.1, 4), out)


def test_the_first_epoch_with_the_highest_held_out_accuracy_is_chosen():
    selection = EpochSelection()
    good, bad = evaluation([0, 1, 2, 0]), evaluation([1, 1, 2, 0])
    assert selection.update(1, scores([0, 0, 0, 0], [0, 0, 2, 0]), bad)
    assert selection.update(2, scores([0, 1, 0, 0], [0, 1, 2, 0]), good)
    assert not selection.update(3, scores([1, 1, 1, 1], [1, 1, 1, 1]), good)
    result = selection.result(LABELS, 3)
    assert result["chosen_epoch"] == 2
    assert (result["chosen_accuracy"], result["chosen_accuracy_tta"]) == (0.75, 1.0)
    assert result["chosen_mean_class_accuracy"] == pytest.approx(2 / 3)
    assert selection.hits_of_recent(LABELS).tolist() == pytest.approx([2 / 3, 2 / 3, 0, 2 / 3])
    assert not selection.exhausted(3, 2)
    assert selection.exhausted(4, 2)
    assert not selection.exhausted(40, 0)


def test_by_mean_class_accuracy_an_epoch_with_a_rare_class_beats_one_as_accurate():
    frequent, rare = evaluation([0, 1, 1, 0]), evaluation([0, 1, 2, 1])  # class 0 has two images
    both = scores([0, 1, 2, 0], [0, 1, 2, 0])
    for select_by, chosen in (("accuracy", 1), ("mean_class_accuracy", 2)):
        selection = EpochSelection(select_by)
        selection.update(1, both, frequent)
        selection.update(2, both, rare)
        assert selection.epoch == chosen


def test_a_selection_goes_on_from_an_earlier_checkpoint():
    again = EpochSelection()
    again.restore({"epoch": 3, "accuracy": 0.5, "chosen": None, "recent": []})
    assert not again.update(4, scores([0] * 4, [0] * 4), evaluation([0, 0, 0, 0]))
    assert again.epoch == 3


def test_without_held_out_images_no_epoch_is_chosen():
    selection = EpochSelection()
    assert not selection.update(1, scores([0, 1, 2, 0], [0, 1, 2, 0]), None)
    assert set(selection.result(LABELS, 3).values()) == {None}


def test_a_selection_goes_on_from_its_state():
    selection, again = EpochSelection(), EpochSelection()
    for epoch in range(1, 8):
        selection.update(
            epoch, scores([0, 1, 2, epoch % 3], [0, 1, 2, 0]), evaluation([0, 1, 2, 0])
        )
    again.restore(selection.state())
    assert again.state() == selection.state()
    assert len(again.recent) == 5


@pytest.fixture(scope="module")
def held_config(tiny_config):
    return replace(tiny_config, holdout=0.2, epochs=3)


@pytest.fixture(scope="module")
def held_run(held_config, tmp_path_factory):
    return train(held_config, tmp_path_factory.mktemp("held") / "run", device="cpu", progress=False)


def test_a_run_is_trained_on_the_rest_with_the_labels_that_the_whole_set_would_have(held_config):
    held, whole = prepare(held_config), prepare(replace(held_config, holdout=0.0))
    noisy = dict(zip(whole.data.train.names, whole.noise.noisy_labels, strict=True))
    kept, out = held.data.train, held.holdout
    assert {*kept.names}.isdisjoint(out.split.names)
    assert {*kept.names, *out.split.names} == set(noisy)
    assert [noisy[name] for name in out.split.names] == out.noisy_labels.tolist()
    assert [noisy[name] for name in kept.names] == held.noise.noisy_labels.tolist()
    assert held.targets.tolist() == held.noise.noisy_labels.tolist()


def test_the_record_has_the_chosen_epoch_and_both_kinds_of_test_figures(held_run):
    assert held_run.data["holdout_images"] + held_run.data["train_images"] == 70
    curve = [epoch["holdout_accuracy"] for epoch in held_run.epochs]
    result = held_run.result
    assert result["chosen_epoch"] == int(np.argmax(curve)) + 1
    chosen = held_run.epochs[result["chosen_epoch"] - 1]
    assert result["chosen_accuracy"] == chosen["eval_accuracy"]
    assert result["chosen_accuracy_tta"] == chosen["eval_accuracy_tta"]
    rows = read_predictions(held_run.path)
    hits = np.mean([row.hits_last5 for row in rows])
    assert hits == pytest.approx(result["accuracy_last5"])
    for column, figure in (("chosen", "chosen_accuracy"), ("chosen_tta", "chosen_accuracy_tta")):
        right = np.mean([getattr(row, column) == row.true_label for row in rows])
        assert right == pytest.approx(result[figure])


def test_the_model_that_is_kept_is_that_of_the_chosen_epoch(held_config, tmp_path, monkeypatch):
    shares = iter([0.2, 0.9, 0.1])  # the second epoch is the best by the held-out images

    def update(self, epoch, found, holdout, real=EpochSelection.update):
        confusion = np.array([[round(100 * next(shares)), 0], [0, 0]])
        confusion[1, 0] = 100 - confusion[0, 0]
        return real(self, epoch, found, holdout._replace(confusion=confusion))

    monkeypatch.setattr(EpochSelection, "update", update)
    record = train(held_config, tmp_path / "run", device="cpu", progress=False)
    assert record.result["chosen_epoch"] == 2
    kept = load_model(record.path / "model")
    last = load_checkpoint(record.path, held_config).method
    assert (record.path / CHOSEN_FILE).is_file()
    state = kept.model.state_dict()
    assert any(not torch.equal(state[name], last[f"model.{name}"]) for name in state)
    assert kept.facts["epochs"] == 2
    assert kept.facts["accuracy"] == record.result["chosen_accuracy"]


def test_a_run_with_held_out_images_resumes_to_the_same_record(
    held_config, held_run, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    monkeypatch.setattr("fer_core.training.recording.save_model", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(held_config, folder, device="cpu", progress=False)
    monkeypatch.undo()
    train(held_config, folder, resume=True, device="cpu", progress=False)
    again = read_run(folder)
    ignored = {"seconds"}
    assert {k: v for k, v in again.result.items() if k not in ignored} == {
        k: v for k, v in held_run.result.items() if k not in ignored
    }
    assert read_predictions(folder) == read_predictions(held_run.path)


def test_a_run_whose_checkpoint_could_not_be_written_goes_on_with_the_choice_of_the_one_before(
    held_config, tmp_path, monkeypatch
):
    real, written = checkpoint_writer.write_checkpoint, []

    def full_at_second(folder, content):
        written.append(folder)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(folder, content)

    def update(self, epoch, found, holdout, real=EpochSelection.update):
        confusion = np.array([[epoch, 0], [10 - epoch, 0]])  # every epoch is the best so far
        return real(self, epoch, found, holdout._replace(confusion=confusion))

    monkeypatch.setattr(EpochSelection, "update", update)
    unbroken = train(held_config, tmp_path / "unbroken", device="cpu", progress=False)
    monkeypatch.setattr(checkpoint_writer, "write_checkpoint", full_at_second)
    folder = tmp_path / "run"
    with pytest.raises(OSError, match="No space left"):
        train(held_config, folder, device="cpu", progress=False)
    assert len(written) == 2
    resumed = train(held_config, folder, resume=True, device="cpu", progress=False)
    assert resumed.result["chosen_epoch"] == 3
    assert read_predictions(folder) == read_predictions(unbroken.path)


def test_early_stopping_ends_the_run(held_config, tmp_path, monkeypatch):
    real = EpochSelection.update

    def once(self, epoch, found, holdout):
        return real(self, epoch, found, holdout) if epoch == 1 else False

    monkeypatch.setattr(EpochSelection, "update", once)
    config = replace(held_config, patience=1)
    record = train(config, tmp_path / "run", device="cpu", progress=False)
    assert len(record.epochs) == 2
    assert record.result["chosen_epoch"] == 1
    assert accuracy(np.array(record.result["confusion"])) == record.epochs[-1]["eval_accuracy"]


def test_a_share_that_leaves_nothing_to_choose_on_is_refused(tiny_config):
    with pytest.raises(DataError, match="leaves 0 to choose on"):
        prepare(replace(tiny_config, holdout=0.001))
