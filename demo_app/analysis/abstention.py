"""What a threshold of "not sure" means: measured on the test predictions saved with a model."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo_app.language import say
from demo_app.render import text as words
from fer_core.metrics.classification import selective_accuracy
from fer_core.models.saved_model import ModelFacts
from fer_core.records.predictions import PREDICTIONS_FILE, read_predictions
from fer_core.records.run import RecordError

if TYPE_CHECKING:
    from fer_core.models.pretrained import TrainedModel

MOST = 1 - 5e-5
LARGEST = 4_000_000  # bytes of the predictions that are read


def explain_threshold(folder: Path, model: "TrainedModel | ModelFacts", threshold: float) -> str:
    """One sentence: the share of test images above a threshold, and the accuracy on them.

    Args:
        folder: of the saved model; its ``predictions.csv`` is read.
        model: what it is.
        threshold: of "not sure", in [0, 1].
    """
    confidences, correct = _read(folder)
    if not len(confidences):
        return say("controls.no_predictions")
    split = model.facts.get("eval_split")
    images = say("controls.images_of_split", split=split) if split else say("controls.images")
    return words.coverage(threshold, *selective_accuracy(confidences, correct, threshold), images)


@lru_cache(maxsize=16)
def _read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Probability (N,) of each prediction and whether it is right; empty where that is unknown."""
    file, rows = folder / PREDICTIONS_FILE, []
    try:
        # Of a stranger's model; that of 50,000 images has 2 MB.
        if file.is_file() and file.stat().st_size <= LARGEST:
            rows = read_predictions(folder)
    except RecordError:
        rows = []
    # The table has four decimals; a probability that they round to 1 is below it.
    confidences = np.array([min(row.confidence, MOST) for row in rows], dtype=float)
    return confidences, np.array([row.true_label == row.predicted for row in rows], dtype=bool)
