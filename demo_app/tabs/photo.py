"""One photograph: every face, its probabilities, and the map of any emotion."""

from typing import Any, NamedTuple

import gradio as gr

from demo_app import logic, words
from demo_app.controls import PRIVATE, REDRAW, STILL, Controls, Limits
from demo_app.examples import Example, load_examples
from demo_app.logic import OPACITY, Analysis, analyse
from demo_app.model_shelf import ModelShelf


class Explained(NamedTuple):
    """What changes with the chosen emotion and opacity."""

    caption: gr.HTML
    overlay: gr.Image
    crop: gr.Image
    crop_map: gr.Image
    bars: gr.HTML


class Result(NamedTuple):
    """What changes with the photograph."""

    state: gr.State
    sentence: gr.Markdown
    picture: gr.Image
    details: gr.Column
    maps: gr.Column
    number: gr.Radio
    emotion: gr.Radio


def build(page: gr.Blocks, shelf: ModelShelf, controls: Controls, limits: Limits) -> None:
    """Lay out the tab; it opens with the first example analysed by the default model."""
    examples = load_examples()
    default = shelf.names[0]
    first = analyse(shelf, default, examples[0].picture)
    with gr.Row():
        photo, gallery = _lay_out_sources(examples)
        result, explained, opacity = _lay_out_results(list(shelf.take(default).trained.classes))
    _add_endpoint(shelf)

    def read(path: str | None, model: str, opacity: float) -> list[Any]:
        analysis = first if path is None else analyse(shelf, model, path)
        kept = gr.skip() if analysis.photo else None  # no broken picture on the page
        return [kept, *_show(analysis, opacity)]

    def read_example(model: str, opacity: float, event: gr.SelectData) -> list[Any]:
        return [None, *_show(analyse(shelf, model, examples[event.index].picture), opacity)]

    everything = [*result, *explained]
    page.load(lambda: _show(first, OPACITY), None, everything, **PRIVATE)
    photo.input(read, [photo, controls.model, opacity], [photo, *everything], **PRIVATE)
    chosen = [controls.model, opacity]
    gallery.select(read_example, chosen, [photo, *everything], **PRIVATE)
    _connect_choices(result, explained, opacity)


def _upload(**options: Any) -> gr.Image:  # noqa: ANN401 - options of gr.Image
    """An upload that hands on the file as it came, so that a broken one can be answered.

    No subclass of gr.Image: Gradio would write a stub file next to this one.
    """
    photo = gr.Image(**options)
    photo.preprocess = lambda payload: payload.path if payload is not None else None
    return photo


def _lay_out_sources(examples: list[Example]) -> tuple[gr.Image, gr.Gallery]:
    with gr.Column(scale=4, min_width=230):
        sources = ["upload", "clipboard"]
        photo = _upload(label="Your photograph", sources=sources, height=200, elem_id="photo")
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
    return photo, gallery


def _lay_out_results(classes: list[str]) -> tuple[Result, Explained, gr.Slider]:
    state = gr.State()
    with gr.Column(scale=8, min_width=300):
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
            small = {"format": "png", "min_width": 120, "interactive": False, "buttons": []}
            crop = gr.Image(label="Model's view", elem_id="crop", **small)
            crop_map = gr.Image(label="With the map", elem_id="crop_map", **small)
    result = Result(state, sentence, picture, details, maps, number, emotion)
    return result, Explained(caption, overlay, crop, crop_map, bars), opacity


def _connect_choices(result: Result, explained: Explained, opacity: gr.Slider) -> None:
    """Choosing only draws again: the analysis stays in the session's state."""
    choices = [result.state, result.number, result.emotion, opacity]
    for event in (result.emotion.input, opacity.input):
        event(_explain, choices, [*explained], **REDRAW)

    def choose(analysis: Analysis, number: int, opacity: float) -> list[Any]:
        emotion = _present(analysis).faces[number - 1].emotion
        picture = logic.annotate(analysis, number)
        return [picture, emotion, *_explain(analysis, number, emotion, opacity)]

    def click(analysis: Analysis, number: int, opacity: float, event: gr.SelectData) -> list[Any]:
        hit = logic.face_at(_present(analysis), *event.index)
        if hit is None or hit == number:
            return [gr.skip()] * (3 + len(explained))
        return [hit, *choose(analysis, hit, opacity)]

    drawn = [result.picture, result.emotion, *explained]
    chosen = [result.state, result.number, opacity]
    result.number.input(choose, chosen, drawn, **REDRAW)
    result.picture.select(click, chosen, [result.number, *drawn], **REDRAW)


def _add_endpoint(shelf: ModelShelf) -> None:
    """The named endpoint ``/analyse`` for programs; its parts are not on the page."""

    def endpoint(photo: str | None) -> tuple[dict[str, Any], Any]:
        result = analyse(shelf, shelf.names[0], photo or "")
        return {"sentence": result.sentence, "faces": logic.table(result)}, logic.overlay_all(
            result
        )

    with gr.Column(visible=False):
        photo = _upload(label="photo")
        rows = gr.JSON(label="result: sentence, faces")
        overlay = gr.Image(label="overlay", format="jpeg")
        gr.Button("analyse").click(
            endpoint,
            photo,
            [rows, overlay],
            api_name="analyse",
            api_description=words.ENDPOINT,
        )


def _show(analysis: Analysis, opacity: float) -> list[Any]:
    """Values for `Result` and `Explained`: the largest face and its predicted emotion."""
    faces = analysis.faces
    names = [(words.face_name(face, number), number) for number, face in enumerate(faces, start=1)]
    return [
        analysis,
        analysis.sentence,
        gr.Image(logic.annotate(analysis), visible=analysis.photo is not None),
        gr.Column(visible=bool(faces)),
        gr.Column(visible=bool(faces)),
        gr.Radio(names, value=1 if faces else None, visible=len(faces) > 1),
        faces[0].emotion if faces else None,
        *_explain(analysis, 1, None, opacity),
    ]


def _explain(analysis: Analysis, number: int, emotion: str | None, opacity: float) -> list[Any]:
    """Values for `Explained`, in its order."""
    explanation = logic.explain(_present(analysis), number, emotion, opacity)
    if explanation is None:
        return [None] * len(Explained._fields)
    return [getattr(explanation, name) for name in Explained._fields]


def _present(analysis: Analysis | None) -> Analysis:
    """The session's analysis, which the server forgets when many others came after it."""
    if analysis is None:
        raise gr.Error(words.FORGOTTEN, print_exception=False)
    return analysis
