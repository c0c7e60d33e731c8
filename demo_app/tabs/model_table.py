"""The part of the batch tab that measures models on a visitor's own labelled photographs."""

import logging
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.model_table import MOST_MODELS, ModelTable, TableProgress, compare_models
from demo_app.analysis.model_table_html import table_html
from demo_app.language import fixed, say, say_count
from demo_app.render import text as words
from demo_app.tabs.controls import PRIVATE, Limits, Update, ask_to_stop
from demo_app.tabs.video_layout import upload
from fer_core.errors import FerError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TableView:
    """The components; ``stopped`` is the state that ends the work."""

    start: gr.Button
    stop: gr.Button
    result: gr.HTML
    table: gr.DownloadButton
    photos: gr.DownloadButton
    stopped: gr.State

    @property
    def changing(self) -> list[Block]:
        """All of them."""
        return [self.start, self.stop, self.result, self.table, self.photos, self.stopped]

    def show(
        self, text: str, *, stopped: threading.Event | None = None, done: ModelTable | None = None
    ) -> Update:
        """Text or a table; while there is something to stop, the work goes on."""
        files = {self.table: done.table, self.photos: done.photos} if done else {}
        return {
            self.result: table_html(done) if done else f'<p role="status">{escape(text)}</p>',
            self.table: gr.DownloadButton(visible=False),
            self.photos: gr.DownloadButton(visible=False),
            **{
                button: gr.DownloadButton(value=str(file), visible=True)
                for button, file in files.items()
            },
            self.stopped: stopped,
            self.start: gr.Button(interactive=stopped is None),
            self.stop: gr.Button(interactive=stopped is not None),
        }


def build(pool: ModelPool, limits: Limits) -> None:
    """Lay out the components and connect them."""
    with gr.Accordion(fixed("models.title"), open=False, elem_id="models_fold"):
        gr.Markdown(
            fixed("models.hint", most=limits.batch_files, models=MOST_MODELS), elem_id="models_hint"
        )
        with gr.Row():
            with gr.Column(scale=4, min_width=230):
                archive = upload(
                    label=fixed("models.file"),
                    file_types=[".zip"],
                    height=120,
                    elem_id="models_zip",
                )
                models = gr.Dropdown(
                    [(pool.label(name), name) for name in pool.comparison_names],
                    value=pool.names[:2],
                    multiselect=True,
                    allow_custom_value=True,
                    max_choices=MOST_MODELS,
                    label=fixed("models.models"),
                    elem_id="models_names",
                )
                with gr.Row():
                    start = gr.Button(
                        fixed("models.start"), variant="primary", elem_id="models_start"
                    )
                    stop = gr.Button(fixed("models.stop"), interactive=False, elem_id="models_stop")
            with gr.Column(scale=12, min_width=300):
                result = gr.HTML(elem_id="models_result")
                with gr.Row():
                    table = gr.DownloadButton(
                        fixed("models.download_table"), visible=False, elem_id="models_csv"
                    )
                    photos = gr.DownloadButton(
                        fixed("models.download_photos"), visible=False, elem_id="models_photos_csv"
                    )
    view = TableView(start, stop, result, table, photos, gr.State())
    _connect(pool, limits, view, archive, models)


def _connect(
    pool: ModelPool, limits: Limits, view: TableView, archive: gr.File, models: gr.Dropdown
) -> None:
    root = Path(archive.GRADIO_CACHE)

    def run(path: str | None, names: list[str] | None) -> Generator[Update]:
        if path is None or not names:
            yield view.show(say("models.none"))
            return
        if len(names) > MOST_MODELS:
            yield view.show(say("models.too_many_models", count=len(names), most=MOST_MODELS))
            return
        yield from _run(view, pool, names, path, limits.batch_files, root)

    options: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": 2, **PRIVATE}
    view.start.click(run, [archive, models], view.changing, **options)
    view.stop.click(ask_to_stop, view.stopped, view.stop, **PRIVATE)


def _run(
    view: TableView, pool: ModelPool, names: list[str], path: str, most: int, root: Path
) -> Generator[Update]:
    """What is shown while the photographs are judged."""
    stopped = threading.Event()
    yield view.show(say("models.loading"), stopped=stopped)
    try:
        with closing(compare_models(pool, names, path, most, root)) as steps:
            for step in steps:
                if stopped.is_set():
                    yield view.show(say("models.stopped"))
                    return
                if isinstance(step, TableProgress):
                    text = say_count("models.progress", step.all, done=step.done)
                    yield view.show(text, stopped=stopped)
                else:
                    yield view.show("", done=step)
    except FerError as error:
        yield view.show(words.sentence(str(error)))
    except Exception:  # whatever it is, the buttons must come back
        logger.exception("a comparison of models failed")
        yield view.show(say("page.failed"))
