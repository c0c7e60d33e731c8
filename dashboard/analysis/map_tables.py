"""Tables of predictions and attention maps, one for each block of the maps page and its CSV."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.analysis.model_maps import ModelMaps

FACE_COLUMNS = (
    *("model", "face", "prediction", "probability_percent", "flipped_prediction"),
    *("prediction_agreement", "map_agreement", "consistency"),
)
SYNTHETIC = "synthetic "  # before the label, in the name of a synthetic face
SEPARATOR = " · "  # between the label and the name of an image of a data set
VIEWS = ("flip TTA", "face", "horizontal flip, flipped back")


def face_table(models: Mapping[str, ModelMaps]) -> pd.DataFrame:
    """One row for each model and face: the predictions for the face and for its horizontal flip.

    ``consistency`` is the attention-consistency score of the prediction
    (`MirrorCheck.consistency`).
    """
    rows = []
    for model, found in models.items():
        for face, name in enumerate(found.names):
            predicted, check = found.prediction(face), found.check(face)
            rows.append(
                (
                    *(model, name, found.classes[predicted]),
                    100 * float(found.probabilities[face, predicted]),
                    found.classes[int(check.probabilities[1].argmax())],
                    check.answer_agreement,
                    check.map_agreement(predicted),
                    check.consistency(predicted),
                )
            )
    return pd.DataFrame(rows, columns=list(FACE_COLUMNS))


def model_table(faces: pd.DataFrame) -> pd.DataFrame:
    """One row for each model: the means of `face_table` over its faces."""
    groups = faces.groupby("model", sort=False)
    return groups.agg(
        faces=("face", "size"),
        consistency=("consistency", "mean"),
        lowest=("consistency", "min"),
        map_agreement=("map_agreement", "mean"),
        prediction_agreement=("prediction_agreement", "mean"),
        probability_percent=("probability_percent", "mean"),
    ).reset_index()


def class_table(models: Mapping[str, ModelMaps], face: str) -> pd.DataFrame:
    """One row for each model and class of one face."""
    rows = []
    for model, found in models.items():
        index = found.names.index(face)
        check = found.check(index)
        for number, emotion in enumerate(found.classes):
            percent = 100 * float(found.probabilities[index, number])
            rows.append((model, face, emotion, percent, check.map_agreement(number)))
    columns = ["model", "face", "class", "probability_percent", "map_agreement"]
    return pd.DataFrame(rows, columns=columns)


def map_table(models: Mapping[str, ModelMaps], face: str) -> pd.DataFrame:
    """Every raw value of the maps of one face: model, view, class, row, column, value."""
    parts = []
    for model, found in models.items():
        index = found.names.index(face)
        views = np.concatenate([found.maps[index][None], found.view_maps[index]])  # (3, K, h, w)
        indices = np.indices(views.shape).reshape(4, -1)
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "face": face,
                    "view": np.array(VIEWS)[indices[0]],
                    "class": np.array(found.classes)[indices[1]],
                    "row": indices[2],
                    "column": indices[3],
                    "value": views.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def agreement_headline(models: Mapping[str, ModelMaps]) -> str:
    """How far the maps of each model agree with those of the mirrored faces, in one sentence."""
    (first, maps), *others = models.items()
    more = [f"those of {name} by {other.mean_agreement():.2f}" for name, other in others]
    count = len(maps.names)
    faces = f"{count} faces" if count > 1 else "one face"
    own = f"The maps of {first} agree with their mirror images by {maps.mean_agreement():.2f}"
    return f"{', '.join([own, *more])} ({faces}; 1 is full agreement)."


def recognised(models: Mapping[str, ModelMaps]) -> str:
    """How many of the faces whose label is known each model recognises; empty where none is."""
    count = sum(bool(_label(name)) for name in next(iter(models.values())).names)
    if not count:
        return ""
    texts = [f"{name} recognises {_right(maps)}" for name, maps in models.items()]
    return f"Of {count} faces, {' and '.join(texts)}."


def _label(name: str) -> str:
    """The label in the name of a face: of a synthetic one, or of one of a data set."""
    if name.startswith(SYNTHETIC):
        return name.removeprefix(SYNTHETIC)
    return name.partition(SEPARATOR)[0] if SEPARATOR in name else ""


def _right(maps: ModelMaps) -> int:
    return sum(
        _label(name) == maps.classes[maps.prediction(face)] for face, name in enumerate(maps.names)
    )
