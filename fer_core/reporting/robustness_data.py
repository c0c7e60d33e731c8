"""JSON files of ``fer-core evaluate --robustness`` -> the models that one figure compares.

Knows no matplotlib.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fer_core.io.files import displayed

ASKED_FOR = "fer-core evaluate MODEL --data URI --robustness --json FILE writes one"


class StrengthAccuracy(NamedTuple):
    """Accuracy at one strength of a corruption, in percent, with its 95 % interval."""

    strength: float
    accuracy: float
    low: float
    high: float


class CorruptionCurve(NamedTuple):
    """One kind of corruption: what its strength is, and the accuracies, the mildest first."""

    strength: str
    levels: tuple[StrengthAccuracy, ...]


class ModelCurve(NamedTuple):
    """One model.

    Attributes:
        name: of the model.
        weights: hash of its weights.
        mirror: whether its predictions use flip TTA.
        clean: accuracy on the same images, not corrupted, in percent.
        kinds: kind -> its accuracies.
    """

    name: str
    weights: str
    mirror: bool
    clean: float
    kinds: dict[str, CorruptionCurve]


class Sample(NamedTuple):
    """The images that were corrupted."""

    data: str
    split: str
    images: int
    available: int
    seed: int


class RobustnessComparison(NamedTuple):
    """Models on the same corrupted images."""

    sample: Sample
    models: tuple[ModelCurve, ...]


def read_robustness(files: Iterable[Path]) -> list[RobustnessComparison]:
    """The models of all files, together where they were shown the same corrupted images.

    Raises:
        ValueError: when a file is no evaluation under corruption.
    """
    found: dict[tuple[Any, ...], list[ModelCurve]] = {}
    for file in files:
        for sample, model in _read(file):
            strengths = tuple(
                (kind, tuple(level.strength for level in of.levels))
                for kind, of in model.kinds.items()
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


def _read(file: Path) -> list[tuple[Sample, ModelCurve]]:
    where = displayed(file)
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"records: {where} is no readable JSON file: {error}") from error
    try:
        models = [model for model in (report["model"], report["against"]) if model is not None]
        if any(model.get("robustness") is None for model in models):
            raise ValueError(f"records: {where} holds no figures under corruption: {ASKED_FOR}")
        return [(_sample(report["data"], model), _curve(model)) for model in models]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"records: {where} is no evaluation under corruption ({error!r}): {ASKED_FOR}"
        ) from error


def _sample(data: Mapping[str, Any], model: Mapping[str, Any]) -> Sample:
    found = model["robustness"]
    of_images = (int(found[name]) for name in ("images", "available", "seed"))
    return Sample(str(data["name"]), str(data["split"]), *of_images)


def _curve(model: Mapping[str, Any]) -> ModelCurve:
    found = model["robustness"]
    return ModelCurve(
        str(model["name"]),
        str(model["weights_sha256"]),
        bool(model["mirror"]),
        100 * float(found["clean"]["accuracy"]["value"]),
        {kind: _corruption(of) for kind, of in found["kinds"].items()},
    )


def _corruption(of: Mapping[str, Any]) -> CorruptionCurve:
    levels = []
    for level in of["levels"]:
        accuracy = level["figures"]["accuracy"]
        shares = (accuracy["value"], *accuracy["interval"])
        levels.append(
            StrengthAccuracy(float(level["strength"]), *(100 * float(share) for share in shares))
        )
    return CorruptionCurve(str(of["strength"]), tuple(levels))
