"""Overlays of a model's maps with their captions, and the texts that explain them."""

from dashboard.analysis.model_maps import ModelMaps
from dashboard.charts.map_images import Panel, face_image, map_overlay

PREDICTED = "predicted class"
MEANING = (
    "**What a map shows.** What each position of the feature map adds to the score of one class: "
    "the mean of the map plus a constant is exactly the logit of the class. Each map is "
    "scaled by its own maximum, so brightness compares positions within one map, not classes or "
    "models. Negative values are not drawn.  \n"
    "**What it does not show.** A bright region does not prove that the evidence lies there: each "
    "position sees much more of the face than the spot it is drawn on. docs/experiments.md "
    "measures this under “How local are the maps?”. Nor does a map say whether the "
    "prediction is correct or what the person feels."
)
CONSISTENCY = (
    "Consistency is the overlap of the predictions for a face and its horizontal flip, times the "
    "correlation of the two maps of the predicted class; 1 means that both agree fully. EAC is "
    "trained for maps that agree under flips, so a higher value is expected and does not by "
    "itself mean higher accuracy."
)
SYNTHETIC_ONLY = " Synthetic faces illustrate the maps; they do not measure accuracy."


def map_panel(found: ModelMaps, face: int, emotion: str) -> Panel:
    """The map of one class over one face, captioned with its probability."""
    number = found.prediction(face) if emotion == PREDICTED else -1
    if emotion in found.classes:
        number = found.classes.index(emotion)
    if number < 0:
        return Panel(face_image(found.crops[face]), f"no class {emotion}")
    caption = f"{found.classes[number]} {100 * found.probabilities[face, number]:.0f} %"
    return Panel(map_overlay(found.crops[face], found.maps[face, number]), caption)


def flip_panels(found: ModelMaps, face: int, emotion: str) -> list[Panel]:
    """The map of the face, and the map of its horizontal flip, flipped back."""
    number = found.classes.index(emotion) if emotion in found.classes else found.prediction(face)
    check = found.check(face)
    return [
        Panel(
            map_overlay(found.crops[face], check.maps[view, number]),
            f"{name}\n{found.classes[number]} {100 * check.probabilities[view, number]:.0f} %",
        )
        for view, name in enumerate(("face", "horizontal flip"))
    ]
