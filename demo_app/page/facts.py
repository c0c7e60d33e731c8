"""What Python tells the static page: classes, colours, detector settings, and its texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from demo_app.analysis.explanation import OPACITY
from demo_app.language import LANGUAGES, speaking
from demo_app.page.texts import names_of, script_words
from fer_core.config.input_spec import to_json
from fer_core.explain.cam import colourise
from fer_core.faces import detect as faces
from fer_core.faces import follow, mtcnn_networks, near, scales
from fer_core.io.image_budget import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS
from fer_core.models.pretrained import TrainedModel

DEFAULT_THRESHOLD = 0.5


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
        "heat": colourise(np.linspace(0, 1, 256)[None])[0].tolist(),
        "opacity": OPACITY,
        "threshold": DEFAULT_THRESHOLD,
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
            "moves": [list(move) for move in near.MOVES],
            "around": near.AROUND,
            "same_face": faces.SAME_FACE,
            "search_every": round(1000 * follow.SEARCH_EVERY),
        },
        "languages": _in_each_language(lambda: script_words(trained, folder)),
    }


def second_facts(trained: TrainedModel) -> dict[str, Any]:
    """What the page needs to know of a second model, as JSON values."""
    return {
        "classes": list(trained.classes),
        "colours": list(trained.taxonomy.colours),
        "input": to_json(trained.input),
        "class_names": _in_each_language(lambda: names_of(trained.classes)),
    }


def _in_each_language(tell: Callable[[], Any]) -> dict[str, Any]:
    told = {}
    for language in LANGUAGES:
        with speaking(language):
            told[language] = tell()
    return told
