"""The page: what all tabs share, and the tabs."""

import gradio as gr

from demo_app.analysis.abstention import explain_threshold
from demo_app.analysis.model_pool import ModelShelf
from demo_app.render import text as words
from demo_app.serving.download_guard import guard_addresses
from demo_app.serving.visitor_files import guard_files
from demo_app.tabs import batch, live, photo, video
from demo_app.tabs.controls import ANSWER, REDRAW, THRESHOLD, Controls, Limits
from fer_core.models.pretrained import ModelError


def build(shelf: ModelShelf, limits: Limits | None = None) -> gr.Blocks:
    """The page for the models of a shelf; it opens with the first example analysed."""
    limits = limits or Limits()
    taxonomy = shelf.take(shelf.names[0]).trained.taxonomy
    title, introduction = words.title(taxonomy), words.introduction(taxonomy)
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(60, 900)) as page:
        gr.HTML(f"<h1>{title}</h1><p>{introduction}</p>", elem_id="head")
        controls = _lay_out_controls(shelf)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Photo", id="photo"):
                photo.build(page, shelf, controls)
            with gr.Tab("Live", id="live"):
                live.build(shelf, controls)
            with gr.Tab("Video", id="video"):
                video.build(shelf, controls, limits)
            with gr.Tab("Batch", id="batch"):
                batch.build(shelf, controls, limits)
        with gr.Accordion("What the map means, privacy, responsible use", open=False):
            gr.Markdown(words.ABOUT)
    guard_files(page)
    guard_addresses()
    return page


def _lay_out_controls(shelf: ModelShelf) -> Controls:
    default = shelf.names[0]
    with gr.Row(elem_id="controls"):
        model = gr.Dropdown(
            [(shelf.label(name), name) for name in shelf.names],
            value=default,
            label="Model",
            info=words.MODEL_INFO,
            allow_custom_value=True,
            elem_id="model_choice",
        )
        threshold = gr.Slider(
            0,
            1,
            THRESHOLD,
            step=0.01,
            label='"Not sure" below',
            info=words.THRESHOLD_INFO,
            buttons=[],
            elem_id="threshold",
        )
    line = gr.Markdown(_meaning(shelf, default, THRESHOLD), elem_id="model_line")
    with gr.Accordion("About this model", open=False, elem_id="card_fold"):
        card = gr.Markdown(_card(shelf, default), elem_id="card")
    loaded = gr.State(default)

    def choose(name: str, before: str, threshold: float) -> tuple[str, str, str, str]:
        try:
            shelf.take(name)
        except ModelError as error:
            return before, before, words.model_fault(str(error), before), _card(shelf, before)
        return name, name, _meaning(shelf, name, threshold), _card(shelf, name)

    def move(name: str, threshold: float) -> str:
        return _meaning(shelf, name, threshold)

    model.input(choose, [model, loaded, threshold], [model, loaded, line, card], **ANSWER)
    threshold.input(move, [loaded, threshold], line, **REDRAW)
    return Controls(model, threshold, loaded)


def _meaning(shelf: ModelShelf, name: str, threshold: float) -> str:
    """What the threshold means for a model."""
    return explain_threshold(shelf.folder(name), shelf.take(name).trained, threshold)


def _card(shelf: ModelShelf, name: str) -> str:
    trained = shelf.take(name).trained
    return f"{words.model_line(trained.facts, trained.input.size)}\n\n{shelf.card(name)}"
