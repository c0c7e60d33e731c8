"""The card of a saved model, bundled or published, from its run record and measured figures."""

import json
import math
import shlex
from typing import NamedTuple

import torch

from fer_core.config.methods import paper_of
from fer_core.models.pretrained import WeightLayout
from fer_core.publishing.card_metadata import model_header
from fer_core.publishing.card_results import results_of
from fer_core.publishing.card_usage import loading
from fer_core.publishing.data_terms import words_of
from fer_core.publishing.model_info import SCRATCH, Subject
from fer_core.records.compare import EAC
from fer_core.records.run import RunRecord
from fer_core.records.trials import approach_of
from fer_core.reporting.eac_variants import eac_variant
from fer_core.reporting.tables import table


class PublishedAs(NamedTuple):
    """Where a model is published.

    Attributes:
        repository: ``USER/NAME``.
        layout: whose names its weights have; ``timm`` where timm alone rebuilds it.
        licence: of the weights.
        image: whether the confusion matrix is published with the card.
    """

    repository: str
    layout: WeightLayout
    licence: str
    image: bool


def card(subject: Subject, size: int, published: PublishedAs | None = None) -> str:
    """The card as Markdown with the Hub's front matter.

    Args:
        subject: the model.
        size: of the weights in bytes.
        published: where it is published; None for the bundled model.
    """
    paper = paper_of(subject.facts.get("method", ""))
    header = model_header(
        published.repository if published else _title(subject),
        subject.facts,
        licence=published.licence if published else "apache-2.0",
        library="timm" if published and published.layout == "timm" else "fer-core",
        papers=[f"arxiv:{paper.arxiv}"] if paper and paper.arxiv else [],
        emotions=subject.trained.taxonomy.emotions,
    )
    sections = [f"# Model: {_title(subject)}", _about(subject, size)]
    if published:
        sections += [f"## Use\n{loading(subject.trained, published.repository, published.layout)}"]
    image = published is not None and published.image
    sections += [f"## Data\n{_data(subject)}", f"## Results\n{results_of(subject, image=image)}"]
    sections += [f"## Recipe\n{_recipe(subject)}", f"## Limits\n{_limits(subject)}"]
    sections += [f"## Responsible use\n{_responsible(subject)}"]
    if published:
        sections += [f"## Licence\n{_licence(subject, published.licence)}"]
    if published and paper:
        sections += [f"## Citation\n```bibtex\n{paper.bibtex()}\n```"]
    return header + "\n\n".join(sections) + "\n"


def _title(subject: Subject) -> str:
    facts = subject.facts
    method = f" trained with {facts['method']}" if "method" in facts else ""
    return f"{subject.backbone}{method}" + (f" on {facts['data']}" if "data" in facts else "")


def _about(subject: Subject, size: int) -> str:
    spec, model = subject.trained.input, subject.trained.model
    kinds = subject.trained.taxonomy
    with torch.no_grad():
        maps = model(torch.zeros(1, spec.channels, spec.size, spec.size)).maps
    height, width = maps.shape[2:]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    precision = "float16" if size < 3 * parameters else "float32"
    return f"""Classifies an aligned face of {spec.size} x {spec.size} pixels into \
{len(kinds.names)} {kinds.nouns} and gives one class attention map
per {kinds.noun} ({height} x {width} points), whose mean plus bias is exactly the logit.
{parameters:,} parameters, {size:,} bytes of {precision} safetensors.{_names(subject)}"""


def _names(subject: Subject) -> str:
    """The classes in order, where they are others than emotions."""
    taxonomy = subject.trained.taxonomy
    if taxonomy.emotions:
        return ""
    names = ", ".join(f"`{name}`" for name in taxonomy.names)
    return f"\nThe classes, in the order of the logits: {names}."


def _data(subject: Subject) -> str:
    record, facts = subject.record, subject.facts
    start = subject.origin if subject.origin.endswith((".", SCRATCH)) else f"{subject.origin}."
    if record is None:
        trained = f"Trained on {facts.get('data', 'data that the model does not name')}"
        split = f", {facts['train_split']} split" if "train_split" in facts else ""
        return f"{trained}{split}. Starting weights: {start}\n{_noise(subject)}"
    data, votes = record.data, record.config["targets"] != "labels"
    kind = f"images, {'votes of ten raters' if votes else 'one label each'}"
    on_split = "temperature" in facts and "temperature_holdout" not in facts
    fitted = " and\nused to fit the temperature" if on_split else ""
    return f"""Trained on the {data["train_split"]} split ({data["train_images"]:,} {kind}). \
Starting weights: {start}
{_noise(subject)}
Evaluated on the {data["eval_split"]} split ({data["eval_images"]:,} images), which was monitored
during development{fitted}, so the figures are slightly optimistic."""


def _noise(subject: Subject) -> str:
    facts, record = subject.facts, subject.record
    if facts.get("noise", "none") == "none":
        return "No label noise was added." if "noise" in facts else "Label noise: not known."
    if record is None:
        return f"Label noise: {facts['noise']}, rate {facts.get('noise_rate')}."
    noise, last = record.noise, record.epochs[-1]
    text = (
        f"Label noise: {noise['kind']}, {noise['noisy_label_count']:,} of the training labels "
        f"({100 * noise['realised_rate']:.2f} %) are noisy."
    )
    if last["memorised"] is None:
        return text
    return (
        f"{text}\nIn the last epoch {_learner(record)} memorised {100 * last['memorised']:.1f} % "
        f"of the noisy labels, and predicted\nthe true label for {100 * last['recovered']:.1f} % "
        "of these images."
    )


def _learner(record: RunRecord) -> str:
    """Whose predictions in training the record counts: an average of weights makes none there."""
    averaged = record.config.get("ema_decay")
    return "the weights in training, before averaging," if averaged else "the model"


def _recipe(subject: Subject) -> str:
    record = subject.record
    if record is None:
        known = ("method", "noise", "noise_rate", "epochs", "seed")
        rows = [
            [f"`{name}`", f"`{subject.facts[name]}`"] for name in known if name in subject.facts
        ]
        return "The record of its run is not available; the model itself states:\n\n" + table(
            ["option", "value"], rows
        )
    rows = [[f"`{name}`", f"`{value}`"] for name, value in record.config.items() if name != "data"]
    return f"""`fer-core train --data {shlex.quote(record.config["data"])}` with the \
options below. {record.result["seconds"] / 60:.0f} minutes on {record.environment["device"]} with
{record.environment["threads"]} thread(s); code at commit
{record.environment.get("commit")}. SHA-256 of the starting weights:
{record.model.get("pretrained_sha256") or "none"}.{_which_eac(record)}

{table(["option", "value"], rows)}"""


def _which_eac(record: RunRecord) -> str:
    """Which EAC the run trained; empty for another method."""
    if record.config["method"] != EAC:
        return ""
    return f"\nEAC here: {eac_variant(json.loads(approach_of(record.config).options))}."


def _limits(subject: Subject) -> str:
    limits = words_of(subject.facts).limits
    return f"""{f"{limits} " if limits else ""}{_weakest(subject)} Profiles, covered faces and \
very small faces are unreliable.
A high probability is not proof. {_maps(subject)}
A map does not show why a person looks like that."""


def _maps(subject: Subject) -> str:
    """What an attention map says exactly, and how local it is, if that was measured."""
    exact = "An attention map adds up to the score of its class exactly."
    if subject.maps is None:
        return f"{exact}\nHow local it is was not measured (`fer-core evaluate --maps`)."
    local, occlusion = subject.maps.values["locality"], subject.maps.values["occlusion"]
    low, high = (f"{100 * share:.0f}" for share in local[1:])
    text = f"""{exact} How local it is was measured:
when a quarter of the face is hidden, {100 * local.value:.0f} % ({low} to {high} %) of the change \
in the map lies in that quarter,
where a map without any locality would have 25 %"""
    if not math.isnan(occlusion.value):
        text += f""". Its rank correlation with the effect
of hiding each region is {subject.maps.text("occlusion")}"""
    return f"{text} ({subject.maps.images:,} images of {subject.maps.data}, one model)."


def _responsible(subject: Subject) -> str:
    names = "visible expressions, not feelings"
    if not subject.trained.taxonomy.emotions:
        names = "classes as its training labels do, from the image alone: not what a person feels"
    return f"""The model names {names}. Inferring emotions at work and in education is
prohibited in the European Union, with medical and safety exceptions (AI Act, Art. 5(1)(f)); people
must be told when such a system is used (Art. 50(3)). {words_of(subject.facts).terms}"""


def _licence(subject: Subject, licence: str) -> str:
    return (
        f"The weights: {licence}. The data's own terms also apply: "
        f"{words_of(subject.facts).terms}\nStarting weights: {subject.origin}"
    )


def _weakest(subject: Subject) -> str:
    """Which classes are never recognised, and which are mostly predicted wrongly."""
    classes = subject.facts.get("classes", {})
    never = [n for n, of in classes.items() if of["recall"] and not of["recall"]["value"]]
    wrong = [
        name
        for name, of in classes.items()
        if name not in never and of["precision"] is not None and of["precision"] < 0.5
    ]
    text = []
    if never:
        text += [f"The model never recognised {' or '.join(never)} in the evaluation split."]
    if wrong:
        text += [
            f"More than half of the predictions of {' and '.join(wrong)} are wrong: see their "
            "precision."
        ]
    if not text:
        text += ["Rare classes are the weakest" + (": see the table." if classes else ".")]
    return " ".join(text)
