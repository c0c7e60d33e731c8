"""What the maps of models say in figures: one table a block of the page, each one its CSV."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.analysis.cam_process import Looks

FACE_COLUMNS = (
    *("model", "face", "answer", "probability_percent", "mirror_answer"),
    *("answer_agreement", "map_agreement", "consistency"),
)
VIEWS = ("both", "face", "mirror image, flipped back")


def face_table(looks: Mapping[str, Looks]) -> pd.DataFrame:
    """A row for each model and face: its answer, and how its mirror image was answered.

    ``consistency`` is the attention-consistency score of the answer (`MirrorCheck.consistency`).
    """
    rows = []
    for model, said in looks.items():
        for face, name in enumerate(said.names):
            answer, check = said.answer(face), said.check(face)
            rows.append(
                (
                    *(model, name, said.classes[answer]),
                    100 * float(said.probabilities[face, answer]),
                    said.classes[int(check.probabilities[1].argmax())],
                    check.answer_agreement,
                    check.map_agreement(answer),
                    check.consistency(answer),
                )
            )
    return pd.DataFrame(rows, columns=list(FACE_COLUMNS))


def model_table(faces: pd.DataFrame) -> pd.DataFrame:
    """A row for each model: the means of `face_table` over its faces."""
    groups = faces.groupby("model", sort=False)
    return groups.agg(
        faces=("face", "size"),
        consistency=("consistency", "mean"),
        lowest=("consistency", "min"),
        map_agreement=("map_agreement", "mean"),
        answer_agreement=("answer_agreement", "mean"),
        probability_percent=("probability_percent", "mean"),
    ).reset_index()


def class_table(looks: Mapping[str, Looks], face: str) -> pd.DataFrame:
    """A row for each model and class of one face."""
    rows = []
    for model, said in looks.items():
        index = said.names.index(face)
        check = said.check(index)
        for number, emotion in enumerate(said.classes):
            percent = 100 * float(said.probabilities[index, number])
            rows.append((model, face, emotion, percent, check.map_agreement(number)))
    columns = ["model", "face", "class", "probability_percent", "map_agreement"]
    return pd.DataFrame(rows, columns=columns)


def map_table(looks: Mapping[str, Looks], face: str) -> pd.DataFrame:
    """Every raw value of the maps of one face: model, view, class, row, column, value."""
    parts = []
    for model, said in looks.items():
        index = said.names.index(face)
        views = np.concatenate([said.maps[index][None], said.view_maps[index]])  # (3, K, h, w)
        places = np.indices(views.shape).reshape(4, -1)
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "face": face,
                    "view": np.array(VIEWS)[places[0]],
                    "class": np.array(said.classes)[places[1]],
                    "row": places[2],
                    "column": places[3],
                    "value": views.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
