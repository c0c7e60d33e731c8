"""Videos: their faces over time, as timelines, annotated videos, and tables."""

import logging
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.video import VideoProgress, VideoResult, analyse_video, fresh_folder
from demo_app.analysis.video_example import draw_clip
from demo_app.analysis.video_queue import VideoFault, analyse_queue, keep_files
from demo_app.analysis.video_report import ENDPOINT, VideoOptions
from demo_app.language import say, say_count
from demo_app.render import text as words
from demo_app.tabs.controls import (
    PRIVATE,
    THRESHOLD,
    Controls,
    Limits,
    Update,
    any_number,
    ask_to_stop,
)
from demo_app.tabs.video_layout import VideoInputs, VideoView, lay_out, upload
from demo_app.tabs.video_review_events import connect_review, review_after
from fer_core.models.saved_model import ModelError
from fer_core.video.reader import VideoError

logger = logging.getLogger(__name__)

SHOW_EVERY = 0.25  # seconds between two updates of the progress
AT_ONCE = 2  # videos; more wait
Answer = tuple[dict[str, Any], str | None, str | None]
HIDDEN: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}


def build(pool: ModelPool, controls: Controls, limits: Limits) -> None:
    """Lay out the tab and connect its buttons."""
    classes = pool.about(pool.names[0]).classes
    inputs, view = lay_out(limits, classes, movements=pool.analyser is not None)
    _connect(pool, controls, limits, inputs, view)
    connect_review(view)
    _add_endpoint(pool, limits)


def _connect(
    pool: ModelPool, controls: Controls, limits: Limits, inputs: VideoInputs, view: VideoView
) -> None:
    # Not Gradio's ``cancels``: its update and that of the stopped work race each other on the page.
    def begin() -> Update:
        return {
            inputs.cancelled: Event(),
            **view.without_result(say("video.waiting"), running=True),
        }

    def run(
        cancelled: Event | None,
        paths: list[str],
        model: str,
        threshold: float,
        maps: bool,
        movements: bool,
    ) -> Generator[Update]:
        if len(paths) > limits.video_files:
            fault = words.too_many_files(len(paths), limits.video_files)
            yield view.without_result(fault)
            return
        options = VideoOptions(model, threshold, maps, limits.video_seconds, movements=movements)
        yield from _run(view, pool, paths, options, cancelled)

    asked = [
        *(inputs.cancelled, inputs.files, controls.model, controls.threshold),
        *(inputs.maps, inputs.movements),
    ]
    changed = [inputs.cancelled, *view.components]
    at_once: dict[str, Any] = {"queue": False, **HIDDEN}
    in_turn: dict[str, Any] = {"concurrency_limit": AT_ONCE, "concurrency_id": "video", **HIDDEN}
    begun = view.start.click(begin, None, changed, **at_once)
    ended = begun.then(run, asked, view.components, **in_turn)
    review_after(ended, view)
    begun = view.example.click(begin, None, changed, **at_once)
    drawn = begun.then(_draw_example, None, inputs.files, **HIDDEN)
    ended = drawn.then(run, asked, view.components, **in_turn)
    review_after(ended, view)
    view.stop.click(ask_to_stop, inputs.cancelled, view.stop, **at_once)


def _draw_example() -> list[str]:
    return [str(draw_clip(fresh_folder(get_upload_folder()) / "drawn.mp4"))]


def _run(
    view: VideoView,
    pool: ModelPool,
    paths: list[str],
    options: VideoOptions,
    cancelled: Event | None,
) -> Generator[Update]:
    """What the tab shows while the videos are analysed, one after the other."""
    if not paths:
        yield view.without_result(say("video.none"))
        return
    results: list[VideoResult] = []
    faults: list[str] = []
    shown = 0.0
    work = analyse_queue(pool, paths, options, Path(get_upload_folder()))
    try:
        for step in work:
            if isinstance(step, VideoResult):
                results.append(step)
            elif isinstance(step, VideoFault):
                faults.append(step.sentence)
            elif cancelled is not None and cancelled.is_set():
                work.close()  # which deletes the files of the video that is not finished
                yield _end(view, results, [*faults, say("video.cancelled")])
                return
            elif time.monotonic() - shown >= SHOW_EVERY:
                shown = time.monotonic()
                keep_files([*paths, *(str(one.video) for one in results)])
                yield view.running(step)
        yield _end(view, results, faults)
    except Exception:  # whatever it is, the buttons must come back
        logger.exception("a video failed")
        yield _end(view, results, [*faults, say("video.failed" if results else "page.failed")])
    finally:
        work.close()  # also when the visitor left


def _end(view: VideoView, results: list[VideoResult], faults: list[str]) -> Update:
    """The results, and what went wrong with the others."""
    if not results:
        return view.without_result(" ".join(faults))
    done = say_count("video.done", len(results)) if faults else say("video.done")
    return view.finished(results, " ".join([done, *faults]))


def _answers(work: Generator[VideoProgress | VideoResult]) -> Generator[Answer]:
    """What the endpoint sends: how far the work is, then the result.

    Gradio closes this generator when the call is cancelled or the caller has left; that ends the
    work, and its files go.
    """
    shown = 0.0
    with closing(work):
        try:
            for step in work:
                if isinstance(step, VideoResult):
                    step.json.unlink()  # it is returned; Gradio would not know it to delete it
                    told = {"sentence": step.sentence, **step.summary}
                    yield told, str(step.csv), str(step.video)
                elif time.monotonic() - shown >= SHOW_EVERY:
                    shown = time.monotonic()
                    yield {"sentence": step.text, "share": round(step.share, 3)}, None, None
        except (VideoError, ModelError) as error:
            yield {"sentence": words.sentence(str(error)), "faces": []}, None, None


def _add_endpoint(pool: ModelPool, limits: Limits) -> None:
    """The named endpoint for programs; its components are not on the page."""

    def video(
        video: str | None, model: str, threshold: float | None, landmarks: bool | None
    ) -> Generator[Answer]:
        fault = say("video.none") if video is None else words.threshold_fault(threshold)
        if fault or video is None or threshold is None:
            yield {"sentence": fault, "faces": []}, None, None
            return
        options = VideoOptions(
            model, threshold, seconds=limits.video_seconds, movements=bool(landmarks)
        )
        work = analyse_video(pool, video, options, fresh_folder(get_upload_folder()))
        yield from _answers(work)

    with gr.Column(visible=False):
        file = upload(label="video")
        model = gr.Textbox(pool.names[0], label="model")
        threshold = any_number(THRESHOLD, label="threshold")
        landmarks = gr.Checkbox(False, label="landmarks")
        summary = gr.JSON(label="result: sentence, video, settings, faces")
        table = gr.File(label="table")
        drawn = gr.File(label="annotated video")
        gr.Button("video").click(
            video,
            [file, model, threshold, landmarks],
            [summary, table, drawn],
            api_name="video",
            api_description=ENDPOINT,
            concurrency_limit=AT_ONCE,
            concurrency_id="video",
        )
