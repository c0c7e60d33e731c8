"""The components of the video tab, and how a result is shown in them."""

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from demo_app.analysis.video import VideoProgress, VideoResult
from demo_app.analysis.video_report import DONE, DRAWN, NOTHING_YET, SYNTHETIC_CLIP, hint, meter
from demo_app.tabs.controls import Limits, Update


@dataclass(frozen=True)
class VideoInputs:
    """What a visitor chooses; ``cancelled`` is the state that ends the work."""

    file: gr.File
    maps: gr.Checkbox
    cancelled: gr.State


@dataclass(frozen=True)
class VideoView:
    """The components that an analysis changes."""

    start: gr.Button
    example: gr.Button
    stop: gr.Button
    progress: gr.HTML
    summary: gr.HTML
    drawn: gr.Video
    timeline: gr.Plot
    video_file: gr.DownloadButton
    csv_file: gr.DownloadButton
    json_file: gr.DownloadButton

    @property
    def components(self) -> list[Any]:
        """All of them."""
        return [getattr(self, one.name) for one in fields(self)]

    def without_result(self, text: str, *, running: bool = False) -> Update:
        """A message in place of a result."""
        files = (self.video_file, self.csv_file, self.json_file)
        return {
            self.progress: meter(0.0, text),
            self.summary: "",
            self.drawn: None,
            self.timeline: None,
            **{file: gr.DownloadButton(interactive=False) for file in files},
            **self._buttons(running=running),
        }

    def running(self, step: VideoProgress) -> Update:
        """The progress alone."""
        return {self.progress: meter(step.share, step.text)}

    def finished(self, result: VideoResult) -> Update:
        """The result."""
        files = {
            self.video_file: result.video,
            self.csv_file: result.csv,
            self.json_file: result.json,
        }
        return {
            self.progress: meter(1.0, DONE),
            self.summary: result.summary_html,
            self.drawn: str(result.video),
            self.timeline: result.figure,
            **{
                button: gr.DownloadButton(value=str(file), interactive=True)
                for button, file in files.items()
            },
            **self._buttons(running=False),
        }

    def _buttons(self, *, running: bool) -> Update:
        return {
            self.start: gr.Button(interactive=not running),
            self.example: gr.Button(interactive=not running),
            self.stop: gr.Button(interactive=running),
        }


def lay_out(limits: Limits) -> tuple[VideoInputs, VideoView]:
    """All components of the tab."""
    with gr.Row():
        with gr.Column(scale=4, min_width=230):
            file = upload(
                label="Your video", file_types=["video"], height=150, elem_id="video_file"
            )
            gr.Markdown(hint(limits.video_seconds, limits.file_megabytes), elem_id="video_hint")
            example = gr.Button(SYNTHETIC_CLIP, size="sm", elem_id="video_example")
            maps = gr.Checkbox(False, label="Draw the map of each prediction", elem_id="video_maps")
            with gr.Row(elem_id="video_buttons"):
                start = gr.Button(
                    "Analyse", variant="primary", min_width=100, elem_id="video_start"
                )
                stop = gr.Button(
                    "Cancel", variant="stop", interactive=False, min_width=100, elem_id="video_stop"
                )
            progress = gr.HTML(meter(0.0, NOTHING_YET), elem_id="video_progress")
        with gr.Column(scale=10, min_width=300):
            drawn = gr.Video(
                label=DRAWN, interactive=False, height=380, buttons=[], elem_id="video_drawn"
            )
            summary = gr.HTML(elem_id="video_told")
            timeline = gr.Plot(show_label=False, elem_id="video_timeline")
            with gr.Row(elem_id="video_downloads"):
                files = [_download(kind) for kind in ("mp4", "csv", "json")]
    view = VideoView(start, example, stop, progress, summary, drawn, timeline, *files)
    return VideoInputs(file, maps, gr.State()), view


def _download(kind: str) -> gr.DownloadButton:
    text = {"mp4": "Video (MP4)", "csv": "Table (CSV)", "json": "JSON"}[kind]
    return gr.DownloadButton(
        text, interactive=False, size="sm", min_width=90, elem_id=f"video_{kind}"
    )


def upload(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """An upload that passes on the path alone; Gradio's own leaves an empty file for every one."""
    file = gr.File(**options)
    file.preprocess = lambda payload: payload.path if isinstance(payload, FileData) else None
    return file
