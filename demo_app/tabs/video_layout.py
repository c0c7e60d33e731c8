"""The components of the video tab, and how a result is shown in them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ListFiles

from demo_app.analysis.video import VideoProgress, VideoResult
from demo_app.analysis.video_report import hint, meter
from demo_app.language import fixed, fixed_text, say
from demo_app.tabs.controls import Limits, Update
from demo_app.tabs.moments_script import MOMENTS_SCRIPT
from demo_app.tabs.video_review import ReviewView, lay_out_review
from demo_app.tabs.video_script import SEEK_SCRIPT, seek_hint

DOWNLOADS = ("mp4", "csv", "json", "events", "people", "transitions", "long", "elan")


@dataclass(frozen=True)
class VideoInputs:
    """What a visitor chooses; ``cancelled`` is the state that ends the work."""

    files: gr.File
    maps: gr.Checkbox
    movements: gr.Checkbox
    cancelled: gr.State


@dataclass(frozen=True)
class VideoView:
    """The components that an analysis changes; ``results`` are those of the session."""

    start: gr.Button
    example: gr.Button
    stop: gr.Button
    progress: gr.HTML
    results: gr.State
    choice: gr.Radio
    summary: gr.HTML
    drawn: gr.Video
    seek: gr.HTML
    timeline: gr.Plot
    downloads: tuple[gr.DownloadButton, ...]
    review: ReviewView

    @property
    def components(self) -> list[Any]:
        """All of them."""
        own = [getattr(self, one.name) for one in fields(self)]
        return [*own[:-2], *self.downloads, *self.review.components]

    def without_result(self, text: str, *, running: bool = False) -> Update:
        """A message in place of a result."""
        return {
            self.progress: meter(0.0, text),
            self.results: [],
            self.choice: gr.Radio(visible=False),
            self.summary: "",
            self.drawn: None,
            self.seek: gr.HTML(visible=False),
            self.timeline: None,
            **self.without_files(),
            **self.review.hide(),
            **self._buttons(running=running),
        }

    def without_files(self) -> Update:
        """Nothing to download."""
        return {file: gr.DownloadButton(interactive=False) for file in self.downloads}

    def running(self, step: VideoProgress) -> Update:
        """The progress alone."""
        return {self.progress: meter(step.share, step.text)}

    def finished(self, results: Sequence[VideoResult], text: str) -> Update:
        """The results of a queue; the first one is shown.

        Args:
            results: at least one.
            text: what became of the queue.
        """
        names = [(f"{number} · {one.name}", number) for number, one in enumerate(results, 1)]
        return {
            self.progress: meter(1.0, text),
            self.results: list(results),
            self.choice: gr.Radio(names, value=1, visible=len(results) > 1),
            **self.show(results[0]),
            **self._buttons(running=False),
        }

    def show(self, result: VideoResult) -> Update:
        """One of the results, without its review, which gives the other files."""
        return {
            self.summary: result.summary_html,
            self.drawn: str(result.video),
            self.seek: gr.HTML(visible=True),
            self.downloads[0]: gr.DownloadButton(value=str(result.video), interactive=True),
        }

    def _buttons(self, *, running: bool) -> Update:
        return {
            self.start: gr.Button(interactive=not running),
            self.example: gr.Button(interactive=not running),
            self.stop: gr.Button(interactive=running),
        }


def lay_out(
    limits: Limits, classes: Sequence[str], *, movements: bool
) -> tuple[VideoInputs, VideoView]:
    """All components of the tab.

    Args:
        limits: what a visitor may ask for.
        classes: of the default model.
        movements: whether the page can tell what a face does.
    """
    cancelled, results = gr.State(), gr.State([])
    with gr.Row():
        with gr.Column(scale=4, min_width=230):
            files = uploads(
                label=fixed("video.files", count=limits.video_files),
                file_types=["video"],
                height=150,
                elem_id="video_file",
            )
            gr.Markdown(
                fixed_text(lambda: hint(limits.video_seconds, limits.file_megabytes)),
                elem_id="video_hint",
            )
            example = gr.Button(fixed("video.synthetic_clip"), size="sm", elem_id="video_example")
            maps = gr.Checkbox(False, label=fixed("video.draw_maps"), elem_id="video_maps")
            does = gr.Checkbox(
                False,
                label=fixed("movements.ask_video"),
                visible=movements,
                elem_id="video_movements",
            )
            start, stop = _lay_out_buttons()
            progress = gr.HTML(
                fixed_text(lambda: meter(0.0, say("video.nothing_yet"))), elem_id="video_progress"
            )
        with gr.Column(scale=10, min_width=300):
            choice = gr.Radio(
                [], label=fixed("video.choice"), visible=False, elem_id="video_choice"
            )
            drawn = gr.Video(
                label=fixed("video.drawn"),
                interactive=False,
                height=380,
                buttons=[],
                elem_id="video_drawn",
            )
            moments = gr.HTML(
                "",
                js_on_load=MOMENTS_SCRIPT,
                visible="hidden",
                container=True,
                padding=True,
                elem_id="video_moments",
            )
            summary = gr.HTML(elem_id="video_told")
            seek = gr.HTML(
                fixed_text(seek_hint), js_on_load=SEEK_SCRIPT, visible=False, elem_id="video_seek"
            )
            timeline = gr.Plot(show_label=False, elem_id="video_timeline")
            with gr.Row(elem_id="video_downloads"):
                downloads = tuple(_download(kind) for kind in DOWNLOADS)
            review = lay_out_review(classes, moments)
    view = VideoView(
        *(start, example, stop, progress, results, choice, summary, drawn, seek, timeline),
        *(downloads, review),
    )
    return VideoInputs(files, maps, does, cancelled), view


def _lay_out_buttons() -> tuple[gr.Button, gr.Button]:
    with gr.Row(elem_id="video_buttons"):
        start = gr.Button(
            fixed("video.analyse"), variant="primary", min_width=100, elem_id="video_start"
        )
        stop = gr.Button(
            fixed("video.cancel"),
            variant="stop",
            interactive=False,
            min_width=100,
            elem_id="video_stop",
        )
    return start, stop


def _download(kind: str) -> gr.DownloadButton:
    return gr.DownloadButton(
        fixed(f"video.download_{kind}"),
        interactive=False,
        size="sm",
        min_width=90,
        elem_id=f"video_{kind}",
    )


def upload(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """An upload that passes on the path alone; Gradio's own leaves an empty file for every one."""
    file = gr.File(**options)
    file.preprocess = lambda payload: payload.path if isinstance(payload, FileData) else None
    return file


def uploads(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """The same for several files: their paths."""
    files = gr.File(file_count="multiple", **options)
    files.preprocess = lambda payload: (
        [file.path for file in payload.root] if isinstance(payload, ListFiles) else []
    )
    return files
