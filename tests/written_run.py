"""Run records on disk that nothing was trained for."""

import math
from pathlib import Path

import pytest

from fer_core.config import RunConfig, to_json
from fer_core.emotions import SEVEN_CLASSES
from fer_core.records.recorder import RunRecorder

FINAL = {("eac", 0.0): 0.86, ("eac", 0.3): 0.79, ("cross_entropy", 0.0): 0.83}


@pytest.fixture(scope="session")
def write_run():
    """The function that writes one made-up record, through the recorder that training uses."""
    return _write_run


def _write_run(
    root: Path,
    *,
    method: str = "eac",
    rate: float = 0.3,
    seed: int = 0,
    epochs: int = 6,
    done: int | None = None,
    accuracy: float | None = None,
    status: str = "finished",
    content: str = "a" * 64,
    name: str | None = None,
    data: str = "synthetic",
    **options,
) -> Path:
    """Write a record and return its folder; ``accuracy`` fixes the reported figure."""
    config = RunConfig(
        data=data,
        method=method,
        noise="symmetric" if rate else "none",
        noise_rate=rate,
        seed=seed,
        epochs=epochs,
    )
    config = config.change(**options)
    path = root / (name or f"{method}-{config.backbone}-{round(100 * rate)}-s{seed}")
    recorder = RunRecorder(
        path,
        config=to_json(config),
        classes=SEVEN_CLASSES,
        data={
            "name": data,
            "sha256": content,
            "eval_split": "test",
            "train_images": 3000,
            "eval_images": 700,
        },
        noise={"kind": config.noise, "rate": rate, "realised_rate": rate, "noisy_label_count": 900},
        model={"parameters": 2_200_000, "map_size": [6, 6]},
        environment={"device": "cpu"},
    )
    recorder.begin()
    final = accuracy or FINAL.get((method, rate), 0.86 - 0.8 * rate) + 0.012 * seed
    for epoch in range(1, (epochs if done is None else done) + 1):
        recorder.add_epoch(_epoch_values(method, rate, epoch, final))
    if status == "finished":
        chosen = _chosen_values(final) if config.holdout else {}
        recorder.finish(_result_values(final, epochs) | chosen, [])
    elif status == "failed":
        recorder.fail("the loss became nan in epoch 3: lower the learning rate")
    return path


def _epoch_values(method: str, rate: float, epoch: int, final: float) -> dict:
    """Plausible figures of one epoch."""
    grown = 1 - math.exp(-epoch / 4)
    hurt = 0.0 if method == "eac" else rate * epoch / 30
    classification = 1.95 * (1 - grown) + 0.25 + rate
    consistency = 0.05 / epoch if method == "eac" else None
    return {
        "epoch": epoch,
        "learning_rate": 2e-4 * 0.9 ** (epoch - 1),
        "train_loss": classification + 5 * (consistency or 0),
        "train_classification_loss": classification,
        "train_consistency_loss": consistency,
        "train_accuracy_noisy_labels": grown * 0.9,
        "train_accuracy_true_labels": grown * final,
        "memorised": hurt + 0.1 if rate else None,
        "recovered": grown * 0.7 if rate else None,
        "eval_loss": 1.9 - 1.4 * grown + hurt,
        "eval_accuracy": 0.15 + (final - 0.15) * grown - hurt / 3,
        "eval_mean_class_accuracy": 0.14 + (final - 0.16) * grown,
        "train_seconds": 20.0,
        "eval_seconds": 1.0,
        "images_per_second": 150.0,
    }


def _chosen_values(final: float) -> dict:
    """Figures of the epoch that a run with held-out images chooses."""
    return {
        "chosen_epoch": 3,
        "chosen_accuracy": final - 0.01,
        "chosen_accuracy_tta": final + 0.005,
        "chosen_mean_class_accuracy": final - 0.03,
        "chosen_mean_class_accuracy_tta": final - 0.015,
    }


def _result_values(final: float, epochs: int) -> dict:
    """Final figures; every class has 100 test images."""
    right = round(100 * final)
    wrong, rest = divmod(100 - right, 6)
    size = len(SEVEN_CLASSES)
    rows = [[right if i == j else wrong for j in range(size)] for i in range(size)]
    for i in range(size):
        rows[i][(i + 1) % size] += rest
    return {
        "accuracy_last5": final,
        "mean_class_accuracy_last5": final - 0.02,
        "final_accuracy": final,
        "final_mean_class_accuracy": final - 0.02,
        "final_macro_f1": final - 0.02,
        "best_accuracy": final + 0.01,
        "best_epoch": epochs - 1,
        "confusion": rows,
        "seconds": 21.0 * epochs,
    }
