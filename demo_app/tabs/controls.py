"""What all tabs share: the model, the threshold of "not sure", and the limits of the server."""

import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr
from gradio.blocks import Block

THRESHOLD = 0.5

Update = dict[Block, Any]
"""New values of components, by component: what an event of several outputs returns."""

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
# Gradio would serve one visitor at a time; of one visitor's choices the last one counts.
AT_ONCE = 8
PREDICT: dict[str, Any] = {
    **PRIVATE,
    "concurrency_limit": AT_ONCE,
    "trigger_mode": "always_last",
}
# Only draws again what is known: no spinner, and of many quick changes the last one counts.
REDRAW: dict[str, Any] = {**PREDICT, "show_progress": "hidden"}
STILL: dict[str, Any] = {
    "interactive": False,
    "buttons": ["fullscreen", "download"],
    "format": "jpeg",
    "show_label": False,  # it would cover a corner of the photograph
}


class Controls(NamedTuple):
    """Components above the tabs; their values go into every tab's events.

    Attributes:
        model: name of the chosen model, see `ModelPool`.
        threshold: probability below which a prediction is "not sure", in [0, 1].
        loaded: the same name once the model is loaded; it changes when another model is in use.
    """

    model: gr.Dropdown
    threshold: gr.Slider
    loaded: gr.State


def ask_to_stop(stopped: threading.Event | None) -> gr.Button:
    """Disables the button that stops work; the work itself reports when it has stopped.

    Args:
        stopped: that the work looks at; None where there is none.
    """
    if stopped is not None:
        stopped.set()
    return gr.Button(interactive=False)


def any_number(value: float, label: str) -> gr.Number:
    """A number of an endpoint; what is none comes through as it is, for a sentence of our own.

    Args:
        value: that it has where a program sends none.
        label: of the component.
    """
    number = gr.Number(value, label=label)
    strict = number.preprocess

    def lenient(payload: Any) -> Any:  # noqa: ANN401 - what a program sent
        try:
            return strict(payload)
        except (TypeError, ValueError, gr.Error):
            return payload

    number.preprocess = lenient
    return number


@dataclass(frozen=True)
class Limits:
    """What one visitor may ask for.

    Attributes:
        video_seconds: length of a video.
        file_megabytes: size of an uploaded file.
        batch_files: number of photographs in a batch.
        video_files: number of videos in a queue.
    """

    video_seconds: float = 60.0
    file_megabytes: int = 200
    batch_files: int = 200
    video_files: int = 20
