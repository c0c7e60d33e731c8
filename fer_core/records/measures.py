"""Three ways to say how accurate a run is, and differences whose interval counts seeds and images.

The papers report the mean of the last five epochs. A practitioner, who has noisy labels alone, gets
the epoch that does best on held-out images with their noisy labels, with flip TTA where he can
afford it. No measure chooses on the evaluation split.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.metrics.intervals import Estimate, hierarchical_difference
from fer_core.records.compare import with_shared_seeds
from fer_core.records.groups import RunGroup
from fer_core.records.predictions import Prediction, read_predictions
from fer_core.records.run import RecordError, RunRecord


@dataclass(frozen=True)
class Measure:
    """A way to say how accurate a run is.

    Attributes:
        name: as a command line has it.
        title: for the head of a table.
        accuracy: final figure of the records (``result``).
        mean_class_accuracy: likewise, mean class accuracy.
    """

    name: str
    title: str
    accuracy: str
    mean_class_accuracy: str

    def hits(self, predictions: Sequence[Prediction]) -> np.ndarray | None:
        """(N,) how right each image was predicted, in [0, 1]; None where not recorded."""
        if self.name == "last5":
            shares = [prediction.hits_last5 for prediction in predictions]
        else:
            chosen = [getattr(prediction, self.name) for prediction in predictions]
            labels = [prediction.true_label for prediction in predictions]
            shares = [
                None if guess is None else float(guess == label)
                for guess, label in zip(chosen, labels, strict=True)
            ]
        known = [share for share in shares if share is not None]
        return np.array(known) if known and len(known) == len(shares) else None


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("last5", "mean of last 5 epochs", "accuracy_last5", "mean_class_accuracy_last5"),
        Measure(
            "chosen", "epoch chosen on held-out", "chosen_accuracy", "chosen_mean_class_accuracy"
        ),
        Measure(
            "chosen_tta",
            "chosen epoch, flip TTA",
            "chosen_accuracy_tta",
            "chosen_mean_class_accuracy_tta",
        ),
    )
}


def has_measure(group: RunGroup, measure: Measure) -> bool:
    """Whether every run of the group has the measure's figures."""
    return all(trial.record.result.get(measure.accuracy) is not None for trial in group.trials)


def has_all_measures(group: RunGroup) -> bool:
    """Whether every run of the group has the figures of every measure."""
    return all(has_measure(group, measure) for measure in MEASURES.values())


def gap_over_seeds_and_images(
    one: RunGroup,
    other: RunGroup,
    measure: Measure,
    *,
    mean_class_accuracy: bool = False,
    resamples: int = 5000,
    seed: int = 0,
) -> Estimate | None:
    """``one`` minus ``other`` in points, with an interval that counts seeds and evaluation images.

    A hierarchical bootstrap: seeds are drawn with replacement, then images, in pairs.

    Args:
        one: a group.
        other: a group of the same setting.
        measure: whose predictions are compared.
        mean_class_accuracy: of the mean class accuracy; images are then drawn within each class.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        None when no seed is in both groups, or a run has no such predictions.

    Raises:
        RecordError: when two runs of a seed have other evaluation images.
    """
    gaps: list[np.ndarray] = []
    labels = np.empty(0, dtype=np.int64)
    for pair in zip(*(group.trials for group in with_shared_seeds(one, other)), strict=True):
        rows = [read_predictions(trial.record.path) for trial in pair]
        sides = [measure.hits(predictions) for predictions in rows]
        if sides[0] is None or sides[1] is None:
            return None
        _check_same_images([trial.record for trial in pair], rows)
        labels = np.array([prediction.true_label for prediction in rows[0]])
        gaps.append(sides[0] - sides[1])
    if not gaps:
        return None
    generator = np.random.default_rng(seed)
    found = hierarchical_difference(
        np.stack(gaps), resamples, generator, labels=labels if mean_class_accuracy else None
    )
    return Estimate(*(100 * value for value in found))


def unanswered(group: RunGroup, measure: Measure) -> dict[str, int]:
    """Classes with images of which a run predicts none right: class -> number of such runs."""
    found: dict[str, int] = {}
    for trial in group.trials:
        predictions = read_predictions(trial.record.path)
        hits = measure.hits(predictions)
        if hits is None:
            continue
        labels = np.array([prediction.true_label for prediction in predictions])
        for number, name in enumerate(trial.record.classes):
            own = hits[labels == number]
            if len(own) and not own.any():
                found[name] = found.get(name, 0) + 1
    return found


def _check_same_images(records: Sequence[RunRecord], rows: Sequence[list[Prediction]]) -> None:
    first, second = ([(row.image, row.true_label) for row in side] for side in rows)
    if first != second:
        raise RecordError(
            f"{records[0].path} and {records[1].path} predicted other evaluation images: they do "
            "not compare"
        )
