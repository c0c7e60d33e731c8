"""The layout of the photo tab."""

from typing import Any

import gradio as gr

from demo_app.analysis.examples import Example
from demo_app.analysis.explanation import OPACITY
from demo_app.language import fixed, fixed_text
from demo_app.tabs.camera_script import FAULT_SCRIPT, camera_status
from demo_app.tabs.controls import STILL
from demo_app.tabs.photo_view import (
    ExplanationView,
    FacesView,
    MovementsView,
    OcclusionView,
    PairView,
    PhotoView,
    Sources,
)

SMALL: dict[str, Any] = {
    "format": "jpeg",
    "min_width": 90,
    "interactive": False,
    "buttons": [],
    "show_label": False,
}


def upload(**options: Any) -> gr.Image:  # noqa: ANN401 - options of gr.Image
    """An upload that passes the file on as it is, so that a broken one gets a sentence.

    No subclass of gr.Image: Gradio would write a stub file next to this one.
    """
    photo = gr.Image(**options)
    photo.preprocess = lambda payload: payload.path if payload is not None else None
    return photo


def lay_out(
    examples: list[Example],
    classes: list[str],
    models: list[tuple[str, str]],
    *,
    free_choice: bool,
    movements: bool,
) -> PhotoView:
    """All components of the tab.

    Args:
        examples: images to start with.
        classes: of the default model.
        models: label and name of every model that can be compared with the chosen one.
        free_choice: whether visitors may name folders, and models of other projects.
        movements: whether the page can tell what a face does.
    """
    analysis = gr.State()
    with gr.Row(elem_id="photo_row"):
        with gr.Column(scale=4, min_width=230):
            sources = _lay_out_sources(examples, models, free_choice=free_choice)
            checks, occlusion = _lay_out_occlusion()
        faces, found, does, opacity = _lay_out_results(classes, checks, movements=movements)
    return PhotoView(sources, analysis, faces, found, occlusion, does, _lay_out_pair(), opacity)


def _lay_out_sources(
    examples: list[Example], models: list[tuple[str, str]], *, free_choice: bool
) -> Sources:
    """The upper part of the left column."""
    photo = upload(
        label=fixed("photo.file"),
        sources=["upload", "clipboard", "webcam"],
        height=200,
        elem_id="photo",
    )
    gr.HTML(fixed_text(camera_status), js_on_load=FAULT_SCRIPT, elem_id="photo_fault")
    url = gr.Textbox(
        label=fixed("photo.address"),
        placeholder=fixed("photo.address_placeholder"),
        type="text",
        max_lines=1,
        elem_id="url",
    )
    gallery = gr.Gallery(
        [(example.image, example.name) for example in examples],
        label=fixed("photo.examples"),
        columns=3,
        height="auto",
        show_label=False,
        object_fit="cover",
        format="jpeg",
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_id="examples",
    )
    cropped = gr.Checkbox(
        False,
        label=fixed("photo.cropped"),
        info=fixed("photo.cropped_info"),
        elem_id="cropped",
    )
    second = gr.Dropdown(
        [(fixed("photo.no_second"), ""), *models],
        value="",
        label=fixed("photo.compare"),
        info=fixed("photo.beside_info_free") if free_choice else fixed("photo.beside_info"),
        allow_custom_value=True,
        elem_id="other",
    )
    return Sources(photo, url, gallery, cropped, second)


def _lay_out_occlusion() -> tuple[gr.Column, OcclusionView]:
    """The lower part of the left column: hiding each place of the face, on request."""
    with gr.Column(elem_id="photo_checks") as checks:
        occlusion = OcclusionView(
            gr.Button(fixed("photo.hide_places"), elem_id="hide_places"),
            gr.Image(
                alt_text=fixed("photo.occlusion_alt"),
                visible=False,
                elem_id="occlusion",
                **STILL,
            ),
            gr.HTML(elem_id="occlusion_text"),
        )
    return checks, occlusion


def _lay_out_results(
    classes: list[str], checks: gr.Column, *, movements: bool
) -> tuple[FacesView, ExplanationView, MovementsView, gr.Slider]:
    """The middle column with the faces, and the right one with the map of one of them."""
    with gr.Column(scale=8, min_width=300):
        with gr.Column() as frame:
            image = gr.Image(alt_text=fixed("photo.faces_alt"), elem_id="faces", **STILL)
        sentence = gr.Markdown(elem_id="sentence")
        with gr.Column() as details:
            number = gr.Radio([1], label=fixed("photo.face"), visible=False, elem_id="face")
            bars = gr.HTML(container=True, padding=True, elem_id="bars")
            does = MovementsView(
                gr.Checkbox(
                    False,
                    label=fixed("movements.ask"),
                    visible=movements,
                    elem_id="ask_movements",
                ),
                gr.HTML(visible=False, container=True, padding=True, elem_id="movements"),
            )
    with gr.Column(scale=8, min_width=300) as maps:
        overlay = gr.Image(alt_text=fixed("photo.map_alt"), elem_id="overlay", **STILL)
        caption = gr.HTML(elem_id="caption")
        emotion = gr.Radio(classes, label=fixed("photo.show_map"), elem_id="emotion")
        opacity = gr.Slider(
            0, 1, OPACITY, step=0.05, label=fixed("photo.opacity"), buttons=[], elem_id="opacity"
        )
        with gr.Row(elem_id="crops"):
            crop = gr.Image(alt_text=fixed("photo.crop_alt"), elem_id="crop", **SMALL)
            crop_map = gr.Image(alt_text=fixed("photo.crop_map_alt"), elem_id="crop_map", **SMALL)
            mirror_map = gr.Image(alt_text=fixed("photo.mirror_alt"), elem_id="mirror_map", **SMALL)
        mirror = gr.HTML(elem_id="mirror")
    faces = FacesView(sentence, frame, image, details, maps, checks, number, emotion)
    found = ExplanationView(caption, overlay, crop, crop_map, mirror_map, bars, mirror)
    return faces, found, does, opacity


def _lay_out_pair() -> PairView:
    """One face by two models, below the results."""
    with gr.Row(visible=False, elem_id="beside") as row:
        with gr.Column(min_width=280):
            first_map = gr.Image(alt_text=fixed("photo.beside_alt"), elem_id="first_map", **STILL)
            first_text = gr.HTML(elem_id="first_text")
        with gr.Column(min_width=280):
            second_map = gr.Image(alt_text=fixed("photo.beside_alt"), elem_id="second_map", **STILL)
            second_text = gr.HTML(elem_id="second_text")
    return PairView(row, first_map, first_text, second_map, second_text)
