"""The page: what all tabs share, and the tabs."""

from functools import partial
from typing import Any

import gradio as gr

from demo_app.analysis.abstention import explain_threshold
from demo_app.analysis.model_pool import ModelPool
from demo_app.language import fixed, fixed_text
from demo_app.render import text as words
from demo_app.serving.guarded_page import GuardedPage
from demo_app.tabs import batch, live, photo, video
from demo_app.tabs.controls import PREDICT, REDRAW, THRESHOLD, Controls, Limits
from demo_app.tabs.heading import CHOICE_SCRIPT, heading
from fer_core.models.saved_model import ModelError


def build(pool: ModelPool, limits: Limits | None = None) -> GuardedPage:
    """The page for the models of a pool; it opens with the first example analysed."""
    limits = limits or Limits()
    taxonomy = pool.about(pool.names[0]).taxonomy
    options: dict[str, Any] = {"analytics_enabled": False, "delete_cache": (60, 900)}
    with GuardedPage(
        title=fixed_text(partial(words.title, taxonomy)), most_files=limits.batch_files, **options
    ) as page:
        gr.HTML(fixed_text(partial(heading, taxonomy)), js_on_load=CHOICE_SCRIPT, elem_id="head")
        controls = _lay_out_controls(pool)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(fixed("head.photo"), id="photo"):
                photo.build(page, pool, controls)
            with gr.Tab(fixed("head.live"), id="live"):
                live.build(pool, controls)
            with gr.Tab(fixed("head.video"), id="video"):
                video.build(pool, controls, limits)
            with gr.Tab(fixed("head.batch"), id="batch"):
                batch.build(pool, controls, limits)
        with gr.Accordion(fixed("head.about"), open=False):
            gr.Markdown(fixed("about.text"))
    return page


def _lay_out_controls(pool: ModelPool) -> Controls:
    default = pool.names[0]
    with gr.Row(elem_id="controls"):
        model = gr.Dropdown(
            [(pool.label(name), name) for name in pool.names],
            value=default,
            label=fixed("controls.model"),
            info=fixed("controls.model_info"),
            allow_custom_value=True,
            elem_id="model_choice",
        )
        threshold = gr.Slider(
            0,
            1,
            THRESHOLD,
            step=0.01,
            label=fixed("controls.threshold"),
            info=fixed("controls.threshold_info"),
            buttons=[],
            elem_id="threshold",
        )
    line = gr.Markdown(
        fixed_text(partial(_meaning, pool, default, THRESHOLD)), elem_id="model_line"
    )
    with gr.Accordion(fixed("controls.card"), open=False, elem_id="card_fold"):
        card = gr.Markdown(fixed_text(partial(_card, pool, default)), elem_id="card")
    controls = Controls(model, threshold, gr.State(default))
    _connect_controls(pool, controls, line, card)
    return controls


def _connect_controls(
    pool: ModelPool, controls: Controls, line: gr.Markdown, card: gr.Markdown
) -> None:
    """Another model is loaded; where that fails, the one before stays."""
    model, threshold, loaded = controls

    def choose(name: str, before: str, threshold: float) -> tuple[str, str, str, str]:
        name = pool.current_name(name)
        try:
            pool.get(name)
        except ModelError as error:
            return before, before, words.model_fault(str(error), before), _card(pool, before)
        return name, name, _meaning(pool, name, threshold), _card(pool, name)

    def move(name: str, threshold: float) -> str:
        return _meaning(pool, name, threshold)

    model.input(choose, [model, loaded, threshold], [model, loaded, line, card], **PREDICT)
    threshold.input(move, [loaded, threshold], line, **REDRAW)


def _meaning(pool: ModelPool, name: str, threshold: float) -> str:
    """What the threshold means for a model."""
    return explain_threshold(pool.folder(name), pool.about(name), threshold)


def _card(pool: ModelPool, name: str) -> str:
    described = pool.about(name)
    return f"{words.model_line(described.facts, described.input.size)}\n\n{pool.card(name)}"
