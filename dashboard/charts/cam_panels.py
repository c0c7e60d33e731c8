"""What a model says of a face, as a picture with words; and what such a picture means."""

from dashboard.analysis.cam_process import Looks
from dashboard.charts.cam import Panel, face_picture, map_picture

ANSWER = "its answer"
MEANING = (
    "**What a map means.** The evidence for one class at each place of the face: its mean plus a "
    "constant is that class's score. Bright is the strongest evidence; each map is scaled by its "
    "own highest point, so brightness compares the places of one map, not classes or models. "
    "Evidence against a class is not drawn.  \n"
    "**What it does not mean.** Not that the answer is right, not what the person feels, and not "
    "that hiding the bright place would change the answer. Each point of a map sees much more of "
    "the face than its own place."
)
CONSISTENCY = (
    "Consistency: what the answers on a face and on its mirror image share, times the correlation "
    "of both maps of the answer; 1 where the model sees the same in both. EAC is trained for maps "
    "that agree, so that it is ahead here is expected and by itself no better accuracy."
)
DRAWN_ONLY = " These faces are drawn: they show how a model looks, not how good it is."


def map_panel(said: Looks, face: int, emotion: str) -> Panel:
    """The map of one class over one face, with its probability."""
    number = said.answer(face) if emotion == ANSWER else -1
    if emotion in said.classes:
        number = said.classes.index(emotion)
    if number < 0:
        return Panel(face_picture(said.crops[face]), f"does not know {emotion}")
    words = f"{said.classes[number]} {100 * said.probabilities[face, number]:.0f} %"
    return Panel(map_picture(said.crops[face], said.maps[face, number]), words)


def mirror_panels(said: Looks, face: int, emotion: str) -> list[Panel]:
    """The map of the face, and that of its mirror image flipped back."""
    number = said.classes.index(emotion) if emotion in said.classes else said.answer(face)
    names = ("the face", "its mirror image")
    check = said.check(face)
    return [
        Panel(
            map_picture(said.crops[face], check.maps[view, number]),
            f"{name}\n{said.classes[number]} {100 * check.probabilities[view, number]:.0f} %",
        )
        for view, name in enumerate(names)
    ]
