"""What Python tells the static page: classes, colours, sentences, detector settings."""

import html
import re
from pathlib import Path
from typing import Any

import numpy as np

from demo_app.analysis.abstention import explain_threshold
from demo_app.analysis.explanation import OPACITY
from demo_app.language import say
from demo_app.render import text as words
from fer_core import __version__
from fer_core.config.input_spec import to_json
from fer_core.explain.cam import colourise
from fer_core.faces import detect as faces
from fer_core.faces import mtcnn_networks, scales
from fer_core.io.image_budget import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS
from fer_core.models.pretrained import TrainedModel
from fer_core.taxonomy import Taxonomy

DEFAULT_THRESHOLD = 0.5
ABOUT_PARTS = ("What the map means.", "What it does not mean.")
RESPONSIBLE = "Responsible use."
PRIVACY = (
    "Nothing leaves this device: your browser analyses photographs and camera frames itself. "
    "The page's own security policy keeps it from sending anything to any other server."
)
FAULTS = {
    "no_webassembly": "This browser cannot run the model: it lacks WebAssembly, which current "
    "versions of Firefox, Chrome, Edge and Safari have.",
    "no_network": "The model could not be loaded: the server does not respond. Reload the page "
    "later.",
    "missing_file": "The model could not be loaded: a file is missing on the server. Its owner can "
    "rebuild the page.",
    "no_model": "The model could not be started: its file is damaged, or memory is short. Close "
    "other pages, then reload this one.",
    "no_video": "This video cannot be played by this browser. MP4 (H.264) and WebM are played by "
    "most; the file may be damaged.",
    "unreadable": say("photo.unreadable"),
    "too_large": f"This image is too large: at most {MOST_BYTES // 10**6} MB, "
    f"{MOST_PIXELS // 10**6} megapixels and {LONGEST_SIDE:,} pixels a side can be read.",
    "camera_forbidden": say("camera.forbidden"),
    "camera_ended": "The camera was switched off or unplugged. Start it again.",
    "failed": "Something went wrong; the browser's console has the details.",
    **words.camera_faults(),
}


def page_facts(trained: TrainedModel, folder: Path) -> dict[str, Any]:
    """Everything but the files, as JSON values.

    Args:
        trained: the model of the page.
        folder: where it is saved; its test predictions tell what a threshold means.
    """
    detector = mtcnn_networks.weights()
    return {
        "classes": list(trained.classes),
        "colours": list(trained.taxonomy.colours),
        "not_sure": {"words": words.NOT_SURE, "colour": words.UNSURE_COLOUR},
        "heat": colourise(np.linspace(0, 1, 256)[None])[0].tolist(),
        "opacity": OPACITY,
        "threshold": DEFAULT_THRESHOLD,
        "thresholds": [
            explain_threshold(folder, trained, percent / 100) for percent in range(0, 101, 5)
        ],
        "input": to_json(trained.input),
        "limits": {"bytes": MOST_BYTES, "side": LONGEST_SIDE, "pixels": MOST_PIXELS},
        "detector": {
            "thresholds": list(detector.thresholds),
            "factor": detector.factor,
            "least_score": faces.LEAST_SCORE,
            "least_side": faces.LEAST_SIDE,
            "detection_side": faces.DETECTION_SIDE,
            "smallest": scales.LEAST_FACE,
            "shares": list(scales.FACE_SHARES),
            "margin_share": faces.MARGIN_SHARE,
            "margin_grey": faces.MARGIN_GREY,
        },
        "model": words.model_line(trained.facts, trained.input.size),
        "sentences": {
            **FAULTS,
            "no_face": say("photo.no_face"),
            "no_live_face": say("live.no_face"),
        },
    }


def second_facts(trained: TrainedModel) -> dict[str, Any]:
    """What the page needs to know of a second model, as JSON values."""
    return {
        "classes": list(trained.classes),
        "colours": list(trained.taxonomy.colours),
        "input": to_json(trained.input),
    }


def page_words(taxonomy: Taxonomy) -> dict[str, str]:
    """HTML for the placeholders ``{{name}}`` of index.html.

    Args:
        taxonomy: classes of the page's model.
    """
    return {
        "title": html.escape(words.title(taxonomy)),
        "introduction": html.escape(words.introduction(taxonomy)),
        "privacy": html.escape(PRIVACY),
        "about": "\n".join(_paragraph(title) for title in ABOUT_PARTS),
        "responsible": _paragraph(RESPONSIBLE),
        "version": html.escape(__version__),
    }


def _paragraph(title: str) -> str:
    """One paragraph of the demo's explanation, by the words it begins with."""
    paragraphs = re.split(r"\n\s*\n", say("about.text").strip())
    markdown = next(text for text in paragraphs if text.startswith(f"**{title}**"))
    text = html.escape(" ".join(markdown.split()), quote=False)
    return "<p>" + re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text) + "</p>"
