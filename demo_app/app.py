"""The page: what all tabs share, and the tabs."""

import gradio as gr

from demo_app import words
from demo_app.controls import THRESHOLD, Controls, Limits
from demo_app.model_shelf import ModelShelf
from demo_app.tabs import photo


def build(shelf: ModelShelf, limits: Limits | None = None) -> gr.Blocks:
    """The page for the models of a shelf; it opens with the first example analysed."""
    limits = limits or Limits()
    with gr.Blocks(title=words.TITLE, analytics_enabled=False, delete_cache=(60, 900)) as page:
        gr.HTML(f"<h1>{words.TITLE}</h1><p>{words.INTRODUCTION}</p>", elem_id="head")
        controls = _lay_out_controls(shelf)
        with gr.Tabs(elem_id="tabs"), gr.Tab("Photo", id="photo"):
            photo.build(page, shelf, controls, limits)
        trained = shelf.take(shelf.names[0]).trained
        gr.Markdown(words.model_line(trained.facts, trained.input.size), elem_id="model")
        with gr.Accordion("What the map means, privacy, responsible use", open=False):
            gr.Markdown(words.ABOUT)
    return page


def _lay_out_controls(shelf: ModelShelf) -> Controls:
    with gr.Row(elem_id="controls"):
        model = gr.Dropdown(
            shelf.names,
            value=shelf.names[0],
            label="Model",
            info="or the USER/NAME of a model on the Hugging Face Hub",
            allow_custom_value=True,
            filterable=True,
            elem_id="model_choice",
        )
        threshold = gr.Slider(
            0,
            1,
            THRESHOLD,
            step=0.01,
            label='"Not sure" below',
            buttons=[],
            elem_id="threshold",
        )
    return Controls(model, threshold)
