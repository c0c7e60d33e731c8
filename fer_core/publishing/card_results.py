"""The results on a model's card: which weights, which temperature, and their figures."""

from collections.abc import Mapping
from typing import Any

from fer_core.publishing.model_info import Subject
from fer_core.records.run import RunRecord
from fer_core.reporting.bundled import classes_of, figures_of

CONFUSION_IMAGE = "confusion.png"


def results_of(subject: Subject, *, image: bool) -> str:
    """What was measured, and with which weights, as Markdown.

    Args:
        subject: the model.
        image: whether the confusion matrix is published with the card.
    """
    facts, record = subject.facts, subject.record
    if "accuracy" not in facts:
        return "Its accuracy was not saved with it."
    seed = f", seed {facts['seed']}" if "seed" in facts else ""
    mirror = "temperature" in facts or (record is not None and record.config["tta_flip"])
    views = (
        "Predictions are averaged over each face and its flipped copy (flip TTA), as by the "
        "predictor."
        if mirror
        else "Predictions are made without flip TTA; the predictor uses it."
    )
    parts = [
        f"Weights as stored, {_epoch(record)}{seed}, {_runs(facts)}.\n{views}",
        figures_of(facts),
    ]
    if "accuracy_interval" in facts:
        parts[0] += (
            "\nIn brackets: 95 % intervals, from a bootstrap over the images for the accuracy, "
            "from one within each\nclass for the mean class accuracy, and Wilson's for recalls."
        )
    if facts.get("weights_undone"):
        parts += [
            "The loss weighted the classes. To undo this, the logarithms of these weights are\n"
            "subtracted from the logits."
        ]
    if "temperature" in facts:
        parts += [_temperature(facts)]
    if "classes" in facts:
        parts += [classes_of(facts)]
    if image:
        parts += [
            f"![Confusion matrix: each row a label, as shares of its images]({CONFUSION_IMAGE})"
        ]
    return "\n\n".join(parts)


def _runs(facts: Mapping[str, Any]) -> str:
    """Of how many runs the weights are."""
    if "averaged_with" not in facts:
        return "one run"
    return (
        f"the mean of the weights of this run and of {facts['averaged_with']}, from which it "
        "continued\n(model soups, Wortsman et al., ICML 2022)"
    )


def _epoch(record: RunRecord | None) -> str:
    """Which epoch the weights are of."""
    chosen = None if record is None else record.result.get("chosen_epoch")
    if chosen is None:
        return "last epoch, no checkpoint selection"
    return f"epoch {chosen}, the best on the held-out part of train"


def _temperature(facts: Mapping[str, Any]) -> str:
    """What the temperature was fitted on, and so which calibration error counts."""
    fitted = (
        f"The temperature ({facts['temperature']:.3f}, softmax(z / T), Guo et al., ICML 2017) is "
        "fitted on\n"
    )
    if "temperature_holdout" in facts:
        return (
            f"{fitted}{facts['temperature_holdout']:,} training images that were held out, and is "
            f"part of the weights. No image of the {facts['eval_split']}\nsplit was used for it."
        )
    return (
        f"{fitted}the {facts['eval_split']} split and is part of the weights. The calibration "
        "error that counts is the one whose\ntemperature was fitted on the other half of the "
        "images."
    )
