"""A video: its faces over time, as a timeline, an annotated video, and tables."""

import logging
import time
from collections.abc import Generator
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from demo_app.analysis.model_pool import ModelShelf
from demo_app.analysis.video import VideoResult, analyse_video, fresh_folder
from demo_app.analysis.video_example import draw_clip
from demo_app.analysis.video_report import (
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
)
from demo_app.render import text as words
from demo_app.tabs.controls import PRIVATE, THRESHOLD, Controls, Limits
from fer_core.models.pretrained import ModelError
from fer_core.video.reader import VideoError

logger = logging.getLogger(__name__)

SHOW_EVERY = 0.25  # seconds between two pictures of the progress
AT_ONCE = 2  # videos; more wait
HIDDEN: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}


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
    example: gr.Button
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
            parts = _lay_out_results(progress, start, example, stop)

    # Not Gradio's ``cancels``: its answer and that of the stopped work race each other on the page.
    cancelled = gr.State()
    everything: list[Any] = [*parts]

    def run(
        cancelled: Event | None, path: str | None, model: str, threshold: float, maps: bool
    ) -> Generator[list[Any]]:
        yield from _run(shelf, path, Wish(model, threshold, maps, limits.video_seconds), cancelled)

    asked = [cancelled, file, controls.model, controls.threshold, maps]
    at_once: dict[str, Any] = {"queue": False, **HIDDEN}
    in_turn: dict[str, Any] = {"concurrency_limit": AT_ONCE, "concurrency_id": "video", **HIDDEN}
    begun = start.click(_begin, None, [cancelled, *everything], **at_once)
    begun.then(run, asked, everything, **in_turn)
    begun = example.click(_begin, None, [cancelled, *everything], **at_once)
    drawn = begun.then(_draw_example, None, file, **HIDDEN)
    drawn.then(run, asked, everything, **in_turn)
    stop.click(_cancel, cancelled, stop, **at_once)
    _add_endpoint(shelf, limits)


def _upload(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """An upload that hands on the path alone; Gradio's own leaves an empty file for every one."""
    file = gr.File(**options)
    file.preprocess = lambda payload: payload.path if isinstance(payload, FileData) else None
    return file


def _lay_out_results(
    progress: gr.HTML, start: gr.Button, example: gr.Button, stop: gr.Button
) -> _Parts:
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
    return _Parts(
        progress, told, drawn, timeline, video_file, csv_file, json_file, start, example, stop
    )


def _draw_example() -> str:
    return str(draw_clip(fresh_folder(get_upload_folder()) / "drawn.mp4"))


def _run(
    shelf: ModelShelf, path: str | None, wish: Wish, cancelled: Event | None
) -> Generator[list[Any]]:
    """Values for `_Parts`, as the work goes on."""
    if path is None:
        yield _show(NO_VIDEO)
        return
    shown = 0.0
    work = analyse_video(shelf, path, wish, fresh_folder(get_upload_folder()))
    try:
        for step in work:
            if isinstance(step, VideoResult):
                yield _finished(step)
            elif cancelled is not None and cancelled.is_set():
                work.close()  # which deletes its files
                yield _show(CANCELLED)
                return
            elif time.monotonic() - shown >= SHOW_EVERY:
                shown = time.monotonic()
                Path(path).touch()  # work that takes long must not lose its file to `sweeping`
                yield [meter(step.share, step.text), *[gr.skip()] * (len(_Parts._fields) - 1)]
    except (VideoError, ModelError) as error:
        yield _show(words.sentence(str(error)))
    except Exception:  # whatever it is, the buttons must come back
        logger.exception("a video failed")
        yield _show(words.FAILED)
    finally:
        work.close()  # also when the visitor left


def _begin() -> list[Any]:
    return [Event(), *_show(WAITING, working=True)]


def _cancel(cancelled: Event | None) -> gr.Button:
    """Changes the button alone: the words come from the work, when it has stopped."""
    if cancelled is not None:
        cancelled.set()
    return gr.Button(interactive=False)


def _show(text: str, *, working: bool = False) -> list[Any]:
    """Values for `_Parts` without a result."""
    files = [gr.DownloadButton(interactive=False)] * 3
    return [meter(0.0, text), "", None, None, *files, *_buttons(working=working)]


def _buttons(*, working: bool) -> list[gr.Button]:
    idle = gr.Button(interactive=not working)
    return [idle, idle, gr.Button(interactive=working)]


def _finished(result: VideoResult) -> list[Any]:
    files = [
        gr.DownloadButton(value=str(file), interactive=True)
        for file in (result.video, result.csv, result.json)
    ]
    shown = [meter(1.0, DONE), result.told, str(result.video), result.figure]
    return [*shown, *files, *_buttons(working=False)]


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
