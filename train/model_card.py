"""The model card of the embedded model, from its run record and its measured figures."""

from collections.abc import Mapping
from typing import Any

from fer_core.records import RunRecord
from train.report_embedded import classes_of, figures_of


def card(record: RunRecord, facts: Mapping[str, Any], size: int, origin: str) -> str:
    """The card as Markdown with the Hub's front matter.

    Args:
        record: of the run whose model it is.
        facts: its figures, as in the model's config.json.
        size: of the weights in bytes.
        origin: a sentence on the starting weights; unused where there are none.
    """
    config, data = record.config, record.data
    options = "\n".join(
        f"| `{name}` | `{value}` |" for name, value in config.items() if name != "data"
    )
    side = record.model["map_size"]
    kind = f"images, {'votes of ten raters' if config['targets'] == 'votes' else 'majority labels'}"
    start = "random weights, no other data" if config["pretrained"] == "none" else origin
    return f"""---
license: apache-2.0
library_name: fer-core
pipeline_tag: image-classification
tags: [facial-expression-recognition, noisy-labels, class-activation-map]
---
# Model: {config["backbone"]} trained with {config["method"]} on {data["name"]}

Classifies an aligned face of {config["image_size"]} x {config["image_size"]} pixels into \
{len(record.classes)} expressions and gives one class attention map
per expression ({side[0]} x {side[1]} points), whose mean plus bias is exactly the logit.
{record.model["parameters"]:,} parameters, {size:,} bytes of float16 safetensors.

## Data
Trained on {data["train_split"]} ({data["train_images"]:,} {kind}). Starting weights: {start}
Evaluated on {data["test_split"]} ({data["test_images"]:,} images), which was watched while
developing and fits the temperature, so the figures are a little flattered.

## Results
Weights as stored (float16), last epoch, no checkpoint selection, seed {config["seed"]}, one run.
Answers are averaged over each face and its mirror image, as the predictor does. In brackets: 95 %
intervals; of the accuracy by a bootstrap over the test images, of the class mean by one within each
class, of recalls Wilson's.

{figures_of(facts)}

The temperature ({facts["temperature"]:.3f}, softmax(z / T), Guo et al., ICML 2017) is fitted on
{data["test_split"]} and is part of the weights. The calibration error that counts is the one whose
temperature was fitted on the other half of the images.

{classes_of(facts)}

## Recipe
The embedded model's command stands in `train/recipes/embedded.sh`.
{record.result["seconds"] / 60:.0f} minutes on {record.environment["device"]} with \
{record.environment["threads"]} thread(s); code at commit
{record.environment.get("commit")}. SHA-256 of the starting weights:
{record.model.get("pretrained_sha256") or "none"}.

| option | value |
|---|---|
{options}

## Limits
Small grey web pictures of mostly posed or staged expressions, labelled by raters from the picture
alone. {_weakest(facts)} Profiles, covered faces and very small faces are unreliable.
A high probability is no proof; the attention map shows where the evidence for a class lies in the
picture, not why a person shows it.

## Responsible use
The model names visible expressions, not feelings. Inferring emotions at work and in education is
prohibited in the European Union, with medical and safety exceptions (AI Act, Art. 5(1)(f)); people
must be told when such a system is used (Art. 50(3)). FER2013 is research data.
"""


def _weakest(facts: Mapping[str, Any]) -> str:
    """One sentence on the classes that are answered wrongly more often than rightly."""
    shares = {name: figures["precision"] for name, figures in facts["classes"].items()}
    wrong = [name for name, share in shares.items() if share is not None and share < 0.5]
    if not wrong:
        return "Rare classes are the weakest: see the table."
    return f"More than half of the answers {' and '.join(wrong)} are wrong: see their precision."
