"""What the page on where models look puts into the static report."""

from dashboard.analysis.cam_choices import Faces, LooksError, first_models, model_choices
from dashboard.analysis.cam_process import Looker, Looks, can_look
from dashboard.analysis.cam_tables import class_table, face_table, model_table
from dashboard.charts.cam import Panel, face_picture, sheet
from dashboard.charts.cam_panels import (
    ANSWER,
    CONSISTENCY,
    DRAWN_ONLY,
    MEANING,
    map_panel,
    mirror_panels,
)
from dashboard.data.names import Runs
from dashboard.report.parts import Part

TITLE = "Where it looks"
NO_TORCH = "Not in this report: PyTorch, which makes the maps, was not installed where it was made."


def look_parts(runs: Runs, looker: Looker) -> list[Part]:
    """The maps of the two models that the page opens with, on the drawn faces.

    Args:
        runs: whose models can be chosen beside those of the project.
        looker: asks the models, each in a process of its own.
    """
    if not can_look():
        return [Part("Maps", NO_TORCH)]
    choices = model_choices(runs)
    try:
        looks, failed = looker.look(
            {name: choices[name] for name in first_models(choices)}, Faces()
        )
    except LooksError as error:
        return [Part("Maps", str(error))]
    faults = [Part(f"Maps of {name}", str(error)) for name, error in failed.items()]
    return [*faults, *(_parts(looks) if looks else [])]


def _parts(looks: dict[str, Looks]) -> list[Part]:
    first = next(iter(looks.values()))
    faces = range(len(first.names))
    shown = [("the faces", [Panel(face_picture(first.crops[f]), first.names[f]) for f in faces])]
    for model, said in looks.items():
        shown.append((model, [map_panel(said, face, ANSWER) for face in faces]))
    emotions = [
        (
            f"{model} answers {said.classes[said.answer(0)]}",
            [map_panel(said, 0, emotion) for emotion in said.classes],
        )
        for model, said in looks.items()
    ]
    mirrored = [(model, mirror_panels(said, 0, ANSWER)) for model, said in looks.items()]
    agreement = face_table(looks)
    return [
        Part("All faces", _plain(MEANING), table=agreement, picture=sheet(shown)),
        Part(
            f"All classes of one face: {first.names[0]}",
            table=class_table(looks, first.names[0]),
            picture=sheet(emotions),
        ),
        Part(
            "The same face and its mirror image",
            "The map of the mirror image is flipped back, so that both stand alike.",
            picture=sheet(mirrored),
        ),
        Part(
            "Agreement with the mirror image",
            f"Means over the faces shown. {CONSISTENCY}{DRAWN_ONLY}",
            table=model_table(agreement),
        ),
    ]


def _plain(markdown: str) -> str:
    return markdown.replace("**", "").replace("  \n", " ")
