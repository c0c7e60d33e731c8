"""Runs of the training loop and what two of them must have in common."""

import torch

from fer_core.models.pretrained import load_model
from fer_core.records.predictions import read_predictions
from fer_core.training.engine import train

TIMES = {"train_seconds", "eval_seconds", "images_per_second", "seconds"}


def run(config, folder, **options):
    return train(config, folder, device="cpu", progress=False, **options)


def without_times(values):
    return {key: value for key, value in values.items() if key not in TIMES}


def outcome(record):
    """All of a record that must not depend on when and how fast it was written."""
    return {
        "epochs": [without_times(epoch) for epoch in record.epochs],
        "result": without_times(record.result),
        "predictions": read_predictions(record.path),
        "facts": (record.config, record.classes, record.data, record.noise, record.model),
        # A commit to this checkout while the tests run is not a difference of two runs.
        "environment": {k: v for k, v in record.environment.items() if k != "commit"},
        "status": (record.status, record.error),
    }


def weights(record):
    return load_model(record.path / "model").model.state_dict()


def assert_same_run(first, second):
    assert outcome(first) == outcome(second)
    others = weights(second)
    for name, value in weights(first).items():
        assert torch.equal(value, others[name]), name
