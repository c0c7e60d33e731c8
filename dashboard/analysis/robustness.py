"""Tables of the robustness page: models under corruption, and what it says above its charts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from dashboard.data.names import data_name
from fer_core.io.wording import counted
from fer_core.reporting.robustness_data import ModelCurve, RobustnessComparison, Sample

CLEAN = "clean"  # the kind of images that are not corrupted; their level is 0
SHOWN_KINDS = {"jpeg": "JPEG", "resolution": "low resolution", "contrast": "lower contrast"}
FIGURES = ("accuracy", "low", "high", "mean_class_accuracy", "confidence", "ece")
LOSSES = ("lost", "lost_low", "lost_high")
BUNDLED = "bundled"  # the model that everybody has


class RobustnessMeasure(NamedTuple):
    """A measure on the vertical axis.

    Attributes:
        column: of `robustness_points`.
        axis: title of the vertical axis, with its unit.
        whole: whether the axis goes to 100.
    """

    column: str
    axis: str
    whole: bool


MEASURES = {
    "Accuracy": RobustnessMeasure("accuracy", "Accuracy (%)", whole=True),
    "Mean class accuracy": RobustnessMeasure(
        "mean_class_accuracy", "Mean class accuracy (%)", whole=True
    ),
    "ECE": RobustnessMeasure("ece", "ECE (%)", whole=False),
    "Mean confidence": RobustnessMeasure("confidence", "Mean confidence (%)", whole=True),
}


def comparison_names(comparisons: Sequence[RobustnessComparison]) -> dict[str, int]:
    """Name of a comparison -> its position; those with the bundled model and most models first."""

    def rank(index: int) -> tuple[bool, int, int]:
        sample, models = comparisons[index]
        return all(model.name != BUNDLED for model in models), -len(models), -sample.images

    contents: dict[str, set[str]] = {}
    for sample, _ in comparisons:
        contents.setdefault(sample_name(sample), set()).add(sample.content)
    names: dict[str, int] = {}
    for index in sorted(range(len(comparisons)), key=rank):
        sample, models = comparisons[index]
        images = sample_name(sample)
        if len(contents[images]) > 1:
            images += f" (hash {sample.content[:8]})"
        kinds = len(models[0].kinds)
        name = f"{images} · {counted(kinds, 'corruption')}"
        names[_free(name, names)] = index
    return names


def sample_name(sample: Sample) -> str:
    """The images that were corrupted, for readers."""
    data = data_name(sample.data)
    images = f"all {sample.images:,} images"
    if sample.images < sample.available:
        images = f"{sample.images:,} of {sample.available:,} images, seed {sample.seed}"
    where = data if sample.data == sample.split else f"{data} {sample.split}"
    return f"{where} · {images}"


def model_labels(models: Sequence[ModelCurve]) -> dict[str, ModelCurve]:
    """Models by a label of their own, the bundled model first, then by clean accuracy."""
    ranked = sorted(models, key=lambda model: (model.name != BUNDLED, -model.clean.accuracy))
    plain = [f"{one.name} ({'flip TTA' if one.mirror else 'without TTA'})" for one in ranked]
    labels: dict[str, ModelCurve] = {}
    for model, label in zip(ranked, plain, strict=True):
        whose = label if plain.count(label) == 1 else f"{label} · weights {model.weights[:8]}"
        labels[_free(whose, labels)] = model
    return labels


def kind_name(kind: str) -> str:
    """A corruption's name in a sentence."""
    return SHOWN_KINDS.get(kind, kind)


def robustness_points(models: Mapping[str, ModelCurve]) -> pd.DataFrame:
    """A row for each model and strength, and one of kind CLEAN for the same images as they were.

    Args:
        models: of `model_labels`.

    Returns:
        ``model``, ``kind``, ``level`` (0 for clean, then 1 for the mildest strength and so on),
        ``strength`` in ``unit``, FIGURES in percent, LOSSES in points (nan for clean), and the
        ``side`` in pixels of the images when they were corrupted.
    """
    rows = []
    for label, model in models.items():
        own = {"model": label, "side": model.side}
        rows.append({**own, "kind": CLEAN, "level": 0, **model.clean._asdict()})
        for kind, of in model.kinds.items():
            for number, level in enumerate(of.levels, start=1):
                row = {**own, "kind": kind, "level": number, "unit": of.strength}
                row |= {"strength": level.strength, **level.figures._asdict()}
                rows.append(row | {name: getattr(level, name) for name in LOSSES})
    columns = ["model", "kind", "level", "strength", "unit", *FIGURES, *LOSSES, "side"]
    return pd.DataFrame(rows, columns=columns).astype({"strength": float, "unit": "str"})


def of_kinds(points: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    """The points of some corruptions, and those of the clean images."""
    return points[(points["level"] == 0) | points["kind"].isin(kinds)].reset_index(drop=True)


def model_summary(points: pd.DataFrame) -> pd.DataFrame:
    """For each model its clean figures, its means over all strengths, and its worst strengths.

    Args:
        points: of `robustness_points`.

    Returns:
        ``model``, ``clean``, ``corrupted`` (mean accuracy under corruption), ``worst`` (lowest
        accuracy) and ``worst_at``, ``clean_ece``, ``worst_ece`` and ``worst_ece_at``, ``side``.
    """
    rows = []
    for model, own in points.groupby("model", sort=False):
        clean, corrupted = own[own["level"] == 0].iloc[0], own[own["level"] > 0]
        worst = corrupted.iloc[int(corrupted["accuracy"].to_numpy().argmin())]
        unsure = corrupted.iloc[int(corrupted["ece"].to_numpy().argmax())]
        row = {"model": model, "clean": clean["accuracy"]}
        row |= {"corrupted": corrupted["accuracy"].mean()}
        row |= {"worst": worst["accuracy"], "worst_at": _condition(worst)}
        row |= {"clean_ece": clean["ece"], "worst_ece": unsure["ece"]}
        rows.append(row | {"worst_ece_at": _condition(unsure), "side": clean["side"]})
    return pd.DataFrame(rows)


def headline(points: pd.DataFrame, measure: RobustnessMeasure) -> str:
    """What hurts the first model most, by a measure.

    Args:
        points: of `robustness_points`, of the chosen models and corruptions.
        measure: of MEASURES.
    """
    model = str(points["model"].iloc[0])
    own = points[points["model"] == model]
    clean, corrupted = own[own["level"] == 0].iloc[0], own[own["level"] > 0]
    if measure.column == "ece":
        worst = corrupted.iloc[int(corrupted["ece"].to_numpy().argmax())]
        return (
            f"{model} is worst calibrated under {_at(worst)}: ECE {worst['ece']:.1f} %, "
            f"{clean['ece']:.1f} % on clean images."
        )
    if measure.column == "confidence":
        return _overconfidence(model, corrupted)
    if measure.column == "accuracy":
        return _accuracy_lost(model, clean, corrupted)
    worst = corrupted.iloc[int(corrupted[measure.column].to_numpy().argmin())]
    before, after = clean[measure.column], worst[measure.column]
    if after >= before:
        return f"No corruption shown costs {model} mean class accuracy ({before:.1f} % clean)."
    return (
        f"{_at(worst, start=True)} costs {model} the most mean class accuracy: "
        f"{before - after:.1f} points, from {before:.1f} to {after:.1f} %."
    )


def second_sentence(points: pd.DataFrame) -> str:
    """Which of several models keeps the most accuracy under the corruptions shown; or empty."""
    summary = model_summary(points).sort_values("corrupted", ascending=False, kind="stable")
    if len(summary) == 1:
        return ""
    texts = [f"{row['model']} {row['corrupted']:.1f} %" for row in summary.to_dict("records")]
    return f"Mean accuracy over all strengths of the corruptions shown: {'; '.join(texts)}."


def _accuracy_lost(model: str, clean: pd.Series, corrupted: pd.DataFrame) -> str:
    significant = corrupted[corrupted["lost_low"] > 0]
    among = corrupted if significant.empty else significant
    worst = among.iloc[int(among["lost"].to_numpy().argmax())]
    interval = f"95 % interval {worst['lost_low']:.1f} to {worst['lost_high']:.1f}"
    if significant.empty:
        return (
            f"No corruption shown costs {model} a significant amount of accuracy; the largest "
            f"loss is {worst['lost']:.1f} points ({interval}), under {_at(worst)}."
        )
    most = "" if worst["lost"] == corrupted["lost"].max() else " among the significant losses"
    return (
        f"{_at(worst, start=True)} costs {model} the most accuracy{most}: {worst['lost']:.1f} "
        f"points ({interval}), from {clean['accuracy']:.1f} to {worst['accuracy']:.1f} %."
    )


def _overconfidence(model: str, corrupted: pd.DataFrame) -> str:
    gaps = corrupted["confidence"] - corrupted["accuracy"]
    if gaps.max() <= 0:
        return f"{model} is not overconfident at any strength shown."
    worst = corrupted.iloc[int(gaps.to_numpy().argmax())]
    return (
        f"{model} is most overconfident under {_at(worst)}: mean confidence "
        f"{worst['confidence']:.1f} %, accuracy {worst['accuracy']:.1f} %."
    )


def _at(row: pd.Series, *, start: bool = False) -> str:
    name = kind_name(str(row["kind"]))
    shown = name[0].upper() + name[1:] if start else name
    return f"{shown} at {row['strength']:g} ({row['unit']})"


def _condition(row: pd.Series) -> str:
    return f"{kind_name(str(row['kind']))} {row['strength']:g}"


def _free(name: str, taken: Mapping[str, object]) -> str:
    """The name, numbered if it is taken."""
    numbers = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbers if one not in taken)


def worst_kinds(points: pd.DataFrame) -> list[str]:
    """The corruptions, those that cost the first model the most accuracy in front.

    Args:
        points: of `robustness_points`.
    """
    first = points[(points["model"] == points["model"].iloc[0]) & (points["level"] > 0)]
    lost = first.groupby("kind")["lost"].max().sort_values(ascending=False, kind="stable")
    return [str(kind) for kind in lost.index]
