"""JSON files of ``fer-core evaluate --robustness`` -> the models that one figure compares.

Knows no matplotlib.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fer_core.io.files import displayed, parse_json

ROBUSTNESS_FILE = "robustness.json"  # its name in a run's folder and beside shipped weights
ASKED_FOR = "fer-core evaluate MODEL --data URI --robustness --json FILE writes one"


class PercentFigures(NamedTuple):
    """A model on images that were corrupted alike, or not at all; everything in percent.

    Attributes:
        accuracy: between the ends of its 95 % interval (Wilson), ``low`` and ``high``.
        mean_class_accuracy: mean recall of the classes.
        confidence: mean probability of the prediction.
        ece: expected calibration error.
    """

    accuracy: float
    low: float
    high: float
    mean_class_accuracy: float
    confidence: float
    ece: float


class StrengthFigures(NamedTuple):
    """One strength of a corruption.

    Attributes:
        strength: in the unit of the corruption.
        figures: on the corrupted images.
        lost: points of accuracy lost against the same images, not corrupted, between the ends of
            its 95 % interval (paired bootstrap), ``lost_low`` and ``lost_high``.
    """

    strength: float
    figures: PercentFigures
    lost: float
    lost_low: float
    lost_high: float


class CorruptionCurve(NamedTuple):
    """One kind of corruption: what its strength is, and the figures, the mildest first."""

    strength: str
    levels: tuple[StrengthFigures, ...]


class ModelCurve(NamedTuple):
    """One model.

    Attributes:
        name: of the model.
        weights: hash of its weights.
        mirror: whether its predictions use flip TTA.
        side: of the images when they were corrupted, in pixels.
        clean: figures on the same images, not corrupted.
        kinds: kind -> its figures.
    """

    name: str
    weights: str
    mirror: bool
    side: int
    clean: PercentFigures
    kinds: dict[str, CorruptionCurve]


class Sample(NamedTuple):
    """The images that were corrupted.

    Attributes:
        data: name of the data set: of a folder, its own name, which others may have, too.
        split: they were drawn from it.
        images: how many.
        available: images of the split.
        seed: of the draw.
        content: hash of the split's images that the model knows the class of.
    """

    data: str
    split: str
    images: int
    available: int
    seed: int
    content: str


class RobustnessComparison(NamedTuple):
    """Models on the same corrupted images."""

    sample: Sample
    models: tuple[ModelCurve, ...]


def read_robustness(files: Iterable[Path]) -> list[RobustnessComparison]:
    """The models of all files, together where they were shown the same corrupted images.

    Raises:
        ValueError: when a file is not an evaluation under corruption.
    """
    return compare_robustness(measured for file in files for measured in read_models(file))


def read_models(file: Path) -> list[tuple[Sample, ModelCurve]]:
    """The model of a file, or both that it compares, each with the images that it was shown.

    Raises:
        ValueError: when the file is not an evaluation under corruption.
    """
    where = displayed(file)
    try:
        report = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"records: {where} is not a readable JSON file: {error}") from error
    try:
        models = [model for model in (report["model"], report["against"]) if model is not None]
        if not models or any(model.get("robustness") is None for model in models):
            raise ValueError("it holds no figures under corruption")
        return [(_sample(report["data"], model), _curve(model)) for model in models]
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(_refusal(where, repr(error))) from error
    except ValueError as error:
        raise ValueError(_refusal(where, str(error))) from error


def compare_robustness(
    measured: Iterable[tuple[Sample, ModelCurve]],
) -> list[RobustnessComparison]:
    """The models that were shown the same corrupted images together, in the order given.

    Args:
        measured: of `read_models`; a model that is named twice with the same figures counts once.
    """
    found: dict[tuple[Any, ...], list[ModelCurve]] = {}
    for sample, model in measured:
        strengths = tuple(
            (kind, tuple(level.strength for level in of.levels)) for kind, of in model.kinds.items()
        )
        models = found.setdefault((sample, strengths), [])
        if model not in models:
            models.append(model)
    return [RobustnessComparison(key[0], tuple(models)) for key, models in found.items()]


def file_stems(comparisons: Sequence[RobustnessComparison]) -> list[str]:
    """The file name of each figure without the ending; numbered where two are alike."""
    stems: list[str] = []
    for comparison in comparisons:
        names = [comparison.sample.data, comparison.sample.split]
        names += dict.fromkeys(model.name for model in comparison.models)
        stem = re.sub(r"[^\w.-]+", "-", "-".join(["robustness", *names]))
        taken = sum(other == stem or other.startswith(f"{stem}--") for other in stems)
        stems.append(f"{stem}--{taken + 1}" if taken else stem)
    return stems


def _refusal(where: str, reason: str) -> str:
    return f"records: {where} is not an evaluation under corruption ({reason}): {ASKED_FOR}"


def _sample(data: Mapping[str, Any], model: Mapping[str, Any]) -> Sample:
    found = model["robustness"]
    images, available, seed = (int(found[name]) for name in ("images", "available", "seed"))
    named = str(data["name"]), str(data["split"])
    return Sample(*named, images, available, seed, str(model["images_sha256"]))


def _curve(model: Mapping[str, Any]) -> ModelCurve:
    found = model["robustness"]
    kinds = {str(kind): _corruption(of) for kind, of in found["kinds"].items()}
    if not kinds or not all(of.levels for of in kinds.values()):
        raise ValueError("it names no corruption, or one without strengths")
    return ModelCurve(
        str(model["name"]),
        str(model["weights_sha256"]),
        bool(model["mirror"]),
        int(found["side"]),
        _figures(found["clean"]),
        kinds,
    )


def _corruption(of: Mapping[str, Any]) -> CorruptionCurve:
    levels = []
    for level in of["levels"]:
        strength = float(level["strength"])
        if not math.isfinite(strength):
            raise ValueError(f"a strength is {strength}, allowed are finite numbers")
        lost = level["lost"]
        low, high = lost["interval"]
        points = (_percent(share, least=-1) for share in (lost["value"], low, high))
        figures = _figures(level["figures"])
        levels.append(StrengthFigures(strength, figures, *points))
    return CorruptionCurve(str(of["strength"]), tuple(levels))


def _figures(found: Mapping[str, Any]) -> PercentFigures:
    accuracy = found["accuracy"]
    low, high = accuracy["interval"]
    others = (found[name] for name in ("mean_class_accuracy", "confidence", "ece"))
    shares = (accuracy["value"], low, high, *others)
    return PercentFigures(*(_percent(share) for share in shares))


def _percent(share: float, least: float = 0) -> float:
    if not least <= share <= 1:
        raise ValueError(f"a figure is {share!r}, allowed are {least} to 1")
    return 100 * float(share)
