"""The camera, live: every frame analysed, drawn and thrown away."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.data_classes import Base64ImageData
from PIL import Image

from demo_app import words
from demo_app.controls import PRIVATE, Controls
from demo_app.live import LiveSession, Look
from demo_app.logic import OPACITY
from demo_app.model_shelf import ModelShelf
from fer_core.hub import ModelError
from fer_core.pictures import READ_ERRORS, upright

STREAM_EVERY = 0.03  # seconds; more frames than the server can take are dropped by the browser
STREAMS = 8  # visitors who stream at once
ANY = "each face's answer"


def build(shelf: ModelShelf, controls: Controls) -> None:
    """Lay out the tab and connect the camera."""
    classes = shelf.take(shelf.names[0]).trained.classes
    session = gr.State()
    with gr.Row():
        with gr.Column(scale=4, min_width=230):
            camera = gr.Image(
                label="Camera",
                sources=["webcam"],
                streaming=True,
                height=220,
                elem_id="camera",
            )
            gr.Markdown(words.LIVE_HINT, elem_id="live_hint")
            emotion = gr.Dropdown(
                _choices(classes),
                value="",
                label="Draw the map of",
                elem_id="live_emotion",
            )
            opacity = gr.Slider(
                0, 1, OPACITY, step=0.05, label="Opacity", buttons=[], elem_id="live_opacity"
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
    # Frames come and go as text in the message itself: no file is written for any of them.
    camera.preprocess = lambda payload: payload.url if payload is not None else None
    view.postprocess = _to_data_url  # pyright: ignore[reportAttributeAccessIssue]

    def step(
        frame: str | None,
        known: LiveSession | None,
        model: str,
        threshold: float,
        emotion: str,
        opacity: float,
    ) -> tuple[Any, Any, LiveSession | None]:
        if frame is None:
            return gr.skip(), gr.skip(), known
        session = known if known is not None and known.model == model else LiveSession(model)
        try:
            shown = session.step(shelf, read_frame(frame), Look(emotion, opacity, threshold))
        except (ModelError, FrameError) as error:
            return gr.skip(), f"<p>{error}</p>", session
        return shown.picture, shown.panel or gr.skip(), session

    camera.stream(
        step,
        [camera, session, controls.model, controls.threshold, emotion, opacity],
        [view, panel, session],
        stream_every=STREAM_EVERY,
        concurrency_limit=STREAMS,
        concurrency_id="live",
        show_progress="hidden",
        **PRIVATE,
    )
    controls.loaded.change(
        lambda name: gr.Dropdown(_choices(shelf.take(name).trained.classes), value=""),
        controls.loaded,
        emotion,
        **PRIVATE,
    )


def _choices(classes: Sequence[str]) -> list[tuple[str, str]]:
    return [(ANY, ""), *((name, name) for name in classes)]


class FrameError(ValueError):
    """A frame that is no picture."""


def read_frame(url: str) -> Image.Image:
    """A frame of the camera from its data URL.

    Raises:
        FrameError: when it is none.
    """
    try:
        content = base64.b64decode(url.partition(",")[2], validate=True)
        with Image.open(io.BytesIO(content)) as picture:
            return upright(picture)
    except READ_ERRORS as error:
        raise FrameError(words.UNREADABLE_FRAME) from error


def _to_data_url(picture: Image.Image | None) -> Base64ImageData | None:
    if picture is None:
        return None
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return Base64ImageData(
        url="data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
    )
