"""Make a finished run the bundled model: ``fer-core bundle RUN``.

Writes float16 weights, configuration, test predictions and model card to
``fer_core/weights/bundled``. A temperature becomes part of the weights. It is fitted on the
held-out part of train; on the evaluation split where the run held nothing out, or has label noise,
which the held-out labels have too. The figures on the card are measured with the weights as written
and loaded again. What is there already is replaced only at the end, when everything has been made.

A loss with class weights w teaches probabilities in proportion to w times those of the data.
``--undo-weights`` subtracts log w from the logits: fewer false alarms of rare classes, and fewer of
their faces found. ``--average-with`` takes the mean of the weights of two runs, of which one went
on from the other (model soups, Wortsman et al., ICML 2022, arXiv 2203.05482).
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import tyro

from fer_core.config import RunConfig
from fer_core.datasets import FaceData
from fer_core.errors import told_in_a_sentence
from fer_core.evaluation import report as assessment
from fer_core.evaluation.inference import Evaluation, evaluate
from fer_core.evaluation.predictions import SplitPredictions
from fer_core.evaluation.report import Assessment, assess
from fer_core.evaluation.run_figures import recorded_predictions
from fer_core.io.files import displayed
from fer_core.methods.class_weights import class_weights
from fer_core.metrics import classification as metrics
from fer_core.metrics.calibration import CalibrationError, fit_temperature
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel, load_model, save_model
from fer_core.models.saved_model import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, ModelError
from fer_core.publishing.model_card import card
from fer_core.publishing.model_info import SCRATCH, Subject, stated_origin
from fer_core.records.predictions import PREDICTIONS_FILE, write_predictions
from fer_core.records.run import RecordError, RunRecord, read_run
from fer_core.training.checkpoint import read_checkpoint
from fer_core.training.labels import draw_noisy_labels, training_targets
from fer_core.training.setup import hold_out, load_run_data
from fer_core.weights import BUNDLED

LARGEST = 6_000_000  # bytes of the weights in the repository
RESAMPLES = 10_000


@dataclass(frozen=True)
class Command:
    """Write the model of a finished run to fer_core/weights/bundled."""

    run: tyro.conf.Positional[Path]
    """Folder of the run record, with its model."""
    out: Path = BUNDLED
    """Where to write."""
    origin: str = ""
    """Where the starting weights come from, a sentence for the card; needed where there are any
    and their file does not state it."""
    undo_weights: bool = False
    """Remove the effect of the loss's class weights (--balance loss or root) from the logits."""
    average_with: Path | None = None
    """Take the mean of the run's weights and those of this other run of the same network."""


class Changes(NamedTuple):
    """What is done to the weights of a run before they are bundled.

    Attributes:
        undo_weights: take the class weights of the loss out of the logits.
        average_with: folder of another run, whose weights and ours are averaged.
    """

    undo_weights: bool = False
    average_with: Path | None = None


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, write the model, and print what it reaches."""
    command = tyro.cli(Command, prog="fer-core bundle")
    record = read_run(command.run)
    if record.status != "finished":
        raise RecordError(f"the run at {command.run} is {record.status}, not finished")
    origin = command.origin or stated_origin(record)
    if record.config["pretrained"] != "none" and not origin:
        raise RecordError(
            f"the run started from {record.config['pretrained']}: state the source "
            "of these weights with --origin, for the model card"
        )
    changes = Changes(command.undo_weights, command.average_with)
    facts = bundle(record, command.out, origin, changes)
    size = (command.out / WEIGHTS_FILE).stat().st_size
    if "temperature_holdout" in facts:
        fitted = f"temperature fitted on {facts['temperature_holdout']:,} held-out training images"
    else:
        fitted = f"temperature fitted on the other half: {facts['ece_cross_fitted']:.4f}"
    print(
        f"{command.out}: {size:,} bytes, {facts['eval_split']} accuracy "
        f"{100 * facts['accuracy']:.2f} %, "
        f"mean class accuracy {100 * facts['mean_class_accuracy']:.2f} %, "
        f"without images of the training set {100 * facts['accuracy_deduplicated']:.2f} %, "
        f"ECE {facts['ece']:.4f} ({fitted})"
    )


def bundle(
    record: RunRecord, out: Path, origin: str, changes: Changes | None = None
) -> dict[str, Any]:
    """Write the calibrated float16 model, its predictions and its card: all of it or nothing.

    Args:
        record: of a finished run, with its model and checkpoint.
        out: folder to write to.
        origin: a sentence on where the starting weights come from.
        changes: of the weights; None: they stay as they were trained.

    Returns:
        The facts in the model's config.json.

    Raises:
        CalibrationError, CheckpointError, DataError, ModelError: when a part is missing or broken,
            the weights are too large, or there are no class weights to undo.
        OSError: when a file cannot be written.
    """
    for name in (CARD_FILE, CONFIG_FILE, PREDICTIONS_FILE):
        if (out / name).exists() and not (out / WEIGHTS_FILE).exists():
            raise ModelError(
                f"{displayed(out)} holds no model, but {name}, which a model would replace: name "
                "another folder with --out"
            )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out.parent) as made:
        facts = _make(record, Path(made), origin, changes or Changes())
        out.mkdir(exist_ok=True)
        files = sorted(Path(made).iterdir(), key=lambda file: file.name != WEIGHTS_FILE)
        for file in files:  # the weights first: they say whose the others are
            file.replace(out / file.name)
    return facts


def _make(record: RunRecord, out: Path, origin: str, changes: Changes) -> dict[str, Any]:
    trained = load_model(record.path / "model")
    _, config = read_checkpoint(record.path)
    whole = load_run_data(config)
    data, noise, held_out = hold_out(config, whole, draw_noisy_labels(config, whole))
    holdout = held_out.split if held_out and config.noise == "none" else None
    if changes.average_with is not None:
        _average(trained, changes.average_with)
    if changes.undo_weights:
        _undo_weights(trained.model, config, training_targets(config, data, noise))
    before = evaluate(trained.model, data.eval, mirror=True)
    fitted_on = data.eval if holdout is None else holdout
    fitted = before if holdout is None else evaluate(trained.model, holdout, mirror=True)
    temperature = fit_temperature(fitted.logits, fitted_on.true_labels)
    trained.model.scale_by_temperature(temperature)
    form: dict[str, Any] = {
        "stride": config.stride,
        "stem": config.stem,
        "receptive_field": config.receptive_field,
        "backbone": config.backbone,
        "classes": trained.taxonomy,
        "spec": trained.input,
        "half": True,
    }
    save_model(out, trained.model, **form, facts=trained.facts)
    size = (out / WEIGHTS_FILE).stat().st_size
    if size > LARGEST:
        raise ModelError(f"the weights have {size:,} bytes, at most {LARGEST:,} may be bundled")
    written = load_model(out).model
    after = evaluate(written, data.eval, mirror=True)
    facts = trained.facts | figures_of_assessment(
        _assess(before, data), _assess(after, data), cross_fitted=holdout is None
    )
    facts["temperature"] = temperature
    if holdout is not None:
        facts["temperature_holdout"] = len(holdout.true_labels)
    if changes.undo_weights:
        facts["weights_undone"] = True
    if changes.average_with is not None:
        facts["averaged_with"] = read_run(changes.average_with).name
    facts["origin"] = SCRATCH if config.pretrained == "none" else origin
    facts["accuracy_without_mirror"] = metrics.accuracy(evaluate(written, data.eval).confusion)
    save_model(out, trained.model, **form, facts=facts)
    rows = list(recorded_predictions(data.eval, after))
    write_predictions(out, rows)
    subject = Subject(out, trained, config.backbone, record, facts, rows, facts["origin"])
    (out / CARD_FILE).write_text(card(subject, size), encoding="utf-8")
    return facts


def _average(trained: TrainedModel, run: Path) -> None:
    """The mean of a model's weights and those of another run.

    Raises:
        ModelError: when the other run has another network, other classes or another input.
    """
    other = load_model(run / "model")
    ours, theirs = trained.model.state_dict(), other.model.state_dict()
    same = [name for name in ours if name in theirs and ours[name].shape == theirs[name].shape]
    if len(same) < max(len(ours), len(theirs)) or (trained.classes, trained.input.size) != (
        *(other.classes, other.input.size),
    ):
        raise ModelError(
            f"average_with needs a run with the same network, classes and input size: {run} has "
            f"{', '.join(other.classes)} at {other.input.size} pixels, and {len(same)} of "
            f"{len(ours)} weights of the same name and shape"
        )
    for name, value in ours.items():
        if value.is_floating_point():
            value.copy_((value + theirs[name]) / 2)


def _undo_weights(model: AttentionModel, config: RunConfig, targets: np.ndarray) -> None:
    """Subtract the logarithms of the class weights that the loss had from the logits."""
    weights = class_weights(config, torch.from_numpy(targets), model.classifier.out_features)
    if weights is None:
        raise ModelError(
            f"the run has balance {config.balance!r}: undo_weights needs a run with 'loss' or "
            "'root', whose loss is class-weighted"
        )
    model.shift_logits(-weights.log())


def figures_of_assessment(
    before: Assessment, after: Assessment, *, cross_fitted: bool
) -> dict[str, Any]:
    """The figures of the stored model, and of its calibration.

    Args:
        before: without a temperature.
        after: as stored, with the temperature in its weights.
        cross_fitted: whether the temperature was fitted on the images that are assessed, so that
            the calibration error of either half with the other's temperature is needed too.
    """
    unseen, calibration = after.unseen, before.calibration
    if unseen is None or unseen.accuracy is None:
        raise CalibrationError("all images of the evaluation split are also in the training set")
    if cross_fitted and calibration is None:
        raise CalibrationError(
            "the evaluation split has too few images to fit a temperature on either half"
        )
    halves = {"ece_cross_fitted": calibration.ece} if cross_fitted and calibration else {}
    return {
        "accuracy": after.accuracy.value,
        "accuracy_interval": list(after.accuracy[1:]),
        "mean_class_accuracy": after.mean_class_accuracy.value,
        "mean_class_accuracy_interval": list(after.mean_class_accuracy[1:]),
        "accuracy_deduplicated": unseen.accuracy.value,
        "duplicates_in_train": unseen.left_out,
        "macro_f1": after.macro_f1,
        "ece": after.ece,
        **halves,
        "ece_uncalibrated": before.ece,
        "eval_images": after.images,
        "classes": assessment.to_json(after.classes),
    }


def _assess(evaluation: Evaluation, data: FaceData) -> Assessment:
    found = SplitPredictions(data.classes, data.eval, evaluation.logits, {}, ())
    return assess(found, resamples=RESAMPLES, seed=0, training_digests=data.train.digests)


if __name__ == "__main__":
    main()
