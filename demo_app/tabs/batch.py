"""Many photographs at once: a table, and files to download."""

import logging
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.data_classes import FileData, ListFiles

from demo_app.analysis.batch import SHOWN, BatchProgress, BatchResult, analyse_batch
from demo_app.analysis.model_pool import ModelPool
from demo_app.language import class_name, fixed, fixed_text, say
from demo_app.render import text as words
from demo_app.tabs import model_table
from demo_app.tabs.controls import (
    PRIVATE,
    THRESHOLD,
    Controls,
    Limits,
    Update,
    any_number,
    ask_to_stop,
)
from fer_core.models.saved_model import ModelError

HEADERS = ("number", "file", "face", "prediction", "probability", "consistency", "problem")
WIDTHS: list[str | int] = ["60px", "170px", "65px", "115px", "120px", "125px", "245px"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchView:
    """The components of the tab; ``stopped`` is the state that ends the work."""

    photos: gr.File
    cropped: gr.Checkbox
    start: gr.Button
    stop: gr.Button
    sentence: gr.Markdown
    results: gr.Column
    rows: gr.Dataframe
    table: gr.DownloadButton
    overlays: gr.DownloadButton
    stopped: gr.State

    @property
    def changing(self) -> list[Block]:
        """The components that the work changes."""
        results = [self.results, self.rows, self.table, self.overlays]
        return [self.sentence, self.stopped, *results, self.start, self.stop]

    def running(self, sentence: str, stopped: threading.Event) -> Update:
        """Work in progress."""
        return {**self._idle(sentence), self.stopped: stopped, **self._buttons(running=True)}

    def without_result(self, sentence: str) -> Update:
        """Why there is no result."""
        return {**self._idle(sentence), **self._buttons(running=False)}

    def finished(self, batch: BatchResult) -> Update:
        """The result."""
        return {
            **self.without_result(batch.sentence),
            self.results: gr.Column(visible=True),
            self.rows: {
                "headers": [say(f"batch.{name}") for name in HEADERS],
                "data": [_shown(row) for row in batch.rows],
            },
            self.table: str(batch.csv),
            self.overlays: str(batch.overlays),
        }

    def _idle(self, sentence: str) -> Update:
        """No result, and nothing to stop."""
        empty = dict.fromkeys([self.stopped, self.rows, self.table, self.overlays])
        return {self.sentence: sentence, self.results: gr.Column(visible=False), **empty}

    def _buttons(self, *, running: bool) -> Update:
        return {
            self.start: gr.Button(interactive=not running),
            self.stop: gr.Button(interactive=running),
        }


def build(pool: ModelPool, controls: Controls, limits: Limits) -> None:
    """Lay out the tab and connect its events."""
    view = _lay_out(limits)
    root = Path(view.photos.GRADIO_CACHE)

    def run(
        files: list[str] | None, model: str, threshold: float, cropped: bool
    ) -> Generator[Update]:
        fault = _fault(pool, model, files, limits)
        if fault or not files:
            yield view.without_result(fault)
            return
        steps = analyse_batch(pool, model, threshold, files, root, cropped=cropped)
        yield from _run(view, steps, len(files))

    view.start.click(
        run,
        [view.photos, controls.model, controls.threshold, view.cropped],
        view.changing,
        show_progress="hidden",
        concurrency_limit=4,
        **PRIVATE,
    )
    view.stop.click(ask_to_stop, view.stopped, view.stop, **PRIVATE)
    model_table.build(pool, limits)
    _add_endpoint(pool, limits, root)


def _lay_out(limits: Limits) -> BatchView:
    with gr.Row():
        with gr.Column(scale=4, min_width=230):
            photos = _files(
                label=fixed("batch.files", most=limits.batch_files),
                height=220,
                elem_id="batch_photos",
            )
            cropped = gr.Checkbox(
                False,
                label=fixed("batch.cropped"),
                info=fixed("photo.cropped_info"),
                elem_id="batch_cropped",
            )
            with gr.Row():
                start = gr.Button(fixed("batch.analyse"), variant="primary", elem_id="batch_start")
                stop = gr.Button(fixed("batch.stop"), interactive=False, elem_id="batch_stop")
        with gr.Column(scale=12, min_width=300):
            sentence = gr.Markdown(
                fixed_text(lambda: words.batch_hint(limits.batch_files)), elem_id="batch_sentence"
            )
            with gr.Column(visible=False) as results:
                rows = gr.Dataframe(
                    headers=[fixed(f"batch.{name}") for name in HEADERS],
                    interactive=False,
                    max_height=460,
                    wrap=True,  # the whole sentence of a problem
                    column_widths=WIDTHS,
                    elem_id="batch_rows",
                )
                with gr.Row():
                    table = gr.DownloadButton(fixed("batch.table"), elem_id="batch_csv")
                    overlays = gr.DownloadButton(fixed("batch.overlays"), elem_id="batch_zip")
    shown = (sentence, results, rows, table, overlays)
    return BatchView(photos, cropped, start, stop, *shown, gr.State())


def _run(
    view: BatchView, steps: Generator[BatchProgress | BatchResult], count: int
) -> Generator[Update]:
    """What the tab shows while so many photographs are analysed."""
    stopped = threading.Event()
    yield view.running(words.batch_progress(0, count), stopped)
    try:
        with closing(steps):
            for step in steps:
                if stopped.is_set():
                    yield view.without_result(say("batch.stopped"))
                    return
                if isinstance(step, BatchProgress):
                    yield view.running(words.batch_progress(*step), stopped)
                else:
                    yield view.finished(step)
    except Exception:  # whatever it is, the buttons must come back
        logger.exception("a batch failed")
        yield view.without_result(say("page.failed"))


def _shown(row: dict[str, Any]) -> list[Any]:
    """A row as people read it; the CSV file has the classes' own names."""
    return [*map((row | {"answer": class_name(row["answer"])}).get, SHOWN)]


def _add_endpoint(pool: ModelPool, limits: Limits, root: Path) -> None:
    """The named endpoint for programs; its components are not on the page."""

    def batch(
        photos: list[str] | None, model: str, threshold: float, cropped: bool | None
    ) -> tuple[dict[str, Any], str | None, str | None]:
        fault = words.threshold_fault(threshold) or _fault(pool, model, photos, limits)
        if fault:
            return {"sentence": fault, "rows": []}, None, None
        work = analyse_batch(pool, model, threshold, photos or [], root, cropped=bool(cropped))
        *_, done = work
        assert isinstance(done, BatchResult)  # it is the last one
        return {"sentence": done.sentence, "rows": done.rows}, str(done.csv), str(done.overlays)

    with gr.Column(visible=False):
        photos = _files(label="photos")
        model = gr.Textbox(pool.names[0], label="model")
        threshold = any_number(THRESHOLD, label="threshold")
        cropped = gr.Checkbox(False, label="cropped")
        rows = gr.JSON(label="result: sentence, rows")
        table, overlays = gr.File(label="rows as CSV"), gr.File(label="overlays as ZIP")
        gr.Button("batch").click(
            batch,
            [photos, model, threshold, cropped],
            [rows, table, overlays],
            api_name="batch",
            api_description=words.BATCH_ENDPOINT,
            concurrency_limit=4,
        )


def _files(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """A choice of files that passes on their paths; Gradio's own leaves an empty file for each."""
    files = gr.File(file_count="multiple", **options)
    files.preprocess = _paths
    return files


def _paths(payload: ListFiles | FileData | None) -> list[str]:
    return [file.path for file in payload.root] if isinstance(payload, ListFiles) else []


def _fault(pool: ModelPool, model: str, files: list[str] | None, limits: Limits) -> str:
    if not files:
        return say("batch.none")
    if len(files) > limits.batch_files:
        return words.too_many_files(len(files), limits.batch_files)
    try:
        pool.get(model)
    except ModelError as error:
        return words.sentence(str(error))
    return ""
