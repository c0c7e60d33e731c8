"""Explain photographs: ``fer-core predict PHOTO... --json --overlay DIR``."""

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from fer_core.errors import told_in_a_sentence
from fer_core.foreign.model import is_foreign
from fer_core.hub.download import HUB_PREFIX, find_classifier
from fer_core.inference.backends import BackendName
from fer_core.inference.face_prediction import FacePrediction
from fer_core.inference.foreign_predictor import ForeignPredictor, load_foreign_predictor
from fer_core.inference.photos import open_photo
from fer_core.inference.predictor import Predictor
from fer_core.io.images import ImageError
from fer_core.models.pretrained import ModelError
from fer_core.taxonomy import column_names


@dataclass(frozen=True)
class Command:
    """Find every face in photographs, name its expression, and draw where the model looks."""

    photos: tuple[Path, ...]
    """Photographs."""
    model: str | None = None
    """Folder of a run or of a saved model, or USER/NAME[@REVISION] of one on the Hugging Face Hub;
    by default the bundled one. hf:USER/NAME also takes an image classifier of transformers or timm
    whose labels name emotions, and so does its folder."""
    json: bool = False
    """Print JSON instead of text."""
    csv: bool = False
    """Print CSV instead of text."""
    backend: BackendName = "torch"
    """What computes the outputs: torch, onnx (ONNX Runtime), or auto, the faster of both, measured
    at the start."""
    overlay: Path | None = None
    """Folder for the photographs with the attention maps drawn on them."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and print one result per face."""
    command = _read_command_line()
    if command.json and command.csv:
        sys.exit("error: choose one of --json and --csv")
    predictor = _load(command)
    failed = False
    results = []
    for path in command.photos:
        try:
            photo = open_photo(path)
        except ValueError as error:
            named = f"{path}: {error}" if isinstance(error, ImageError) else error
            print(f"error: {named}", file=sys.stderr)
            failed = True
            continue
        faces = predictor.predict(photo)
        results.append((path, faces))
        if command.overlay is not None:
            command.overlay.mkdir(parents=True, exist_ok=True)
            for face in faces:
                photo = face.overlay_on(photo)
            photo.save(command.overlay / f"{path.stem}.png")
    _print_results(results, command)
    sys.exit(1 if failed else 0)


def _load(command: Command) -> Predictor | ForeignPredictor:
    """The model, which may be another project's: that one has neither maps nor backends."""
    text = command.model
    if text is None or not (text.startswith(HUB_PREFIX) or Path(text).is_dir()):
        return Predictor(text, backend=command.backend)
    folder = find_classifier(text)
    if not is_foreign(folder):
        return Predictor(folder, backend=command.backend)
    if command.overlay is not None:
        raise ModelError(f"{text} is a model of another project and has no maps for --overlay")
    if command.backend == "onnx":
        raise ModelError(f"{text} is a model of another project and runs on torch alone")
    return load_foreign_predictor(folder, text)


def _read_command_line() -> Command:
    """The command, read by argparse: tyro is not installed with the base package."""
    parser = argparse.ArgumentParser(
        prog="fer-core predict", description=Command.__doc__, allow_abbrev=False
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="photograph")
    parser.add_argument(
        "--model",
        help="folder of a run or of a saved model, or USER/NAME[@REVISION] of one on the Hugging "
        "Face Hub; by default the bundled one; hf:USER/NAME also takes an image classifier of "
        "transformers or timm, without maps",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--csv", action="store_true", help="print CSV instead of text")
    parser.add_argument(
        "--backend",
        choices=get_args(BackendName),
        default=Command.backend,
        help="what computes the predictions: torch, onnx (ONNX Runtime), or auto, the faster of "
        "both, measured at the start (default: %(default)s)",
    )
    parser.add_argument(
        "--overlay",
        type=Path,
        metavar="FOLDER",
        help="folder for the photographs with the attention maps drawn on them",
    )
    options = vars(parser.parse_args())
    return Command(photos=tuple(options.pop("photos")), **options)


def _print_results(results: list[tuple[Path, list[FacePrediction]]], command: Command) -> None:
    if command.json:
        print(
            json.dumps([{"photo": str(p), "faces": _rows(faces)} for p, faces in results], indent=1)
        )
    elif command.csv:
        _print_csv(results)
    else:
        for path, faces in results:
            print(f"{path}: {len(faces)} face{'' if len(faces) == 1 else 's'}")
            for number, face in enumerate(faces, start=1):
                print(f"  {number}. {face.emotion} {100 * face.confidence:.0f} %")


def _rows(faces: list[FacePrediction]) -> list[dict[str, Any]]:
    return [
        {
            "face": number,
            "box": [round(value, 1) for value in face.box],
            "score": round(face.score, 4),
            "emotion": face.emotion,
            "confidence": round(face.confidence, 4),
            "probabilities": {
                name: round(float(p), 4)
                for name, p in zip(face.classes, face.probabilities, strict=True)
            },
        }
        for number, face in enumerate(faces, start=1)
    ]


def _print_csv(results: list[tuple[Path, list[FacePrediction]]]) -> None:
    writer: Any = None
    for path, faces in results:
        for row in _rows(faces):
            x0, y0, x1, y1 = row.pop("box")
            chances = row.pop("probabilities")
            flat = {"photo": str(path), **row, "x0": x0, "y0": y0, "x1": x1, "y1": y1}
            flat |= zip(column_names(list(chances), list(flat)), chances.values(), strict=True)
            if writer is None:
                writer = csv.DictWriter(sys.stdout, list(flat))
                writer.writeheader()
            writer.writerow(flat)


if __name__ == "__main__":
    main()
