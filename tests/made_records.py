"""Run records in memory, for tests of what many of them say together."""

from pathlib import Path
from typing import Any

import numpy as np

from fer_core.config import RunConfig, defaults_of, from_json, to_json
from fer_core.records.measures import MEASURES
from fer_core.records.predictions import Prediction, write_predictions
from fer_core.records.run import RunRecord
from fer_core.taxonomy import taxonomy_of

MEASURED_LABELS = np.repeat([0, 1], [80, 20])  # of the images of `measured_run`


def made_record(
    *,
    name: str = "run",
    accuracy: float = 0.5,
    content: str = "a",
    status: str = "finished",
    started: str = "2026-01-01",
    realised: float = 0.301,
    suite: str | None = None,
    **options: Any,
) -> RunRecord:
    """A record of a run with these options and this final accuracy; 30 % symmetric noise.

    Args:
        name: of its folder.
        accuracy: mean of the last five epochs.
        content: hash of the data.
        status: of the run.
        started: when.
        realised: share of noisy labels.
        suite: makes it a run of another program, of which the options alone are stated.
        options: of the configuration.
    """
    given = {"data": "synthetic", "noise": "symmetric", "noise_rate": 0.3, "epochs": 6, **options}
    config = to_json(from_json(given)) if suite is None else _stated(given)
    kind = config["noise"]
    known = None if kind is None else realised if kind != "none" else 0.0
    data = str(given["data"]).partition(":")[0]
    finished = status == "finished"
    return RunRecord(
        path=Path(name),
        name=name,
        status=status,
        started=started,
        ended=None,
        config=config,
        taxonomy=taxonomy_of(tuple("abcdefg")),
        data={"name": data, "sha256": content, "eval_split": "test", "eval_images": 700},
        noise={"kind": kind, "rate": config["noise_rate"], "realised_rate": known},
        model={"parameters": 2_200_000},
        environment={"device": "cpu"},
        result={"accuracy_last5": accuracy, "seconds": 60.0} if finished else {},
        epochs=({"epoch": 6, "memorised": 0.2},),
        error=None,
        imported=None if suite is None else {"file": "x.csv", "suite": suite, "sha256": "f" * 64},
    )


def _stated(options: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a run of another program: what is not stated is null."""
    named = {"method": None, "backbone": None, "image_size": None, "seed": None, **options}
    return dict.fromkeys(defaults_of(named["method"] or "")) | named


def measured_run(folder, method, seed, right, *, names=None, old=False, **options):
    """A finished record whose first ``right`` images are predicted right in every measure."""
    folder.mkdir()
    guesses = np.where(np.arange(100) < right, MEASURED_LABELS, 1 - MEASURED_LABELS)
    extra = (None, None, None) if old else ()
    rows = []
    for index, (label, guess) in enumerate(zip(MEASURED_LABELS, guesses, strict=True)):
        own = extra or (float(guess == label), int(guess), int(guess))
        name = f"{names or 'face'}{index}"
        rows.append(Prediction(name, int(label), int(guess), 0.9, *own))
    write_predictions(folder, rows)
    config = RunConfig(method=method, noise="symmetric", noise_rate=0.3, seed=seed)
    config = config.change(**options)
    share = right / 100
    result = {"accuracy_last5": share, "mean_class_accuracy_last5": share}
    if not old:
        for measure in MEASURES.values():
            result |= {measure.accuracy: share, measure.mean_class_accuracy: share}
    return RunRecord(
        path=folder,
        name=folder.name,
        status="finished",
        started="2026-01-01",
        ended=None,
        config=to_json(config),
        taxonomy=taxonomy_of(("a", "b")),
        data={"name": "synthetic", "sha256": "a", "eval_split": "test", "eval_images": 100},
        noise={"kind": "symmetric", "rate": 0.3, "realised_rate": 0.3},
        model={},
        environment={"device": "cpu"},
        result=result,
        epochs=({"epoch": 1, "memorised": 0.2},),
        error=None,
    )
