"""The named endpoints for programs: one photograph, one map, the models."""

from typing import Any

import gradio as gr
from PIL import Image

from demo_app.analysis import explanation
from demo_app.analysis import photo as logic
from demo_app.analysis.explanation import OPACITY
from demo_app.analysis.model_pool import ModelPool
from demo_app.render import text as words
from demo_app.tabs.controls import AT_ONCE, THRESHOLD, any_number
from demo_app.tabs.photo_layout import upload


def add_endpoints(pool: ModelPool) -> None:
    """Add ``/analyse``, ``/explain`` and ``/models``; their components are not on the page."""
    with gr.Column(visible=False):
        photo = upload(label="photo")
        model = gr.Textbox(pool.names[0], label="model")
        _add_analyse(pool, photo, model)
        _add_explain(pool, photo, model)
        _add_models(pool)


def _add_analyse(pool: ModelPool, photo: gr.Image, model: gr.Textbox) -> None:
    def analyse(
        photo: str | None,
        model: str,
        threshold: float | None,
        cropped: bool | None,
        landmarks: bool | None,
    ) -> tuple[dict[str, Any], Image.Image | None]:
        fault = words.threshold_fault(threshold)
        if fault or threshold is None:
            return {"sentence": fault, "faces": []}, None
        result = logic.analyse(pool, model, photo or "", cropped=bool(cropped))
        if landmarks:
            result = logic.with_movements(pool, result)
        rows = {"sentence": result.sentence(threshold), "faces": logic.table(result, threshold)}
        return rows, explanation.overlay_all(result)

    threshold = any_number(THRESHOLD, label="threshold")
    cropped = gr.Checkbox(False, label="cropped")
    landmarks = gr.Checkbox(False, label="landmarks")
    rows = gr.JSON(label="result: sentence, faces")
    overlay = gr.Image(label="overlay", format="jpeg")
    gr.Button("analyse").click(
        analyse,
        [photo, model, threshold, cropped, landmarks],
        [rows, overlay],
        api_name="analyse",
        api_description=words.ENDPOINT,
        concurrency_limit=AT_ONCE,
    )


def _add_explain(pool: ModelPool, photo: gr.Image, model: gr.Textbox) -> None:
    def explain(
        photo: str | None,
        model: str,
        face: float | None,
        emotion: str,
        opacity: float | None,
        cropped: bool | None,
    ) -> tuple[str, Image.Image | None, Image.Image | None]:
        result = logic.analyse(pool, model, photo or "", cropped=bool(cropped))
        opacity = OPACITY if opacity is None else opacity
        return explanation.one_map(result, 1 if face is None else int(face), emotion, opacity)

    face = gr.Number(1, label="face", precision=0)
    emotion = gr.Textbox("", label="emotion")
    opacity = gr.Number(OPACITY, label="opacity")
    cropped = gr.Checkbox(False, label="cropped")
    sentence = gr.Textbox(label="sentence")
    overlay = gr.Image(label="overlay", format="jpeg")
    crop = gr.Image(label="crop", format="png")
    gr.Button("explain").click(
        explain,
        [photo, model, face, emotion, opacity, cropped],
        [sentence, overlay, crop],
        api_name="explain",
        api_description=words.EXPLAIN_ENDPOINT,
        concurrency_limit=AT_ONCE,
    )


def _add_models(pool: ModelPool) -> None:
    def models() -> list[dict[str, str]]:
        return [{"name": name, "card": pool.card(name)} for name in pool.names]

    rows = gr.JSON(label="models: name, card")
    gr.Button("models").click(
        models, None, rows, api_name="models", api_description=words.MODELS_ENDPOINT
    )
