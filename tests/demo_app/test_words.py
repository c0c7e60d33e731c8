import re
from dataclasses import replace

import numpy as np
import pytest

from demo_app import words
from demo_app.logic import analyse
from fer_core.emotions import COLOURS


@pytest.fixture(scope="module")
def face(shelf, model, portrait):
    return analyse(shelf, model, portrait).faces[0]


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0, "0 %"), (0.001, "<1 %"), (0.006, "1 %"), (0.5, "50 %"), (0.9999, ">99 %"), (1, "100 %")],
)
def test_percent_never_rounds_to_certainty(probability, text):
    assert words.percent(probability) == text


def test_bars_have_the_fixed_colours_and_the_widths_of_the_probabilities(face):
    html = words.bars(face, "fear")
    drawn = re.findall(r"width:([\d.]+)%;background:(#\w+)", html)
    assert [colour for _, colour in drawn] == [COLOURS[name] for name in face.classes]
    assert [float(width) for width, _ in drawn] == pytest.approx(100 * face.probabilities, abs=0.06)
    assert html.count(" shown") == html.count(" strong") == 1


def test_names_of_classes_cannot_inject_html(face):
    name = "<img src=x onerror=alert(1)>"
    odd = replace(face, classes=(name, *face.classes[1:]))
    assert "<img" not in words.bars(odd, name)
    assert "<img" not in words.caption(odd, 1, name)


def test_a_map_without_positive_places_is_said_to_speak_for_nothing(face):
    dark = replace(face, maps=-np.ones_like(face.maps))
    assert "No place of this face" in words.caption(dark, 1, "anger")
    assert "No place of this face" not in words.caption(
        replace(face, maps=np.ones_like(face.maps)), 1, "anger"
    )


def test_the_model_line_states_only_saved_facts():
    bare = words.model_line({}, 48)
    assert bare == "Model: sees faces at 48 x 48 pixels."
    full = words.model_line(
        {
            "data": "ferplus",
            "method": "eac",
            "noise": "symmetric",
            "noise_rate": 0.3,
            "accuracy": 0.8126,
            "test_split": "valid",
            "class_mean_accuracy": 0.7,
        },
        48,
    )
    for part in ("ferplus with eac", "30 % symmetric label noise", "81.3 % on valid", "70.0 %"):
        assert part in full
    assert "noise" not in words.model_line({"data": "ferplus", "noise": "none"}, 48)
