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

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import EIGHT_CLASSES
from fer_core.errors import told_in_a_sentence
from fer_core.faces.align import align
from fer_core.faces.detect import detect_faces
from fer_core.inference.predictor import Classification, Predictor
from fer_core.io.files import write_whole
from fer_core.io.images import READ_ERRORS, fault, images_below, open_upright
from fer_core.weights import BUNDLED

SYNTHETIC = ("synthetic", "drawn")  # the second is the former name
MOST_FACES = 12
PORTRAIT_SIDE = 320  # pixels


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
    """Of the synthetic faces."""
    aligned: bool = False
    """The images are face crops, as of a data set: no face is detected."""


class NamedFaces(NamedTuple):
    """Images with names, and a sentence for each image without a face."""

    names: list[str]
    images: list[Image.Image]
    left_out: list[str]


class PredictedFaces(NamedTuple):
    """What a model says of N faces: their names, their crops and its outputs."""

    faces: NamedFaces
    classes: tuple[str, ...]
    outputs: Classification


def synthetic_faces(seed: int) -> NamedFaces:
    """One synthetic portrait of each of the eight expressions; the same for the same seed."""
    generator = np.random.default_rng(seed)
    images = [draw_portrait(name, PORTRAIT_SIDE, generator) for name in EIGHT_CLASSES]
    return NamedFaces([f"synthetic {name}" for name in EIGHT_CLASSES], images, [])


def faces_of_folder(folder: Path) -> NamedFaces:
    """Up to MOST_FACES images of a folder, at any depth.

    Raises:
        ValueError: when there is no such folder, or no readable image in it.
    """
    faces = NamedFaces([], [], [])
    for path in images_below(folder, MOST_FACES):
        name = path.relative_to(folder).as_posix()
        try:
            image = open_upright(path)
        except READ_ERRORS as error:
            faces.left_out.append(f"{name} cannot be read: {fault(error)}")
            continue
        faces.names.append(name)
        faces.images.append(image)
    if not faces.names:
        raise ValueError(f"no image of {folder} can be read: {faces.left_out[0]}")
    return faces


def predict_faces(
    predictor: Predictor, faces: NamedFaces, *, aligned: bool = False
) -> PredictedFaces:
    """Classify the largest face of each image.

    Args:
        predictor: the model.
        faces: images of people, or face crops.
        aligned: take each image whole.

    Raises:
        ValueError: when no image has a face.
    """
    spec = predictor.trained.input
    found = NamedFaces([], [], list(faces.left_out))
    for name, image in zip(faces.names, faces.images, strict=True):
        if aligned:
            crop = image.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        elif people := detect_faces(image):
            crop = align(image, people[0].landmarks, spec).image
        else:
            found.left_out.append(f"{name}: no face was found")
            continue
        found.names.append(name)
        found.images.append(crop)
    if not found.names:
        raise ValueError(
            f"no face was found in any of {len(faces.names)} images; with --aligned each image "
            "is taken as a face crop"
        )
    return PredictedFaces(found, predictor.trained.classes, predictor.classify(found.images))


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
    _check(command)
    by_seed = command.faces in SYNTHETIC
    faces = synthetic_faces(command.seed) if by_seed else faces_of_folder(Path(command.faces))
    predictor = Predictor(command.model)
    predicted = predict_faces(predictor, faces, aligned=command.aligned)
    write_maps(predicted, command.out)
    print(f"{command.out}: {len(predicted.faces.names)} faces, {len(predicted.classes)} classes")


def _check(command: Command) -> None:
    if command.out.suffix != ".npz":
        raise ValueError(f"out must be named *.npz, got {command.out}")
    if command.seed < 0:
        raise ValueError(f"seed must be 0 or more, got {command.seed}")
    if command.aligned and command.faces in SYNTHETIC:
        raise ValueError("aligned is for a folder of images; synthetic faces are whole portraits")


if __name__ == "__main__":
    main()
