"""The model card: the one that comes with a model, or one made from its saved facts.

Cards come from strangers. What is shown loads nothing from any server: no HTML, no images, and only
links to http(s) addresses.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fer_core.config.data import DATA_NAMES
from fer_core.foreign.labels import LabelMapping
from fer_core.models.saved_model import CARD_FILE, ModelFacts
from fer_core.taxonomy import column_names

if TYPE_CHECKING:
    from fer_core.models.pretrained import TrainedModel

Described = TypeVar("Described", "TrainedModel", ModelFacts)  # a model, loaded or not
LONGEST = 20_000  # characters of a card
LONGEST_NAME = 40  # characters of a class name
FIGURES = ("accuracy", "mean_class_accuracy", "noise_rate")  # that the page calculates with
DEMOTED = "##"  # the page has headings of its own above
LIMITS = (
    "It predicts {names}. Profile views, occluded and very small faces are "
    "unreliable, rare classes even more so; a high probability is not proof."
)


def read_card(folder: Path, trained: "TrainedModel | ModelFacts") -> str:
    """The card of a saved model as Markdown that is safe to show."""
    try:
        with (folder / CARD_FILE).open(encoding="utf-8", errors="replace") as file:
            text = file.read(LONGEST + 1)
    except FileNotFoundError:
        text = build_card(trained)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST].rpartition(chr(10))[0]}\n\n(The card goes on.)"
    return clean(text)


def clean(text: str) -> str:
    """Markdown without front matter, HTML, images, and links to anything but web pages.

    A Markdown image needs ``![`` and HTML needs ``<`` before a letter or one of ``/!?``, so where
    neither is left nothing can be loaded, whoever renders it.
    """
    text = re.sub(
        r"\A\ufeff?---\r?\n.*?^---[ \t]*(?:\r?\n|\Z)", "", text, flags=re.DOTALL | re.MULTILINE
    )
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[([^\[\]]*)\]\([^()]*\)", r"\1", text)  # an image becomes its description
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    text = re.sub(r"\]\((?!https?://)", "] (", text)
    text = re.sub(r"\]:(?!\s*https?://)", "] :", text)
    text = re.sub(r"!+(?=\[)", "", text)  # last: nothing may bring the two together again
    return _demote(text).strip()


def tame(trained: Described) -> Described:
    """The model with class names and facts that are safe wherever the page shows them.

    Figures that are none are left out.
    """
    facts = {
        name: _tame_fact(value)
        for name, value in trained.facts.items()
        if name not in FIGURES or isinstance(value, float)
    }
    names = [
        clean(name)[:LONGEST_NAME] or f"class {number}"
        for number, name in enumerate(trained.classes, start=1)
    ]
    taxonomy = replace(trained.taxonomy, names=column_names(names, ()))
    return replace(trained, taxonomy=taxonomy, facts=facts)


def tame_labels(mapping: LabelMapping) -> LabelMapping:
    """The labels of another project's model, safe wherever the page shows them."""
    names = [
        clean(name)[:LONGEST_NAME] or f"label {number}"
        for number, name in enumerate(mapping.labels, start=1)
    ]
    return replace(mapping, labels=column_names(names, ()))


def _tame_fact(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """The same with every text in it cleaned, however deep."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): _tame_fact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_tame_fact(inner) for inner in value]
    return value


def build_card(trained: "TrainedModel | ModelFacts") -> str:
    """A card from the facts saved with a model; no fact is made up."""
    facts, spec = trained.facts, trained.input
    pixels = f"{spec.size} x {spec.size} {'grey' if spec.grey else 'colour'} pixels"
    lines = [f"Predicts one of {len(trained.classes)} {trained.taxonomy.nouns} from {pixels}."]
    learned = _learned(facts)
    if learned:
        lines += ["", learned]
    figures = _figures(facts)
    if figures:
        lines += ["", "| measured | % |", "| --- | --- |", *figures]
    recalls = _recalls(facts)
    if recalls:
        lines += ["", "| class | images | recall, % |", "| --- | --- | --- |", *recalls]
    if not figures:
        lines += ["", "No test results were saved with it."]
    names = "visible expressions, not feelings"
    if not trained.taxonomy.emotions:
        names = "the classes of its training labels, as far as an image shows them"
    return "\n".join([*lines, "", LIMITS.format(names=names)])


def name_data(facts: Mapping[str, Any]) -> str:
    """The data set as people call it; empty where it is not known."""
    kind = re.split(r"[:?]", str(facts.get("data") or ""))[0]
    return DATA_NAMES.get(kind, kind)


def _learned(facts: Mapping[str, Any]) -> str:
    parts = []
    if name_data(facts):
        split = f", {facts['train_split']}" if "train_split" in facts else ""
        parts.append(f"Trained on {name_data(facts)}{split}")
    if "method" in facts:
        parts.append(f"method {facts['method']}")
    if "noise" in facts:
        rate = facts.get("noise_rate")
        share = f"{100 * rate:.0f} % " if isinstance(rate, float) and rate else ""
        noise = "none added" if facts["noise"] == "none" else f"{share}{facts['noise']}"
        parts.append(f"label noise: {noise}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _figures(facts: Mapping[str, Any]) -> list[str]:
    """Rows of the table of results, with 95 % intervals where they were saved."""
    split = f" on the {facts['eval_split']} split" if "eval_split" in facts else ""
    count = facts.get("eval_images")
    images = f", {count:,} images" if isinstance(count, int) else ""
    # The calibration error whose temperature was fitted on other images counts, where it is known.
    ece = facts.get("ece_cross_fitted", facts.get("ece"))
    rows = (
        (f"accuracy{split}{images}", facts.get("accuracy"), facts.get("accuracy_interval")),
        (
            "mean class accuracy",
            facts.get("mean_class_accuracy"),
            facts.get("mean_class_accuracy_interval"),
        ),
        ("calibration error (ECE)", ece, None),
    )
    return [
        f"| {name} | {_percent(value, interval)} |"
        for name, value, interval in rows
        if isinstance(value, float)
    ]


def _recalls(facts: Mapping[str, Any]) -> list[str]:
    classes = facts.get("classes")
    if not isinstance(classes, dict):
        return []
    rows = []
    for name, values in classes.items():
        recall = values.get("recall") if isinstance(values, dict) else None
        if isinstance(recall, dict) and isinstance(recall.get("value"), float):
            shown = _percent(recall["value"], recall.get("interval"))
            rows.append(f"| {name} | {values.get('images', '')} | {shown} |")
    return rows


def _percent(value: float, interval: Any) -> str:  # noqa: ANN401 - whatever was saved
    bounds = interval if isinstance(interval, list) and len(interval) == 2 else []
    if bounds and all(isinstance(bound, float) for bound in bounds):
        return f"{100 * value:.2f} ({100 * bounds[0]:.2f} to {100 * bounds[1]:.2f})"
    return f"{100 * value:.2f}"


def _demote(text: str) -> str:
    """Headings two levels down, outside of code."""
    lines, code = [], False
    for line in text.split("\n"):
        code ^= line.lstrip().startswith(("```", "~~~"))
        heading = not code and re.match(r"#{1,4}\s", line)
        lines.append(DEMOTED + line if heading else line)
    return "\n".join(lines)
