"""What all tabs share: the model, the threshold of "not sure", and the limits of the server."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

THRESHOLD = 0.5

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
# Gradio would answer one visitor at a time; of one visitor's choices the last one counts.
AT_ONCE = 8
ANSWER: dict[str, Any] = {
    **PRIVATE,
    "concurrency_limit": AT_ONCE,
    "trigger_mode": "always_last",
}
# Only draws again what is known: no spinner, and of many quick changes the last one counts.
REDRAW: dict[str, Any] = {**ANSWER, "show_progress": "hidden"}
STILL: dict[str, Any] = {
    "interactive": False,
    "buttons": ["fullscreen", "download"],
    "format": "jpeg",
    "show_label": False,  # it would cover a corner of the photograph
}


class Controls(NamedTuple):
    """Components above the tabs; their values go into every tab's events.

    Attributes:
        model: name of the chosen model, see `ModelShelf`.
        threshold: probability below which an answer is "not sure", in [0, 1].
        loaded: the same name once the model is loaded: its change means another model answers now.
    """

    model: gr.Dropdown
    threshold: gr.Slider
    loaded: gr.State


@dataclass(frozen=True)
class Limits:
    """What one visitor may ask for.

    Attributes:
        video_seconds: length of a video.
        file_megabytes: size of an uploaded file.
        batch_files: number of photographs in a batch.
    """

    video_seconds: float = 60.0
    file_megabytes: int = 200
    batch_files: int = 200
