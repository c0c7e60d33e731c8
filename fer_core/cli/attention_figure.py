"""The attention maps of two models on one face: ``fer-core attention-figure BASELINE EAC OUT``."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image, ImageDraw, ImageFont

from fer_core.cli.targets import check_target
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.errors import told_in_a_sentence
from fer_core.inference.face_prediction import FacePrediction
from fer_core.inference.predictor import Predictor

SIDE, MARGIN, CAPTION = 300, 10, 26


@dataclass(frozen=True)
class Command:
    """Draw one row per face: the image, the baseline's map and the EAC model's map."""

    baseline: tyro.conf.Positional[str]
    """The cross-entropy baseline: folder of its run, of a model, 'bundled',
    or USER/NAME of the Hub."""
    eac: tyro.conf.Positional[str]
    """The EAC run, likewise."""
    out: tyro.conf.Positional[Path]
    """PNG file to write."""
    emotions: tuple[str, ...] = ("happiness", "surprise")
    """Expressions of the synthetic faces; the maps shown are those of these classes."""
    seed: int = 3
    """Seed of the synthetic faces."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and write the figure."""
    command = tyro.cli(Command, prog="fer-core attention-figure")
    check_target(command.out)
    if not command.emotions:
        raise ValueError("emotions: name at least one expression to draw")
    models = {"baseline": Predictor(command.baseline), "EAC": Predictor(command.eac)}
    rows = [_row(emotion, models, command.seed) for emotion in command.emotions]
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * row.height))
    try:  # 256 colours are a third of the size, without a visible loss
        sheet.quantize(256).save(command.out, optimize=True)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {command.out} cannot be written: {error}")


def _row(emotion: str, models: dict[str, Predictor], seed: int) -> Image.Image:
    photo = draw_portrait(emotion, 480, np.random.default_rng(seed))
    box: tuple[int, int, int, int] | None = None
    images: list[tuple[Image.Image, str]] = []
    for name, predictor in models.items():
        faces = predictor.predict(photo)
        if not faces:
            raise ValueError(
                f"no face is found in the synthetic portrait of seed {seed}: try another"
            )
        if box is None:
            box = _close_up(faces[0], photo.width)
            images.append((photo.crop(box), f"synthetic: {emotion}"))
        caption = f"{name}: {faces[0].emotion} {100 * faces[0].confidence:.0f} %"
        images.append((faces[0].overlay_on(photo, emotion).crop(box), caption))
    width = len(images) * (SIDE + MARGIN) + MARGIN
    row = Image.new("RGB", (width, SIDE + MARGIN + CAPTION), "white")
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(16)
    for index, (image, caption) in enumerate(images):
        left = MARGIN + index * (SIDE + MARGIN)
        row.paste(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (left, MARGIN))
        draw.text((left, SIDE + MARGIN + 3), caption, fill="#222222", font=font)
    return row


def _close_up(face: FacePrediction, side: int) -> tuple[int, int, int, int]:
    """A square around the face, in pixels of the portrait."""
    x, y = face.to_photo[:, :2] @ [0.5, 0.5] + face.to_photo[:, 2]
    half = 0.3 * side
    return round(x - half), round(y - half), round(x + half), round(y + half)


if __name__ == "__main__":
    main()
