"""Attention maps of one model on several faces, for pages that do without PyTorch.

``fer-core maps --model RUN/model --faces drawn --out maps.npz`` writes arrays that
`numpy.load` reads without pickles (N faces, K classes, V views, maps of h x w points):

- ``names`` (N,) and ``classes`` (K,): text.
- ``crops`` (N, S, S, 3): uint8 RGB, the faces as the model saw them.
- ``probabilities`` (N, K), ``maps`` (N, K, h, w): of both views together, see `Classification`.
- ``view_probabilities`` (N, V, K), ``view_maps`` (N, V, K, h, w): of the face and of its mirror
  image, the latter's maps flipped back.
- ``left_out`` (M,): a sentence for each picture that gave no face.

Beside it a JSON file of the same name has the answers in words.
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
from fer_core.io.images import READ_ERRORS, fault, open_upright, pictures_below
from fer_core.weights import BUNDLED

DRAWN = "drawn"
MOST_FACES = 12
PORTRAIT_SIDE = 320  # pixels


@dataclass(frozen=True)
class Command:
    """Write the class attention maps of one model on several faces as .npz, and JSON beside it."""

    out: Path
    """File to write, named *.npz."""
    model: str = BUNDLED.name
    """Folder of a run or of a saved model, USER/NAME[@REVISION] of one on the Hugging Face Hub, or
    bundled."""
    faces: str = DRAWN
    """drawn: one drawn face of each expression; else a folder of pictures, of which up to 12,
    spread over the folder, are looked at."""
    seed: int = 0
    """Of the drawn faces."""
    aligned: bool = False
    """The pictures are cut-out faces, as of a data set: no face is looked for."""


class NamedFaces(NamedTuple):
    """Pictures with names, and a sentence for each picture that is left out."""

    names: list[str]
    pictures: list[Image.Image]
    left_out: list[str]


class Looks(NamedTuple):
    """What a model says of N faces: their names, their crops and its answers."""

    faces: NamedFaces
    classes: tuple[str, ...]
    answers: Classification


def drawn_faces(seed: int) -> NamedFaces:
    """One drawn portrait of each of the eight expressions; the same for the same seed."""
    generator = np.random.default_rng(seed)
    pictures = [draw_portrait(name, PORTRAIT_SIDE, generator) for name in EIGHT_CLASSES]
    return NamedFaces([f"drawn {name}" for name in EIGHT_CLASSES], pictures, [])


def faces_of_folder(folder: Path) -> NamedFaces:
    """Up to MOST_FACES pictures of a folder, at any depth.

    Raises:
        ValueError: when there is no such folder, or no readable picture in it.
    """
    faces = NamedFaces([], [], [])
    for path in pictures_below(folder, MOST_FACES):
        name = path.relative_to(folder).as_posix()
        try:
            picture = open_upright(path)
        except READ_ERRORS as error:
            faces.left_out.append(f"{name} cannot be read: {fault(error)}")
            continue
        faces.names.append(name)
        faces.pictures.append(picture)
    if not faces.names:
        raise ValueError(f"no picture of {folder} can be read: {faces.left_out[0]}")
    return faces


def look_at(predictor: Predictor, faces: NamedFaces, *, aligned: bool = False) -> Looks:
    """Classify the largest face of each picture.

    Args:
        predictor: the model.
        faces: pictures of people, or cut-out faces.
        aligned: take each picture whole.

    Raises:
        ValueError: when no picture has a face.
    """
    spec = predictor.trained.input
    found = NamedFaces([], [], list(faces.left_out))
    for name, picture in zip(faces.names, faces.pictures, strict=True):
        if aligned:
            crop = picture.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        elif people := detect_faces(picture):
            crop = align(picture, people[0].landmarks, spec).image
        else:
            found.left_out.append(f"{name}: no face was found")
            continue
        found.names.append(name)
        found.pictures.append(crop)
    if not found.names:
        raise ValueError(
            f"no face was found in any of {len(faces.names)} pictures; with --aligned each picture "
            "is taken as a cut-out face"
        )
    return Looks(found, predictor.trained.classes, predictor.classify(found.pictures))


def write_looks(looks: Looks, file: Path) -> None:
    """Write ``file`` (.npz) and the JSON beside it; see the module for what stands in them.

    Raises:
        OSError: when they cannot be written.
    """
    faces, answers = looks.faces, looks.answers
    arrays = {
        "names": np.array(faces.names, dtype=str),
        "classes": np.array(looks.classes, dtype=str),
        "crops": np.stack([np.asarray(crop.convert("RGB")) for crop in faces.pictures]),
        **answers._asdict(),
        "left_out": np.array(faces.left_out, dtype=str),
    }
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    in_words = json.dumps({"faces": summary(looks), "left_out": faces.left_out}, indent=1)
    write_whole(file.with_suffix(".json"), f"{in_words}\n".encode())
    write_whole(file, content.getvalue())


def summary(looks: Looks) -> list[dict[str, Any]]:
    """The answer on each face, its probability and its consistency."""
    rows = []
    for index, name in enumerate(looks.faces.names):
        best = int(looks.answers.probabilities[index].argmax())
        check = looks.answers.mirror_check(index)
        rows.append(
            {
                "face": name,
                "emotion": looks.classes[best],
                "probability": round(float(looks.answers.probabilities[index, best]), 4),
                "consistency": None if check is None else round(check.consistency(best), 4),
            }
        )
    return rows


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and write the maps."""
    command = tyro.cli(Command, prog="fer-core maps")
    _check(command)
    by_seed = command.faces == DRAWN
    faces = drawn_faces(command.seed) if by_seed else faces_of_folder(Path(command.faces))
    predictor = Predictor(command.model)
    looks = look_at(predictor, faces, aligned=command.aligned)
    write_looks(looks, command.out)
    print(f"{command.out}: {len(looks.faces.names)} faces, {len(looks.classes)} classes")


def _check(command: Command) -> None:
    if command.out.suffix != ".npz":
        raise ValueError(f"out must be named *.npz, got {command.out}")
    if command.seed < 0:
        raise ValueError(f"seed must be 0 or more, got {command.seed}")
    if command.aligned and command.faces == DRAWN:
        raise ValueError("aligned is for a folder of pictures; drawn faces are whole portraits")


if __name__ == "__main__":
    main()
