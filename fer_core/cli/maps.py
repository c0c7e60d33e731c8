"""Attention maps of one model on several faces, for pages that do without PyTorch.

``fer-core maps --model RUN/model --faces synthetic --out maps.npz`` writes arrays that
`numpy.load` reads without pickles (N faces, K classes, V views, maps of h x w points):

- ``names`` (N,) and ``classes`` (K,): text.
- ``crops`` (N, S, S, 3): uint8 RGB, the faces as the model saw them.
- ``probabilities`` (N, K), ``maps`` (N, K, h, w): of both views together, see `Classification`.
- ``view_probabilities`` (N, V, K), ``view_maps`` (N, V, K, h, w): of the face and of its flipped
  image, the latter's maps flipped back.
- ``left_out`` (M,): a sentence for each image that gave no face.

Next to it a JSON file of the same name has the predictions in words.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tyro
from PIL import Image

from fer_core.cli.map_faces import (
    FoundFaces,
    NamedFaces,
    faces_of_folder,
    find_crops,
    synthetic_faces,
)
from fer_core.errors import told_in_a_sentence
from fer_core.faces.align import align
from fer_core.inference.predictor import Classification, Predictor
from fer_core.io.files import displayed, write_whole
from fer_core.io.wording import counted
from fer_core.weights import BUNDLED

SYNTHETIC = ("synthetic", "drawn")  # the second is the former name
JSON_BEGINS = '{\n "faces": ['


@dataclass(frozen=True)
class Command:
    """Write the class attention maps of one model on several faces as .npz, and JSON next to it."""

    out: Path
    """File to write, named *.npz."""
    model: str = BUNDLED.name
    """Folder of a run or of a saved model, USER/NAME[@REVISION] of one on the Hugging Face Hub, or
    bundled."""
    faces: str = SYNTHETIC[0]
    """synthetic: one synthetic face of each expression; else a folder of images, of which up to 12,
    spread over the folder, are used."""
    seed: int = 0
    """Seed of the synthetic faces."""
    aligned: bool = False
    """The images are face crops, as of a data set: no face is detected."""


class PredictedFaces(NamedTuple):
    """What a model says of N faces: their names, their crops and its outputs."""

    faces: NamedFaces
    classes: tuple[str, ...]
    outputs: Classification


def asked_faces(command: Command) -> NamedFaces:
    """The images that a command asks for.

    Raises:
        ValueError: when they cannot be found.
    """
    if command.faces in SYNTHETIC:
        return synthetic_faces(command.seed)
    return faces_of_folder(Path(command.faces))


def classify_faces(predictor: Predictor, found: FoundFaces) -> PredictedFaces:
    """Cut each face as the model wants it, and classify it.

    Args:
        predictor: the model.
        found: of `find_crops`.
    """
    spec = predictor.trained.input
    crops = [
        image.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        if landmarks is None
        else align(image, landmarks, spec).image
        for image, landmarks in zip(found.images, found.landmarks, strict=True)
    ]
    faces = NamedFaces(list(found.names), crops, list(found.left_out))
    return PredictedFaces(faces, predictor.trained.classes, predictor.classify(crops))


def predict_faces(
    predictor: Predictor, faces: NamedFaces, *, aligned: bool = False
) -> PredictedFaces:
    """Classify the largest face of each image: `find_crops`, then `classify_faces`.

    Raises:
        ValueError: when no image has a face.
    """
    return classify_faces(predictor, find_crops(faces, aligned=aligned))


def write_maps(predicted: PredictedFaces, file: Path) -> None:
    """Write ``file`` (.npz) and the JSON next to it; see the module for what they hold.

    Raises:
        OSError: when they cannot be written.
    """
    faces, outputs = predicted.faces, predicted.outputs
    arrays = {
        "names": np.array(faces.names, dtype=str),
        "classes": np.array(predicted.classes, dtype=str),
        "crops": np.stack([np.asarray(crop.convert("RGB")) for crop in faces.images]),
        **outputs._asdict(),
        "left_out": np.array(faces.left_out, dtype=str),
    }
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    in_words = json.dumps({"faces": summary(predicted), "left_out": faces.left_out}, indent=1)
    write_whole(file.with_suffix(".json"), f"{in_words}\n".encode())
    write_whole(file, content.getvalue())


def summary(predicted: PredictedFaces) -> list[dict[str, Any]]:
    """The prediction on each face, its probability and its consistency."""
    rows = []
    for index, name in enumerate(predicted.faces.names):
        best = int(predicted.outputs.probabilities[index].argmax())
        check = predicted.outputs.mirror_check(index)
        rows.append(
            {
                "face": name,
                "emotion": predicted.classes[best],
                "probability": round(float(predicted.outputs.probabilities[index, best]), 4),
                "consistency": None if check is None else round(check.consistency(best), 4),
            }
        )
    return rows


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and write the maps."""
    command = tyro.cli(Command, prog="fer-core maps")
    check_command(command)
    faces = asked_faces(command)
    predictor = Predictor(command.model)
    predicted = predict_faces(predictor, faces, aligned=command.aligned)
    write_maps(predicted, command.out)
    faces_written = counted(len(predicted.faces.names), "face")
    print(f"{command.out}: {faces_written}, {len(predicted.classes)} classes")


def check_command(command: Command) -> None:
    """Check what belongs together.

    Raises:
        ValueError: naming the option and what it may be.
    """
    if command.out.suffix != ".npz":
        raise ValueError(f"out must be named *.npz, got {command.out}")
    in_words = command.out.with_suffix(".json")
    if in_words.is_file() and in_words.stat().st_size:
        with in_words.open(encoding="utf-8", errors="replace") as stream:
            if stream.read(len(JSON_BEGINS)) != JSON_BEGINS:
                raise ValueError(
                    f"{displayed(in_words)} would be replaced, but this command has not written "
                    "it: give --out another name"
                )
    if command.seed < 0:
        raise ValueError(f"seed must be 0 or more, got {command.seed}")
    if command.aligned and command.faces in SYNTHETIC:
        raise ValueError("aligned is for a folder of images; synthetic faces are whole portraits")


if __name__ == "__main__":
    main()
