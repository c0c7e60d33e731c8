"""The camera, live: every frame analysed, drawn and discarded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from demo_app.analysis.explanation import OPACITY
from demo_app.analysis.frame_limiter import FrameLimiter
from demo_app.analysis.live import FrameStyle, LiveSession
from demo_app.analysis.model_pool import ModelPool
from demo_app.language import class_name, fixed, fixed_text, say
from demo_app.render import text as words
from demo_app.tabs.camera_frames import FrameError, read_frame, write_frame
from demo_app.tabs.camera_script import CAMERA_SCRIPT, camera_status
from demo_app.tabs.controls import PRIVATE, REDRAW, Controls
from demo_app.tabs.record_script import FRAME_SCRIPT, RECORD_SCRIPT, frame_rows, record_panel
from fer_core.models.saved_model import ModelError

# Seconds between two looks at the camera; most take no frame (`CAMERA_SCRIPT`), so this is only how
# long the server waits for the next one at most.
STREAM_EVERY = 0.02
# Gradio would ask a camera for 1920 x 1440 pixels, and send every one of them.
CAMERA = {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 20}}
# Visitors who stream at once. Each holds one of the server's 40 threads for as long as a frame of
# theirs is analysed or waits for its slot, so some threads stay free for the other tabs.
STREAMS = 24


@dataclass(frozen=True)
class LiveView:
    """The components of the tab; ``session`` is the state of the visitor's stream."""

    session: gr.State
    camera: gr.Image
    emotion: gr.Dropdown
    opacity: gr.Slider
    number: gr.Number
    movements: gr.Checkbox
    view: gr.Image
    panel: gr.HTML
    rows: gr.HTML


def build(pool: ModelPool, controls: Controls) -> None:
    """Lay out the tab and connect the camera."""
    classes = pool.about(pool.names[0]).classes
    view = _lay_out(classes, movements=pool.analyser is not None)
    _connect_camera(pool, controls, view)
    _connect_choices(pool, controls, view)


def _lay_out(classes: Sequence[str], *, movements: bool) -> LiveView:
    session = gr.State()
    with gr.Row(elem_id="live"):
        with gr.Column(scale=4, min_width=230):
            camera = _lay_out_camera()
            gr.HTML(fixed_text(camera_status), js_on_load=CAMERA_SCRIPT, elem_id="camera_fault")
            gr.Markdown(fixed("live.hint"), elem_id="live_hint")
            gr.HTML(fixed_text(record_panel), js_on_load=RECORD_SCRIPT, elem_id="live_record")
            rows = gr.HTML("", js_on_load=FRAME_SCRIPT, visible="hidden", elem_id="live_rows")
            with gr.Group(elem_id="live_settings"):
                emotion, opacity, number = _lay_out_settings(classes)
                does = gr.Checkbox(
                    False,
                    label=fixed("movements.ask"),
                    info=fixed("movements.ask_info"),
                    visible=movements,
                    elem_id="live_movements",
                )
        with gr.Column(scale=8, min_width=300):
            view = gr.Image(
                alt_text=fixed("live.alt"),
                interactive=False,
                show_label=False,
                buttons=["fullscreen"],
                elem_id="live_view",
            )
        with gr.Column(scale=6, min_width=260):
            panel = gr.HTML(fixed("live.waiting"), elem_id="live_panel")
    return LiveView(session, camera, emotion, opacity, number, does, view, panel, rows)


def _lay_out_camera() -> gr.Image:
    camera = gr.Image(
        label=fixed("live.camera"),
        sources=["webcam"],
        streaming=True,
        webcam_options=gr.WebcamOptions(mirror=True, constraints={"video": CAMERA}),
        height=220,
        elem_id="camera",
    )
    # A frame is passed on as the text that came, and returned as such (`postprocess` below): no
    # file is written for any of them.
    camera.preprocess = lambda payload: payload.url if payload is not None else None
    return camera


def _lay_out_settings(classes: Sequence[str]) -> tuple[gr.Dropdown, gr.Slider, gr.Number]:
    emotion = gr.Dropdown(
        [(fixed_text(shown), name) for shown, name in _choices(classes)],
        value="",
        label=fixed("live.draw_map"),
        allow_custom_value=True,  # the model may change while a frame is on its way
        elem_id="live_emotion",
    )
    opacity = gr.Slider(
        0, 1, OPACITY, step=0.05, label=fixed("photo.opacity"), buttons=[], elem_id="live_opacity"
    )
    number = gr.Number(
        0,
        label=fixed("live.number"),
        info=fixed("live.number_info"),
        precision=0,
        elem_id="live_number",
    )
    return emotion, opacity, number


def _connect_camera(pool: ModelPool, controls: Controls, view: LiveView) -> None:
    limiter = FrameLimiter(pool)

    def step(
        frame: str | None,
        known: LiveSession | None,
        model: str,
        threshold: float,
        emotion: str,
        opacity: float,
        number: int | None,
        movements: bool,
    ) -> tuple[Any, Any, Any, LiveSession | None]:
        if frame is None:
            return gr.skip(), gr.skip(), gr.skip(), known
        session = known if known is not None and known.model == model else LiveSession(model)
        style = FrameStyle(emotion, opacity, threshold, max(0, number or 0), movements)
        return *_draw(limiter, session, frame, style), session

    view.camera.stream(
        step,
        [
            *(view.camera, view.session, controls.loaded, controls.threshold),
            *(view.emotion, view.opacity, view.number, view.movements),
        ],
        [view.view, view.panel, view.rows, view.session],
        postprocess=False,
        stream_every=STREAM_EVERY,
        concurrency_limit=STREAMS,
        concurrency_id="live",
        show_progress="hidden",
        **PRIVATE,
    )


def _draw(
    limiter: FrameLimiter, session: LiveSession, frame: str, style: FrameStyle
) -> tuple[Any, Any, Any]:
    """Values of the view, the panel and the rows; Gradio's word for no change if there is none."""
    try:
        shown = session.step(limiter, read_frame(frame), style)
    except (ModelError, FrameError) as error:
        return gr.skip(), f"<p>{escape(words.sentence(str(error)))}</p>", gr.skip()
    if shown is None:
        return gr.skip(), gr.skip(), gr.skip()
    rows = frame_rows(shown.faces, style.threshold)
    return write_frame(shown.image), shown.panel or gr.skip(), rows


def _connect_choices(pool: ModelPool, controls: Controls, view: LiveView) -> None:
    def click(known: LiveSession | None, number: int | None, event: gr.SelectData) -> int:
        hit = known.face_at(*event.index) if known is not None else 0
        return 0 if hit == number else hit

    def offer_classes(model: str) -> gr.Dropdown:
        names = _choices(pool.about(model).classes)
        choices = [(shown(), name) for shown, name in names]
        return gr.Dropdown(choices, value="", allow_custom_value=True)

    view.view.select(click, [view.session, view.number], view.number, **REDRAW)
    controls.loaded.change(offer_classes, controls.loaded, view.emotion, **PRIVATE)


def _choices(classes: Sequence[str]) -> list[tuple[Callable[[], str], str]]:
    """How each choice is said, and its value."""
    named = [(partial(class_name, name), name) for name in classes]
    return [(partial(say, "live.any"), ""), *named]
