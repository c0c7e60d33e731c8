"""Many photographs at once: a table, and files to take away."""

import logging
import threading
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ListFiles

from demo_app.analysis.batch import SHOWN, Batch, Progress, analyse_batch
from demo_app.analysis.model_pool import ModelShelf
from demo_app.render import text as words
from demo_app.tabs.controls import PRIVATE, THRESHOLD, Controls, Limits
from fer_core.models.pretrained import ModelError

HEADERS = ["File", "Face", "Answer", "Probability", "Consistency", "Problem"]

logger = logging.getLogger(__name__)


def build(shelf: ModelShelf, controls: Controls, limits: Limits) -> None:
    """Lay out the tab and connect its events."""
    with gr.Row():
        with gr.Column(scale=4, min_width=230):
            photos = _files(
                label=f"Up to {limits.batch_files} photographs",
                height=220,
                elem_id="batch_photos",
            )
            with gr.Row():
                start = gr.Button("Analyse", variant="primary", elem_id="batch_start")
                stop = gr.Button("Stop", interactive=False, elem_id="batch_stop")
        with gr.Column(scale=12, min_width=300):
            sentence = gr.Markdown(words.batch_hint(limits.batch_files), elem_id="batch_sentence")
            with gr.Column(visible=False) as results:
                rows = gr.Dataframe(
                    headers=HEADERS, interactive=False, max_height=460, elem_id="batch_rows"
                )
                with gr.Row():
                    table = gr.DownloadButton("Table (CSV)", elem_id="batch_csv")
                    overlays = gr.DownloadButton("Overlays (ZIP)", elem_id="batch_zip")
    place = Path(photos.GRADIO_CACHE)
    stopped = gr.State()

    def run(
        files: list[str] | None, model: str, threshold: float
    ) -> Generator[list[Any], None, None]:
        fault = _fault(shelf, model, files, limits)
        if fault:
            yield [fault, None, *_results(None), *_buttons(running=False)]
            return
        asked = threading.Event()
        done = words.batch_progress(0, len(files or []))
        yield [done, asked, *_results(None), *_buttons(running=True)]
        try:
            with closing(analyse_batch(shelf, model, threshold, files or [], place)) as steps:
                for step in steps:
                    if asked.is_set():
                        yield [words.BATCH_STOPPED, None, *_results(None), *_buttons(running=False)]
                        return
                    if isinstance(step, Progress):
                        done = words.batch_progress(*step)
                        yield [done, asked, *_results(None), *_buttons(running=True)]
                    else:
                        yield [step.sentence, None, *_results(step), *_buttons(running=False)]
        except Exception:  # whatever it is, the buttons must come back
            logger.exception("a batch failed")
            yield [words.FAILED, None, *_results(None), *_buttons(running=False)]

    def ask_to_stop(asked: threading.Event | None) -> gr.Button:
        if asked is not None:
            asked.set()
        return gr.Button(interactive=False)  # the words come from the work, when it has stopped

    changed = [sentence, stopped, results, rows, table, overlays, start, stop]
    start.click(
        run,
        [photos, controls.model, controls.threshold],
        changed,
        show_progress="hidden",
        concurrency_limit=4,
        **PRIVATE,
    )
    stop.click(ask_to_stop, stopped, stop, **PRIVATE)
    _add_endpoint(shelf, limits, place)


def _add_endpoint(shelf: ModelShelf, limits: Limits, place: Path) -> None:
    def endpoint(
        photos: list[str] | None, model: str, threshold: float
    ) -> tuple[dict[str, Any], str | None, str | None]:
        fault = words.threshold_fault(threshold) or _fault(shelf, model, photos, limits)
        if fault:
            return {"sentence": fault, "rows": []}, None, None
        *_, done = analyse_batch(shelf, model, threshold, photos or [], place)
        assert isinstance(done, Batch)  # it is the last one
        return {"sentence": done.sentence, "rows": done.rows}, str(done.csv), str(done.overlays)

    with gr.Column(visible=False):
        photos = _files(label="photos")
        model = gr.Textbox(shelf.names[0], label="model")
        threshold = gr.Number(THRESHOLD, label="threshold")
        rows = gr.JSON(label="result: sentence, rows")
        table, overlays = gr.File(label="rows as CSV"), gr.File(label="overlays as ZIP")
        gr.Button("batch").click(
            endpoint,
            [photos, model, threshold],
            [rows, table, overlays],
            api_name="batch",
            api_description=words.BATCH_ENDPOINT,
            concurrency_limit=4,
        )


def _results(batch: Batch | None) -> list[Any]:
    """Values of the results' column, table and files; hidden and empty while there are none."""
    if batch is None:
        return [gr.Column(visible=False), None, None, None]
    shown = [[row.get(name) for name in SHOWN] for row in batch.rows]
    return [gr.Column(visible=True), shown, str(batch.csv), str(batch.overlays)]


def _buttons(*, running: bool) -> list[Any]:
    return [gr.Button(interactive=not running), gr.Button(interactive=running)]


def _files(**options: Any) -> gr.File:  # noqa: ANN401 - options of gr.File
    """A choice of files that hands on their paths; Gradio's own leaves an empty file for each."""
    files = gr.File(file_count="multiple", **options)
    files.preprocess = _paths
    return files


def _paths(payload: ListFiles | FileData | None) -> list[str]:
    return [file.path for file in payload.root] if isinstance(payload, ListFiles) else []


def _fault(shelf: ModelShelf, model: str, files: list[str] | None, limits: Limits) -> str:
    if not files:
        return words.BATCH_NONE
    if len(files) > limits.batch_files:
        return words.too_many_files(len(files), limits.batch_files)
    try:
        shelf.take(model)
    except ModelError as error:
        return words.sentence(str(error))
    return ""
