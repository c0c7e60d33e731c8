"""Make a finished run the embedded model: ``python -m train.embed RUN``.

Writes float16 weights, configuration and model card to ``fer_core/weights``. The figures on the
card are measured anew, with the weights as they are written and loaded again.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from fer_core import metrics
from fer_core.checkpoints import CheckpointError, read_checkpoint
from fer_core.datasets import DataError, FaceData
from fer_core.datasets.loading import also_in
from fer_core.evaluation import Evaluation, evaluate
from fer_core.experiment import load_run_data
from fer_core.hub import EMBEDDED, WEIGHTS_FILE, ModelError, load_model, save_model
from fer_core.records import RecordError, RunRecord, read_run

LARGEST = 6_000_000  # bytes of the weights in the repository
CARD_FILE = "README.md"


@dataclass(frozen=True)
class Command:
    """Write the model of a finished run to fer_core/weights."""

    run: tyro.conf.Positional[Path]
    """Folder of the run record, with its model."""
    out: Path = EMBEDDED
    """Where to write."""


def main() -> None:
    """Parse the command line, write the model, and print what it reaches."""
    try:
        command = tyro.cli(Command, prog="python -m train.embed")
        record = read_run(command.run)
        trained = load_model(command.run / "model")
        if record.status != "finished":
            raise RecordError(f"the run at {command.run} is {record.status}, not finished")
        _, config = read_checkpoint(command.run)
        data = load_run_data(config)
        recipe = {"stride": config.stride, "stem": config.stem, "backbone": config.backbone}
        save_model(
            command.out,
            trained.model,
            **recipe,
            classes=trained.classes,
            spec=trained.input,
            facts=trained.facts,
            half=True,
        )
        written = load_model(command.out)
        evaluation = evaluate(written.model, data.test, mirror=True)
        single = metrics.accuracy(evaluate(written.model, data.test).confusion)
        facts = trained.facts | embedded_figures(evaluation, data)
        facts["accuracy_without_mirror"] = single
        save_model(
            command.out,
            trained.model,
            **recipe,
            classes=trained.classes,
            spec=trained.input,
            facts=facts,
            half=True,
        )
    except (CheckpointError, DataError, ModelError, RecordError, ValueError) as error:
        sys.exit(f"error: {error}")
    size = (command.out / WEIGHTS_FILE).stat().st_size
    if size > LARGEST:
        sys.exit(f"error: the weights have {size:,} bytes, at most {LARGEST:,} may be embedded")
    (command.out / CARD_FILE).write_text(card(record, facts, evaluation, size), encoding="utf-8")
    print(
        f"{command.out}: {size:,} bytes, {data.test.name} accuracy {100 * facts['accuracy']:.2f} %,"
        f" class mean {100 * facts['class_mean_accuracy']:.2f} %, without images that also stand "
        f"in train {100 * facts['accuracy_deduplicated']:.2f} %, ECE {facts['ece']:.4f}"
    )


def embedded_figures(evaluation: Evaluation, data: FaceData) -> dict[str, Any]:
    """Accuracy overall, per class, without duplicates, and calibration, for config and card."""
    unique = ~also_in(data.train.digests, data.test.digests)
    correct = evaluation.predicted == data.test.labels
    recalls = metrics.recalls(evaluation.confusion)
    return {
        "accuracy": metrics.accuracy(evaluation.confusion),
        "class_mean_accuracy": metrics.class_mean_accuracy(evaluation.confusion),
        "accuracy_deduplicated": float(correct[unique].mean()),
        "duplicates_in_train": int((~unique).sum()),
        "ece": metrics.expected_calibration_error(evaluation.confidences, correct),
        "recalls": dict(zip(data.classes, [float(value) for value in recalls], strict=True)),
        "test_images": len(correct),
    }


def card(record: RunRecord, facts: dict[str, Any], evaluation: Evaluation, size: int) -> str:
    """The model card, from the run record and the measured figures."""
    config, data = record.config, record.data
    counts = evaluation.confusion.sum(1)
    rows = "\n".join(
        f"| {name} | {counts[index]} | {100 * facts['recalls'][name]:.1f} % |"
        for index, name in enumerate(record.classes)
    )
    options = "\n".join(
        f"| `{name}` | `{value}` |" for name, value in config.items() if name != "data"
    )
    side = record.model["map_size"]
    single = f"{100 * facts['accuracy_without_mirror']:.2f} %"
    dedup = f"{100 * facts['accuracy_deduplicated']:.2f} %"
    return f"""---
license: apache-2.0
library_name: fer-core
pipeline_tag: image-classification
tags: [facial-expression-recognition, noisy-labels, class-activation-map]
---
# Embedded model: {config["backbone"]} trained with {config["method"]} on {data["name"]}

Classifies an aligned face into {len(record.classes)} expressions and gives one class attention map
per expression ({side[0]} x {side[1]} points), whose mean plus bias is exactly the logit.
{record.model["parameters"]:,} parameters, {size:,} bytes of float16 safetensors.

## Data
Trained on {data["train_split"]} ({data["train_images"]:,} images, majority of the FER+ votes), from
random weights, no other data. Evaluated on {data["test_split"]} ({data["test_images"]:,}
images), which was also watched while developing: the official test split was not used.

## Results
Weights as stored (float16), last epoch, no checkpoint selection, seed {config["seed"]}, one run.
Answers are averaged over each face and its mirror image, as the predictor does.

| figure | value |
|---|---|
| accuracy | {100 * facts["accuracy"]:.2f} % |
| accuracy in a single pass, without the mirror image | {single} |
| class-mean accuracy | {100 * facts["class_mean_accuracy"]:.2f} % |
| accuracy without the {facts["duplicates_in_train"]} images that also stand in train | {dedup} |
| expected calibration error (15 bins, uncalibrated) | {facts["ece"]:.4f} |

| class | images | recall |
|---|---|---|
{rows}

## Recipe
All commands stand in `train/recipes/embedded.sh`; this is the last of its runs, which took
{record.result["seconds"] / 60:.0f} minutes on {record.environment["device"]} with \
{record.environment["threads"]} thread(s) and started from the weights `{config["pretrained"]}`.

| option | value |
|---|---|
{options}

## Limits
Small grey web pictures of mostly posed or staged expressions, labelled by raters from the picture
alone. Rare classes are weak: see the table. Profiles, covered faces and very small faces
are unreliable. A high probability is no proof; the attention map shows where the evidence for a
class lies in the picture, not why a person shows it.

## Responsible use
The model names visible expressions, not feelings. Inferring emotions at work and in education is
prohibited in the European Union, with medical and safety exceptions (AI Act, Art. 5(1)(f)); people
must be told when such a system is used (Art. 50(3)). FER2013 is research data.
"""


if __name__ == "__main__":
    main()
