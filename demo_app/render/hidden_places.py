"""The occlusion map of a face: a square for every hidden place, and what it says in words."""

from html import escape

import numpy as np
from PIL import Image

from demo_app.render.boxes import enlarge
from demo_app.render.text import percent
from fer_core.inference.occlusion import Occlusion

FALLS = np.array([217, 95, 2])  # orange and blue: told apart by colour-blind readers too
RISES = np.array([33, 113, 181])
STRONGEST = 0.75  # opacity of the square that changes the score most


def draw_places(crop: Image.Image, found: Occlusion, side: int = 384) -> Image.Image:
    """The enlarged crop with a square on each place: orange where hiding it lowers the score.

    Args:
        crop: the aligned face.
        found: what hiding its places did.
        side: of the result in pixels, about.
    """
    large = enlarge(crop, side)
    pixels = np.asarray(large, dtype=np.float32)
    rows = np.arange(large.height) * len(found.drops) // large.height
    columns = np.arange(large.width) * len(found.drops) // large.width
    drops = found.drops[rows[:, None], columns[None, :]]
    strongest = float(np.abs(found.drops).max())
    opacity = STRONGEST * np.abs(drops) / strongest if strongest > 0 else np.zeros_like(drops)
    colours = np.where((drops > 0)[..., None], FALLS, RISES)
    mixed = pixels + opacity[..., None] * (colours - pixels)
    return Image.fromarray(mixed.round().astype(np.uint8))


def describe_places(found: Occlusion, classes: tuple[str, ...]) -> str:
    """What hiding the places did, as HTML.

    Args:
        found: of one face and one class.
        classes: of the model, in its order.
    """
    name, count = escape(found.emotion), found.drops.size
    worst = np.unravel_index(found.drops.argmax(), found.drops.shape)
    if found.drops[worst] > 0:
        lowest = percent(float(found.hidden_probabilities[worst]))
        effect = (
            f"Hiding the most orange place lowers it by {found.drops[worst]:.1f}: {name} goes from "
            f"{percent(found.probability)} to {lowest}."
        )
    else:
        effect = f"Hiding no place lowers the score of {name}."
    others = sorted(set(found.predicted.ravel().tolist()) - {classes.index(found.emotion)})
    changed = sum(int((found.predicted == other).sum()) for other in others)
    names = escape(", ".join(classes[other] for other in others))
    places = f"{changed} of {count} places"
    if changed == count:
        answer = f"With any place hidden the prediction is {names}."
    elif changed:
        answer = f"With one of {places} hidden the prediction is {names}."
    else:
        answer = f"The prediction stays {name}, whichever of the {count} places is hidden."
    return (
        f'<p class="map-caption">Occlusion map of <b>{name}</b>: orange where hiding the place '
        f"lowers the score (logit), blue where it raises it. {effect} {answer}</p>"
    )
