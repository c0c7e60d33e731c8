import json
from dataclasses import replace

import numpy as np
import pytest

from fer_core.audit.folder import AuditError
from fer_core.audit.folds import fold_numbers, out_of_fold
from fer_core.records.run import read_run
from fer_core.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data


def digests_of(numbers):
    return np.repeat(np.array(numbers, np.uint8)[:, None], 16, 1)


def test_identical_images_share_a_fold_and_classes_spread_evenly():
    digests = digests_of([*range(60), 0, 1, 2])
    labels = np.array([*([0] * 40), *([1] * 20), 0, 1, 0])
    folds = fold_numbers(digests, labels, 4, seed=0)
    assert (folds[60:] == folds[:3]).all()
    counts = np.array([np.bincount(folds[:60][labels[:60] == k], minlength=4) for k in (0, 1)])
    assert np.ptp(counts, axis=1).max() <= 1
    assert (folds == fold_numbers(digests, labels, 4, seed=0)).all()
    assert (folds != fold_numbers(digests, labels, 4, seed=1)).any()


@pytest.mark.parametrize("folds", [0, 1, 4])
def test_more_folds_than_different_images_are_refused(folds):
    with pytest.raises(ValueError, match=f"folds must be 2 to 3, .* got {folds}"):
        fold_numbers(digests_of([1, 2, 3, 3]), np.zeros(4, int), folds, 0)


@pytest.mark.slow
def test_every_image_is_predicted_by_a_run_without_it_and_finished_runs_are_used_again(
    tiny_config, tmp_path
):
    config = replace(tiny_config, method="cross_entropy", epochs=1)
    data = load_run_data(config)
    labels = draw_noisy_labels(config, data).noisy_labels
    found = out_of_fold(config, data, labels, 2, tmp_path, device="cpu")
    assert found.shape == (70, 7)
    assert found.sum(1) == pytest.approx(1, abs=1e-5)
    records = [read_run(tmp_path / f"fold{number}of2") for number in range(2)]
    assert sum(record.data["train_images"] for record in records) == 70
    before = [(record.path / "run.json").stat().st_mtime_ns for record in records]
    again = out_of_fold(config, data, labels, 2, tmp_path, device="cpu")
    assert (again == found).all()
    assert [(r.path / "run.json").stat().st_mtime_ns for r in records] == before
    file = records[0].path / "run.json"
    written = json.loads(file.read_text())
    del written["config"]["select_by"]  # as an earlier version wrote it
    file.write_text(json.dumps(written))
    for name in ("epochs.jsonl", CHECKPOINT_FILE, PREVIOUS_FILE):  # ended in its first epoch
        (records[1].path / name).unlink(missing_ok=True)
    file = records[1].path / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"status": "failed"}))
    assert (out_of_fold(config, data, labels, 2, tmp_path, device="cpu") == found).all()
    with pytest.raises(AuditError, match="other options or data"):
        out_of_fold(replace(config, epochs=2), data, labels, 2, tmp_path, device="cpu")
    with pytest.raises(AuditError, match="other options or data"):
        out_of_fold(config, data, (labels + 1) % 7, 2, tmp_path, device="cpu")
