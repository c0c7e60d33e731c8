"""The components of the photo tab."""

from typing import Any, NamedTuple

import gradio as gr

from demo_app.analysis.examples import Example
from demo_app.analysis.explanation import OPACITY
from demo_app.render import text as words
from demo_app.tabs.controls import STILL

SMALL: dict[str, Any] = {
    "format": "png",
    "min_width": 90,
    "interactive": False,
    "buttons": [],
    "show_label": False,
}


class Sources(NamedTuple):
    """Where photographs come from."""

    photo: gr.Image
    url: gr.Textbox
    gallery: gr.Gallery
    other: gr.Dropdown


class Explained(NamedTuple):
    """What changes with the chosen face, emotion and opacity."""

    caption: gr.HTML
    overlay: gr.Image
    crop: gr.Image
    crop_map: gr.Image
    mirror_map: gr.Image
    bars: gr.HTML
    mirror: gr.HTML


class Beside(NamedTuple):
    """Two models beside each other; hidden without a second one."""

    row: gr.Row
    first_map: gr.Image
    first_text: gr.HTML
    second_map: gr.Image
    second_text: gr.HTML


class Result(NamedTuple):
    """What changes with the photograph."""

    state: gr.State
    sentence: gr.Markdown
    frame: gr.Column
    picture: gr.Image
    details: gr.Column
    maps: gr.Column
    number: gr.Radio
    emotion: gr.Radio


def upload(**options: Any) -> gr.Image:  # noqa: ANN401 - options of gr.Image
    """An upload that hands on the file as it came, so that a broken one can be answered.

    No subclass of gr.Image: Gradio would write a stub file next to this one.
    """
    photo = gr.Image(**options)
    photo.preprocess = lambda payload: payload.path if payload is not None else None
    return photo


def lay_out_sources(
    examples: list[Example], models: list[tuple[str, str]], *, free_choice: bool
) -> Sources:
    """The left column.

    Args:
        examples: pictures to begin with.
        models: label and name of every model that can stand beside the chosen one.
        free_choice: whether visitors may name folders, and models of other projects.
    """
    with gr.Column(scale=4, min_width=230):
        photo = upload(
            label="Your photograph",
            sources=["upload", "clipboard", "webcam"],
            height=200,
            elem_id="photo",
        )
        url = gr.Textbox(
            label="or its address",
            placeholder="https://… and Enter",
            type="text",
            max_lines=1,
            elem_id="url",
        )
        gallery = gr.Gallery(
            [(example.picture, example.name) for example in examples],
            label="Examples",
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
        other = gr.Dropdown(
            [("no other model", ""), *models],
            value="",
            label="Side by side with",
            info=words.BESIDE_INFO_FREE if free_choice else words.BESIDE_INFO,
            allow_custom_value=True,
            elem_id="other",
        )
    return Sources(photo, url, gallery, other)


def lay_out_results(classes: list[str]) -> tuple[Result, Explained, gr.Slider]:
    """The photograph with its faces, and the explanation of one of them."""
    state = gr.State()
    with gr.Column(scale=8, min_width=300):
        with gr.Column() as frame:
            picture = gr.Image(alt_text=words.FACES_ALT, elem_id="faces", **STILL)
        sentence = gr.Markdown(elem_id="sentence")
        with gr.Column() as details:
            number = gr.Radio([1], label="Face", visible=False, elem_id="face")
            bars = gr.HTML(container=True, padding=True, elem_id="bars")
    with gr.Column(scale=8, min_width=300) as maps:
        overlay = gr.Image(alt_text=words.MAP_ALT, elem_id="overlay", **STILL)
        caption = gr.HTML(elem_id="caption")
        emotion = gr.Radio(classes, label="Show the map of", elem_id="emotion")
        opacity = gr.Slider(
            0, 1, OPACITY, step=0.05, label="Opacity", buttons=[], elem_id="opacity"
        )
        with gr.Row(elem_id="crops"):
            crop = gr.Image(alt_text=words.CROP_ALTS[0], elem_id="crop", **SMALL)
            crop_map = gr.Image(alt_text=words.CROP_ALTS[1], elem_id="crop_map", **SMALL)
            mirror_map = gr.Image(alt_text=words.CROP_ALTS[2], elem_id="mirror_map", **SMALL)
        mirror = gr.HTML(elem_id="mirror")
    result = Result(state, sentence, frame, picture, details, maps, number, emotion)
    explained = Explained(caption, overlay, crop, crop_map, mirror_map, bars, mirror)
    return result, explained, opacity


def lay_out_beside() -> Beside:
    """One face by two models, below the results."""
    with gr.Row(visible=False, elem_id="beside") as row:
        parts: list[Any] = []
        for place in ("first", "second"):
            with gr.Column(min_width=280):
                parts.append(gr.Image(alt_text=words.BESIDE_ALT, elem_id=f"{place}_map", **STILL))
                parts.append(gr.HTML(elem_id=f"{place}_text"))
    return Beside(row, *parts)
