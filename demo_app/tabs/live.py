"""The camera, live: every frame analysed, drawn and thrown away."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from demo_app.analysis.explanation import OPACITY
from demo_app.analysis.live import FrameDesk, LiveSession, Look
from demo_app.analysis.model_pool import ModelShelf
from demo_app.render import text as words
from demo_app.tabs.camera_frames import FrameError, read_frame, write_frame
from demo_app.tabs.camera_script import CAMERA_SCRIPT
from demo_app.tabs.controls import PRIVATE, REDRAW, Controls
from fer_core.models.pretrained import ModelError

STREAM_EVERY = 0.05  # seconds; of the frames that come while one is analysed, the last counts
# Gradio would ask a camera for 1920 x 1440 pixels, and send every one of them.
CAMERA = {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 20}}
# Visitors who stream at once. Each holds one of the server's 40 threads for as long as a frame of
# theirs is at work or waits for its place, so some threads stay for the other tabs.
STREAMS = 24
ANY = "each face's answer"


def build(shelf: ModelShelf, controls: Controls) -> None:
    """Lay out the tab and connect the camera."""
    classes = shelf.take(shelf.names[0]).trained.classes
    desk = FrameDesk(shelf)
    session = gr.State()
    with gr.Row(elem_id="live"):
        with gr.Column(scale=4, min_width=230):
            camera = gr.Image(
                label="Camera",
                sources=["webcam"],
                streaming=True,
                webcam_options=gr.WebcamOptions(mirror=True, constraints={"video": CAMERA}),
                height=220,
                elem_id="camera",
            )
            gr.HTML('<p role="status"></p>', js_on_load=CAMERA_SCRIPT, elem_id="camera_fault")
            gr.Markdown(words.LIVE_HINT, elem_id="live_hint")
            with gr.Group(elem_id="live_settings"):
                emotion = gr.Dropdown(
                    _choices(classes),
                    value="",
                    label="Draw the map of",
                    allow_custom_value=True,  # a model may be changed under a frame on its way
                    elem_id="live_emotion",
                )
                opacity = gr.Slider(
                    0, 1, OPACITY, step=0.05, label="Opacity", buttons=[], elem_id="live_opacity"
                )
                number = gr.Number(
                    0,
                    label="Bars of face",
                    info=words.LIVE_NUMBER,
                    precision=0,
                    elem_id="live_number",
                )
        with gr.Column(scale=8, min_width=300):
            view = gr.Image(
                alt_text=words.LIVE_ALT,
                interactive=False,
                show_label=False,
                buttons=["fullscreen"],
                elem_id="live_view",
            )
        with gr.Column(scale=6, min_width=260):
            panel = gr.HTML(words.LIVE_WAITING, elem_id="live_panel")
    # A frame is handed on as the text that came, and goes back as such (`postprocess` below): no
    # file is written for any of them.
    camera.preprocess = lambda payload: payload.url if payload is not None else None

    def step(
        frame: str | None,
        known: LiveSession | None,
        model: str,
        threshold: float,
        emotion: str,
        opacity: float,
        number: int | None,
    ) -> tuple[Any, Any, LiveSession | None]:
        if frame is None:
            return gr.skip(), gr.skip(), known
        session = known if known is not None and known.model == model else LiveSession(model)
        look = Look(emotion, opacity, threshold, max(0, number or 0))
        try:
            shown = session.step(desk, read_frame(frame), look)
        except (ModelError, FrameError) as error:
            return gr.skip(), f"<p>{escape(words.sentence(str(error)))}</p>", session
        if shown is None:
            return gr.skip(), gr.skip(), session
        return write_frame(shown.picture), shown.panel or gr.skip(), session

    def click(known: LiveSession | None, number: int | None, event: gr.SelectData) -> int:
        hit = known.face_at(*event.index) if known is not None else 0
        return 0 if hit == number else hit

    camera.stream(
        step,
        [camera, session, controls.loaded, controls.threshold, emotion, opacity, number],
        [view, panel, session],
        postprocess=False,
        stream_every=STREAM_EVERY,
        concurrency_limit=STREAMS,
        concurrency_id="live",
        show_progress="hidden",
        **PRIVATE,
    )
    view.select(click, [session, number], number, **REDRAW)
    controls.loaded.change(
        lambda name: gr.Dropdown(
            _choices(shelf.take(name).trained.classes), value="", allow_custom_value=True
        ),
        controls.loaded,
        emotion,
        **PRIVATE,
    )


def _choices(classes: Sequence[str]) -> list[tuple[str, str]]:
    return [(ANY, ""), *((name, name) for name in classes)]
