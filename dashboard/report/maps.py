"""The maps page in the HTML report."""

from dashboard.analysis.map_choices import FaceChoice, MapsError, default_models, model_choices
from dashboard.analysis.map_process import MapCache, can_make_maps
from dashboard.analysis.map_tables import class_table, face_table, model_table
from dashboard.analysis.model_maps import ModelMaps
from dashboard.analysis.shipped_maps import shipped_pair
from dashboard.charts.map_images import Panel, face_image, sheet
from dashboard.charts.map_panels import (
    CONSISTENCY,
    MEANING,
    PREDICTED,
    SYNTHETIC_ONLY,
    flip_panels,
    map_panel,
)
from dashboard.data.names import Runs
from dashboard.report.part import Part, number

TITLE = "Attention maps"
NO_TORCH = (
    "These are the maps that ship with the dashboard: computing others needs PyTorch, which was "
    "not installed."
)

FIGURES = {
    "consistency": number("Consistency", 2),
    "lowest": number("Lowest", 2),
    "map_agreement": number("Map agreement", 2),
    "prediction_agreement": number("Prediction agreement", 2),
    "probability_percent": number("Probability (%)", 0),
}


def map_parts(runs: Runs, cache: MapCache) -> list[Part]:
    """The maps of the page's two default models on synthetic faces.

    Args:
        runs: whose models are offered in addition to those of the project.
        cache: computes the maps in separate processes.
    """
    if not can_make_maps():
        return [Part("Maps", NO_TORCH), *_parts(shipped_pair())]
    choices = model_choices(runs)
    try:
        found, failed = cache.get(
            {name: choices[name] for name in default_models(choices)}, FaceChoice()
        )
    except MapsError as error:
        return [Part("Maps", str(error))]
    faults = [Part(f"Maps of {name}", str(error)) for name, error in failed.items()]
    return [*faults, *(_parts(found) if found else [])]


def _parts(found: dict[str, ModelMaps]) -> list[Part]:
    first = next(iter(found.values()))
    faces = range(len(first.names))
    shown = [("faces", [Panel(face_image(first.crops[f]), first.names[f]) for f in faces])]
    for model, maps in found.items():
        shown.append((model, [map_panel(maps, face, PREDICTED) for face in faces]))
    emotions = [
        (
            f"{model} predicts {maps.classes[maps.prediction(0)]}",
            [map_panel(maps, 0, emotion) for emotion in maps.classes],
        )
        for model, maps in found.items()
    ]
    flipped = [(model, flip_panels(maps, 0, PREDICTED)) for model, maps in found.items()]
    agreement = face_table(found)
    return [
        Part("All faces", _without_markup(MEANING), table=agreement, image=sheet(shown)),
        Part(
            f"All classes for one face: {first.names[0]}",
            table=class_table(found, first.names[0]),
            image=sheet(emotions),
        ),
        Part(
            "The face and its horizontal flip",
            "The map of the flipped face is flipped back, so both can be compared directly.",
            image=sheet(flipped),
        ),
        Part(
            "Agreement under horizontal flips",
            f"Means over the faces shown. {CONSISTENCY}{SYNTHETIC_ONLY}",
            table=model_table(agreement).drop(columns="faces"),
            columns=FIGURES,
            half=True,
        ),
    ]


def _without_markup(markdown: str) -> str:
    return markdown.replace("**", "").replace("  \n", " ")
