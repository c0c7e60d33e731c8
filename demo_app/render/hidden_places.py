"""The occlusion map of a face: a square for every hidden place, and what it says in words."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from demo_app.language import class_name, say
from demo_app.render.boxes import enlarge
from demo_app.render.text import percent

if TYPE_CHECKING:
    from fer_core.inference.occlusion import Occlusion

FALLS = np.array([217, 95, 2])  # orange and blue: told apart by colour-blind readers too
RISES = np.array([33, 113, 181])
STRONGEST = 0.75  # opacity of the square that changes the score most


def draw_places(crop: Image.Image, found: "Occlusion", side: int = 384) -> Image.Image:
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


def describe_places(found: "Occlusion", classes: tuple[str, ...], attention: np.ndarray) -> str:
    """What hiding the places did, as HTML.

    Args:
        found: of one face and one class.
        classes: of the model, in its order.
        attention: (h, w) attention map of the same class, which is compared.
    """
    name, count = escape(class_name(found.emotion)), found.drops.size
    worst = np.unravel_index(found.drops.argmax(), found.drops.shape)
    effect = say("occlusion.lowers_nowhere", emotion=name)
    if found.drops[worst] > 0:
        effect = say(
            "occlusion.lowers",
            drop=f"{found.drops[worst]:.1f}",
            emotion=name,
            before=escape(percent(found.probability)),
            after=escape(percent(float(found.hidden_probabilities[worst]))),
        )
    others = sorted(set(found.predicted.ravel().tolist()) - {found.whole})
    changed = int((found.predicted != found.whole).sum())
    some = "once" if changed == 1 else "sometimes"
    key = "always" if changed == count else some if changed else "never"
    names = escape(", ".join(class_name(classes[other]) for other in others))
    whole = escape(class_name(classes[found.whole]))
    answer = say(f"occlusion.{key}", emotion=whole, others=names, changed=changed, count=count)
    caption = say("occlusion.caption", emotion=f"<b>{name}</b>")
    from fer_core.inference.occlusion import rank_agreement

    agreement = rank_agreement(found, attention)
    fidelity = "" if np.isnan(agreement) else say("occlusion.agreement", value=f"{agreement:.2f}")
    return f'<p class="map-caption">{caption} {effect} {answer} {fidelity}</p>'
