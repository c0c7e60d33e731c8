"""A video: its faces over time, as a timeline, an annotated video, and tables."""

import time
from collections.abc import Generator
from typing import Any, NamedTuple

import gradio as gr
from gradio.utils import get_upload_folder

from demo_app import words
from demo_app.controls import PRIVATE, THRESHOLD, Controls, Limits
from demo_app.model_shelf import ModelShelf
from demo_app.video import VideoResult, analyse_video, fresh_folder
from demo_app.video_example import draw_clip
from demo_app.video_report import (
    CANCELLED,
    DONE,
    DRAWN,
    DRAWN_CLIP,
    ENDPOINT,
    NO_VIDEO,
    NOTHING_YET,
    WAITING,
    Wish,
    hint,
    meter,
    show_told,
)
from fer_core.hub import ModelError
from fer_core.videos import VideoError

SHOW_EVERY = 0.25  # seconds between two pictures of the progress
AT_ONCE = 2  # videos; more wait


class _Parts(NamedTuple):
    """What an analysis changes."""

    progress: gr.HTML
    told: gr.HTML
    drawn: gr.Video
    timeline: gr.Plot
    video_file: gr.DownloadButton
    csv_file: gr.DownloadButton
    json_file: gr.DownloadButton
    start: gr.Button
    stop: gr.Button


def build(shelf: ModelShelf, controls: Controls, limits: Limits) -> None:
    """Lay out the tab and connect its buttons."""
    with gr.Row():
        with gr.Column(scale=4, min_width=230):
            file = _upload(
                label="Your video", file_types=["video"], height=150, elem_id="video_file"
            )
            gr.Markdown(hint(limits.video_seconds, limits.file_megabytes), elem_id="video_hint")
            example = gr.Button(DRAWN_CLIP, size="sm", elem_id="video_example")
            maps = gr.Checkbox(False, label="Draw each answer's map", elem_id="video_maps")
            with gr.Row(elem_id="video_buttons"):
                start = gr.Button(
                    "Analyse", variant="primary", min_width=100, elem_id="video_start"
                )
                stop = gr.Button(
                    "Cancel", variant="stop", interactive=False, min_width=100, elem_id="video_stop"
                )
            progress = gr.HTML(meter(0.0, NOTHING_YET), elem_id="video_progress")
        with gr.Column(scale=10, min_width=300):
            parts = _lay_out_results(progress, start, stop)

    def run(path: str | None, model: str, threshold: float, maps: bool) -> Generator[list[Any]]:
        wish = Wish(model, threshold, maps, limits.video_seconds)
        yield from _run(shelf, path, wish)

    asked = [file, controls.model, controls.threshold, maps]
    queue: dict[str, Any] = {
        "concurrency_limit": AT_ONCE,
        "concurrency_id": "video",
        "show_progress": "hidden",
        **PRIVATE,
    }
    runs: Any = [
        start.click(_wait, None, [*parts], queue=False, **PRIVATE).then(
            run, asked, [*parts], **queue
        ),
        example.click(_wait, None, [*parts], queue=False, **PRIVATE)
        .then(
            lambda: str(draw_clip(fresh_folder(get_upload_folder()) / "drawn.mp4")),
            None,
            file,
            **PRIVATE,
        )
        .then(run, asked, [*parts], **queue),
    ]
    stop.click(lambda: _idle(CANCELLED), None, [*parts], cancels=runs, queue=False, **PRIVATE)
    _add_endpoint(shelf, limits)


def _upload(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """An upload that hands on the path alone; Gradio's own leaves an empty file for every one."""
    file = gr.File(**options)
    file.preprocess = lambda payload: payload.path if payload is not None else None
    return file


def _lay_out_results(progress: gr.HTML, start: gr.Button, stop: gr.Button) -> _Parts:
    drawn = gr.Video(label=DRAWN, interactive=False, height=380, buttons=[], elem_id="video_drawn")
    told = gr.HTML(elem_id="video_told")
    timeline = gr.Plot(show_label=False, elem_id="video_timeline")
    with gr.Row(elem_id="video_downloads"):
        video_file, csv_file, json_file = (
            gr.DownloadButton(
                text, interactive=False, size="sm", min_width=90, elem_id=f"video_{kind}"
            )
            for kind, text in (("mp4", "Video (MP4)"), ("csv", "Table (CSV)"), ("json", "JSON"))
        )
    return _Parts(progress, told, drawn, timeline, video_file, csv_file, json_file, start, stop)


def _run(shelf: ModelShelf, path: str | None, wish: Wish) -> Generator[list[Any]]:
    """Values for `_Parts`, as the work goes on."""
    if path is None:
        yield _idle(NO_VIDEO)
        return
    shown = 0.0
    work = analyse_video(shelf, path, wish, fresh_folder(get_upload_folder()))
    try:
        for step in work:
            if isinstance(step, VideoResult):
                yield _finished(step)
            elif time.monotonic() - shown >= SHOW_EVERY:
                shown = time.monotonic()
                yield [meter(step.share, step.text), *[gr.skip()] * (len(_Parts._fields) - 1)]
    except (VideoError, ModelError) as error:
        yield _idle(words.sentence(str(error)))
    finally:
        work.close()  # a cancelled analysis deletes its files at once


def _wait() -> list[Any]:
    off = [gr.DownloadButton(interactive=False)] * 3
    buttons = [gr.Button(interactive=False), gr.Button(interactive=True)]
    return [meter(0.0, WAITING), "", None, None, *off, *buttons]


def _idle(text: str) -> list[Any]:
    off = [gr.DownloadButton(interactive=False)] * 3
    buttons = [gr.Button(interactive=True), gr.Button(interactive=False)]
    return [meter(0.0, text), "", None, None, *off, *buttons]


def _finished(result: VideoResult) -> list[Any]:
    files = [
        gr.DownloadButton(value=str(file), interactive=True)
        for file in (result.video, result.csv, result.json)
    ]
    buttons = [gr.Button(interactive=True), gr.Button(interactive=False)]
    shown = [meter(1.0, DONE), show_told(result.summary), str(result.video), result.figure]
    return [*shown, *files, *buttons]


def _add_endpoint(shelf: ModelShelf, limits: Limits) -> None:
    """The named endpoint for programs; its parts are not on the page."""

    def answer(
        video: str | None, model: str, threshold: float
    ) -> tuple[dict[str, Any], str | None, str | None]:
        wish = Wish(model, threshold, seconds=limits.video_seconds)
        try:
            if video is None:
                raise VideoError(NO_VIDEO)
            *_, result = analyse_video(shelf, video, wish, fresh_folder(get_upload_folder()))
        except (VideoError, ModelError) as error:
            return {"sentence": words.sentence(str(error)), "faces": []}, None, None
        assert isinstance(result, VideoResult)
        result.json.unlink()  # it is in the answer; Gradio would not know it to delete it
        return {"sentence": result.sentence, **result.summary}, str(result.csv), str(result.video)

    with gr.Column(visible=False):
        video = _upload(label="video")
        model = gr.Textbox(shelf.names[0], label="model")
        threshold = gr.Number(THRESHOLD, label="threshold")
        summary = gr.JSON(label="result: sentence, video, settings, faces")
        table = gr.File(label="table")
        drawn = gr.File(label="annotated video")
        gr.Button("video").click(
            answer,
            [video, model, threshold],
            [summary, table, drawn],
            api_name="video",
            api_description=ENDPOINT,
            concurrency_limit=AT_ONCE,
            concurrency_id="video",
        )
