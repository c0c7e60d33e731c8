"""One photograph: every face, its probabilities, the map of any class, and the mirror check."""

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import gradio as gr
from gradio.events import Dependency
from PIL import Image

from demo_app.analysis import explanation
from demo_app.analysis import photo as logic
from demo_app.analysis.examples import Example, load_examples
from demo_app.analysis.explanation import Selection
from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo import Analysis, analyse
from demo_app.language import say
from demo_app.render import text as words
from demo_app.tabs.controls import PREDICT, PRIVATE, REDRAW, THRESHOLD, Controls, Update
from demo_app.tabs.photo_endpoints import add_endpoints
from demo_app.tabs.photo_layout import lay_out
from demo_app.tabs.photo_view import PhotoView
from fer_core.models.saved_model import ModelError


def build(page: gr.Blocks, pool: ModelPool, controls: Controls) -> None:
    """Lay out the tab and connect its events; it opens with the first example analysed."""
    examples, default = load_examples(), pool.names[0]
    first = _First(pool, examples[0].image)
    models = [(pool.label(name), name) for name in pool.comparison_names]
    classes = list(pool.about(default).classes)
    analyses = pool.analyser is not None
    view = lay_out(examples, classes, models, free_choice=pool.free_choice, movements=analyses)
    page.load(
        lambda: view.show(first.analysis, Selection(threshold=THRESHOLD)),
        None,
        view.shown,
        **PRIVATE,
    )
    changes = [
        *_connect_sources(pool, controls, view, examples),
        *_connect_models(pool, controls, view),
        *_connect_faces(controls, view),
    ]
    _connect_choices(controls, view)
    _connect_occlusion(pool, view)
    if analyses:
        _connect_movements(pool, view, changes)
    add_endpoints(pool)


class _First:
    """The analysis with which the page opens: made for the first visitor, shown to all."""

    def __init__(self, pool: ModelPool, photo: Image.Image) -> None:
        self._pool, self._photo = pool, photo
        self._making = threading.Lock()

    @property
    def analysis(self) -> Analysis:
        with self._making:
            return self._made

    @cached_property
    def _made(self) -> Analysis:
        return analyse(self._pool, self._pool.names[0], self._photo)


def _connect_sources(
    pool: ModelPool, controls: Controls, view: PhotoView, examples: list[Example]
) -> list[Dependency]:
    """A new photograph is analysed by the chosen models."""
    upload = view.sources.photo

    def read(
        path: str | None, model: str, second: str, cropped: bool, threshold: float, opacity: float
    ) -> Update:
        photo = examples[0].image if path is None else path
        analysis = analyse(pool, model, photo, second, cropped=cropped)
        # Never skipped: Gradio would rebuild the component, without its own way to read files.
        kept = path if logic.is_shown_by_browsers(path, analysis) else None
        return {upload: kept, **view.show(analysis, _selection(threshold, opacity))}

    def read_url(
        url: str, model: str, second: str, cropped: bool, threshold: float, opacity: float
    ) -> Update:
        analysis = logic.analyse_url(pool, model, url, second, cropped=cropped)
        return {upload: None, **view.show(analysis, _selection(threshold, opacity))}

    def read_example(
        model: str,
        second: str,
        cropped: bool,
        threshold: float,
        opacity: float,
        event: gr.SelectData,
    ) -> Update:
        analysis = analyse(pool, model, examples[event.index].image, second, cropped=cropped)
        return {upload: None, **view.show(analysis, _selection(threshold, opacity))}

    options = _options(controls, view)
    shown = [upload, *view.shown]
    return [
        upload.input(read, [upload, *options], shown, **PREDICT),
        view.sources.url.submit(read_url, [view.sources.url, *options], shown, **PREDICT),
        view.sources.gallery.select(read_example, options, shown, **PREDICT),
    ]


def _connect_models(pool: ModelPool, controls: Controls, view: PhotoView) -> list[Dependency]:
    """Another model analyses the same photograph, or the same model takes it for a face."""

    def read_again(
        known: Analysis | None,
        number: int | None,
        emotion: str | None,
        model: str,
        second: str,
        cropped: bool,
        threshold: float,
        opacity: float,
    ) -> Update:
        known = remembered(known)
        if number and number <= len(known.faces) and emotion == known.faces[number - 1].emotion:
            emotion = None  # the old prediction was shown, no class was chosen
        analysis = logic.analyse_again(pool, model, known, second, cropped=cropped)
        return view.show(analysis, _selection(threshold, opacity, number, emotion))

    inputs = [view.analysis, view.faces.number, view.faces.emotion, *_options(controls, view)]
    return [
        controls.loaded.change(read_again, inputs, view.shown, **PREDICT),
        view.sources.second.input(read_again, inputs, view.shown, **PREDICT),
        view.sources.cropped.input(read_again, inputs, view.shown, **PREDICT),
    ]


def _connect_choices(controls: Controls, view: PhotoView) -> None:
    """Another class, opacity or threshold only redraws: the analysis is in the session's state."""

    def redrawing(draw: Callable[[Analysis, Selection], Update]) -> Callable[..., Update]:
        def redraw(
            known: Analysis | None,
            number: int | None,
            emotion: str | None,
            threshold: float,
            opacity: float,
        ) -> Update:
            return draw(remembered(known), _selection(threshold, opacity, number, emotion))

        return redraw

    inputs = [view.analysis, view.faces.number, view.faces.emotion]
    inputs += [controls.threshold, view.opacity]
    redraw_map = redrawing(view.explain)
    view.faces.emotion.input(redraw_map, inputs, view.explained, **REDRAW)
    view.opacity.input(redraw_map, inputs, view.explained, **REDRAW)
    controls.threshold.input(redrawing(view.redraw), inputs, view.drawn, **REDRAW)


def _connect_faces(controls: Controls, view: PhotoView) -> list[Dependency]:
    """Another face is selected by its number, or by a click on it."""
    faces = view.faces

    def select(
        known: Analysis | None, number: int | None, threshold: float, opacity: float
    ) -> Update:
        selection = _selection(threshold, opacity, number)
        return view.redraw(remembered(known), selection)

    def click(
        known: Analysis | None,
        number: int | None,
        threshold: float,
        opacity: float,
        event: gr.SelectData,
    ) -> Any:  # noqa: ANN401 - an Update, or Gradio's own word for none
        known = remembered(known)
        if not known.faces:
            return gr.skip()
        return select(known, logic.face_at(known, *event.index) or number, threshold, opacity)

    inputs = [view.analysis, faces.number, controls.threshold, view.opacity]
    return [
        faces.number.input(select, inputs, view.drawn, **REDRAW),
        faces.image.select(click, inputs, view.drawn, **REDRAW),
    ]


def _connect_occlusion(pool: ModelPool, view: PhotoView) -> None:
    """The model is asked again for every hidden place, on request: that takes a moment."""

    def hide(known: Analysis | None, number: int | None, emotion: str | None) -> Update:
        try:
            found = explanation.hide_places(pool, remembered(known), number or 1, emotion)
        except ModelError as error:
            raise gr.Error(words.sentence(str(error)), print_exception=False) from error
        return view.occlusion.show(found)

    inputs = [view.analysis, view.faces.number, view.faces.emotion]
    view.occlusion.ask.click(hide, inputs, view.occlusion.filled, **PREDICT)


def _connect_movements(pool: ModelPool, view: PhotoView, changes: list[Dependency]) -> None:
    """What the selected face does: on request, and then for every other face and photograph."""

    def tell(known: Analysis | None, number: int | None, asked: bool) -> gr.HTML:
        text = explanation.movements(pool, remembered(known), number or 1) if asked else ""
        return gr.HTML(text, visible=bool(text))

    inputs = [view.analysis, view.faces.number, view.movements.ask]
    view.movements.ask.input(tell, inputs, view.movements.text, **REDRAW)
    for change in changes:
        change.then(tell, inputs, view.movements.text, **REDRAW)


def _options(controls: Controls, view: PhotoView) -> list[Any]:
    """Inputs of an analysis: both models, whether the image is a face, threshold and opacity.

    The model that is loaded, never one that is still being loaded.
    """
    models = [controls.loaded, view.sources.second]
    return [*models, view.sources.cropped, controls.threshold, view.opacity]


def _selection(
    threshold: float, opacity: float, number: int | None = 1, emotion: str | None = None
) -> Selection:
    return Selection(number or 1, emotion, opacity, threshold)


def remembered(analysis: Analysis | None) -> Analysis:
    """The session's analysis, which the server forgets when many others came after it."""
    if analysis is None:
        raise gr.Error(say("photo.forgotten"), print_exception=False)
    return analysis
