from dataclasses import replace

import numpy as np
import pytest

from demo_app.analysis.photo import analyse
from demo_app.render import text as words


@pytest.fixture(scope="module")
def face(pool, model, portrait):
    return analyse(pool, model, portrait).faces[0]


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0, "0 %"), (0.001, "<1 %"), (0.006, "1 %"), (0.5, "50 %"), (0.9999, ">99 %"), (1, "100 %")],
)
def test_percent_never_rounds_to_certainty(probability, text):
    assert words.percent(probability) == text


def test_the_model_line_states_only_saved_facts():
    bare = words.model_line({}, 48)
    assert bare == "Model: 48 x 48 pixel faces."
    full = words.model_line(
        {
            "data": "ferplus",
            "method": "eac",
            "noise": "symmetric",
            "noise_rate": 0.3,
            "accuracy": 0.8126,
            "eval_split": "valid",
            "mean_class_accuracy": 0.7,
        },
        48,
    )
    for part in (
        "ferplus with eac",
        "30 % symmetric label noise",
        "81.3 % on the valid split",
        "70.0 %",
    ):
        assert part in full
    assert "noise" not in words.model_line({"data": "ferplus", "noise": "none"}, 48)


@pytest.mark.parametrize("facts", [{"noise": "fer2013"}, {"noise": "rater", "noise_rate": 0.0}])
def test_noise_without_a_rate_has_no_share(facts):
    line = words.model_line(facts, 48)
    assert line == f"Model: 48 x 48 pixel faces; {facts['noise']} label noise."


def test_one_photograph_is_told_in_the_singular():
    assert words.batch_progress(0, 1) == "0 of 1 photograph …"
    assert words.batch_progress(1, 2) == "1 of 2 photographs …"


def test_a_prediction_below_the_threshold_is_not_sure_but_names_the_likeliest(face):
    odd = replace(face, probabilities=np.array([0.02, 0.02, 0.02, 0.02, 0.38, 0.34, 0.1, 0.1]))
    assert words.prediction(odd, 0.38) == "anger 38 %"
    assert words.prediction(odd, 0.5) == "not sure (anger 38 %)"
    assert words.colour(odd, 0.3) != words.colour(odd, 0.5) == words.UNSURE_COLOUR


def test_the_sentence_counts_the_faces_it_is_not_sure_of(face):
    assert "Not sure about 2 of them" in words.found([face, face], 1.0)
    assert "Not sure" not in words.found([face, face], 0.0)


def test_the_meaning_of_a_threshold_is_said_in_figures():
    said = words.coverage(0.6, 0.9, 0.925, "the images of the val split")
    for part in ("60 %", "90 %", "the val split", "92 %"):
        assert part in said
    assert "not sure about any" in words.coverage(0.99, 0.0, float("nan"), "its test images")
