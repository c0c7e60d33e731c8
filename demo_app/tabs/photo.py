"""One photograph: every face, its probabilities, the map of any emotion, and how steady it is."""

from typing import Any

import gradio as gr

from demo_app.analysis import explanation
from demo_app.analysis import photo as logic
from demo_app.analysis.examples import load_examples
from demo_app.analysis.explanation import OPACITY
from demo_app.analysis.model_pool import ModelShelf
from demo_app.analysis.photo import Analysis, analyse, analyse_again
from demo_app.render import text as words
from demo_app.tabs.controls import ANSWER, AT_ONCE, PRIVATE, REDRAW, THRESHOLD, Controls
from demo_app.tabs.photo_layout import (
    Beside,
    Explained,
    Result,
    lay_out_beside,
    lay_out_results,
    lay_out_sources,
    upload,
)


def build(page: gr.Blocks, shelf: ModelShelf, controls: Controls) -> None:
    """Lay out the tab; it opens with the first example analysed by the default model."""
    examples = load_examples()
    default = shelf.names[0]
    first = analyse(shelf, default, examples[0].picture)
    with gr.Row():
        models = [(shelf.label(name), name) for name in shelf.names_beside]
        sources = lay_out_sources(examples, models, free_choice=shelf.free_choice)
        result, explained, opacity = lay_out_results(list(shelf.take(default).trained.classes))
    beside = lay_out_beside()
    shown = [*result, *explained, *beside]
    looks = [controls.threshold, opacity]
    # The model that is loaded, never one that is still on its way.
    asked = [controls.loaded, sources.other, *looks]

    def read(path: str | None, model: str, other: str, threshold: float, opacity: float) -> Any:  # noqa: ANN401
        photo = examples[0].picture if path is None else path
        analysis = analyse(shelf, model, photo, other)
        # Not gr.skip(): Gradio would make the component anew, without its own way to read files.
        kept = path if logic.is_shown_by_browsers(path, analysis) else None
        return [kept, *_show(analysis, threshold, opacity)]

    def read_url(url: str, model: str, other: str, threshold: float, opacity: float) -> list[Any]:
        return [None, *_show(logic.analyse_url(shelf, model, url, other), threshold, opacity)]

    def read_example(
        model: str, other: str, threshold: float, opacity: float, event: gr.SelectData
    ) -> list[Any]:
        analysis = analyse(shelf, model, examples[event.index].picture, other)
        return [None, *_show(analysis, threshold, opacity)]

    def read_again(
        known: Analysis | None,
        number: int | None,
        emotion: str | None,
        *asked: Any,  # noqa: ANN401
    ) -> list[Any]:
        model, other, threshold, opacity = asked
        known = _present(known)
        if number and number <= len(known.faces) and emotion == known.faces[number - 1].emotion:
            emotion = None  # the old answer was shown, no emotion was chosen
        analysis = analyse_again(shelf, model, known, other)
        return _show(analysis, threshold, opacity, number, emotion)

    page.load(lambda: _show(first, THRESHOLD, OPACITY), None, shown, **PRIVATE)
    sources.photo.input(read, [sources.photo, *asked], [sources.photo, *shown], **ANSWER)
    sources.url.submit(read_url, [sources.url, *asked], [sources.photo, *shown], **ANSWER)
    sources.gallery.select(read_example, asked, [sources.photo, *shown], **ANSWER)
    again = [result.state, result.number, result.emotion, *asked]
    controls.loaded.change(read_again, again, shown, **ANSWER)
    sources.other.input(read_again, again, shown, **ANSWER)
    _connect_choices(result, explained, beside, controls, opacity)
    _add_endpoints(shelf, controls)


def _connect_choices(
    result: Result, explained: Explained, beside: Beside, controls: Controls, opacity: gr.Slider
) -> None:
    """Choosing only draws again: the analysis stays in the session's state."""
    looks = [controls.threshold, opacity]
    drawn = [*explained, *beside]
    choices = [result.state, result.number, result.emotion, *looks]
    for event in (result.emotion.input, opacity.input):
        event(_explain, choices, drawn, **REDRAW)

    def move_threshold(
        analysis: Analysis, number: int, emotion: str, threshold: float, opacity: float
    ) -> list[Any]:
        return _show(_present(analysis), threshold, opacity, number, emotion)[1:]

    def choose(analysis: Analysis, number: int, threshold: float, opacity: float) -> list[Any]:
        emotion = _present(analysis).faces[number - 1].emotion
        picture = explanation.annotate(analysis, number, threshold)
        return [picture, emotion, *_explain(analysis, number, emotion, threshold, opacity)]

    def click(
        analysis: Analysis, number: int, threshold: float, opacity: float, event: gr.SelectData
    ) -> list[Any]:
        if not _present(analysis).faces:
            return [gr.skip()] * (3 + len(drawn))
        chosen = logic.face_at(analysis, *event.index) or number
        return [chosen, *choose(analysis, chosen, threshold, opacity)]

    controls.threshold.input(move_threshold, choices, [*result[1:], *drawn], **REDRAW)
    chosen = [result.state, result.number, *looks]
    parts = [result.picture, result.emotion, *drawn]
    result.number.input(choose, chosen, parts, **REDRAW)
    result.picture.select(click, chosen, [result.number, *parts], **REDRAW)


def _add_endpoints(shelf: ModelShelf, controls: Controls) -> None:
    """The named endpoints for programs; their parts are not on the page."""

    def answer(
        photo: str | None, model: str, threshold: float | None
    ) -> tuple[dict[str, Any], Any]:
        fault = words.threshold_fault(threshold)
        if fault or threshold is None:
            return {"sentence": fault, "faces": []}, None
        result = analyse(shelf, model, photo or "")
        rows = {"sentence": result.sentence(threshold), "faces": logic.table(result, threshold)}
        return rows, explanation.overlay_all(result)

    def show_map(
        photo: str | None, model: str, face: float | None, emotion: str, opacity: float | None
    ) -> tuple[str, Any, Any]:
        result = analyse(shelf, model, photo or "")
        opacity = OPACITY if opacity is None else opacity
        return explanation.one_map(result, int(face or 1), emotion, opacity)

    def list_models() -> list[dict[str, str]]:
        return [{"name": name, "card": shelf.card(name)} for name in shelf.names]

    with gr.Column(visible=False):
        photo = upload(label="photo")
        model = gr.Textbox(shelf.names[0], label="model")
        threshold = gr.Number(THRESHOLD, label="threshold")
        face = gr.Number(1, label="face", precision=0)
        emotion = gr.Textbox("", label="emotion")
        opacity = gr.Number(OPACITY, label="opacity")
        rows = gr.JSON(label="result: sentence, faces")
        sentence = gr.Textbox(label="sentence")
        overlay = gr.Image(label="overlay", format="jpeg")
        crop = gr.Image(label="crop", format="png")
        gr.Button("analyse").click(
            answer,
            [photo, model, threshold],
            [rows, overlay],
            api_name="analyse",
            api_description=words.ENDPOINT,
            concurrency_limit=AT_ONCE,
        )
        gr.Button("explain").click(
            show_map,
            [photo, model, face, emotion, opacity],
            [sentence, overlay, crop],
            api_name="explain",
            api_description=words.EXPLAIN_ENDPOINT,
            concurrency_limit=AT_ONCE,
        )
        gr.Button("models").click(
            list_models,
            None,
            rows,
            api_name="models",
            api_description=words.MODELS_ENDPOINT,
        )


def _show(
    analysis: Analysis,
    threshold: float,
    opacity: float,
    number: int | None = 1,
    emotion: str | None = None,
) -> list[Any]:
    """Values for `Result`, `Explained` and `Beside`: one face, the largest by default."""
    faces = analysis.faces
    number = number if number and number <= len(faces) else 1
    names = [
        (words.face_name(face, index, threshold), index) for index, face in enumerate(faces, 1)
    ]
    classes = faces[0].classes if faces else ()
    emotion = emotion if emotion in classes else None
    shown = emotion or (faces[number - 1].emotion if faces else None)
    picture = explanation.annotate(analysis, number, threshold)
    return [
        analysis,
        analysis.sentence(threshold),
        gr.Column(visible=analysis.photo is not None),
        picture,
        gr.Column(visible=bool(faces)),
        gr.Column(visible=bool(faces)),
        gr.Radio(names, value=number if faces else None, visible=len(faces) > 1),
        gr.Radio(list(classes), value=shown) if faces else gr.Radio(value=None),
        *_explain(analysis, number, emotion, threshold, opacity),
    ]


def _explain(
    analysis: Analysis | None,
    number: int | None,
    emotion: str | None,
    threshold: float,
    opacity: float,
) -> list[Any]:
    """Values for `Explained` and `Beside`, in their order."""
    known = _present(analysis)
    found = explanation.explain(known, number or 0, emotion, opacity, threshold)
    if found is None:
        return [None] * len(Explained._fields) + _set_beside(None)
    pair = explanation.set_side_by_side(known, number or 0, emotion, opacity, threshold)
    return [getattr(found, name) for name in Explained._fields] + _set_beside(pair)


def _set_beside(pair: explanation.SideBySide | None) -> list[Any]:
    """Values for `Beside`, in its order."""
    if pair is None:
        return [gr.Row(visible=False), None, None, None, None]
    (one, other), (text, other_text) = pair
    return [gr.Row(visible=True), one, text, other, other_text]


def _present(analysis: Analysis | None) -> Analysis:
    """The session's analysis, which the server forgets when many others came after it."""
    if analysis is None:
        raise gr.Error(words.FORGOTTEN, print_exception=False)
    return analysis
