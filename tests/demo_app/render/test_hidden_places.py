import numpy as np
import pytest
from PIL import Image

from demo_app.render.hidden_places import FALLS, RISES, describe_places, draw_places
from fer_core.inference.occlusion import Occlusion

CLASSES = ("calm", "a <b>", "joy")
FLAT = np.zeros((2, 2))


def occlusion(drops, predicted, hidden=0.4, emotion="joy", whole="joy"):
    drops, predicted = np.array(drops, dtype=float), np.array(predicted)
    probabilities = np.full(drops.shape, hidden)
    return Occlusion(emotion, drops, 0.9, probabilities, predicted, CLASSES.index(whole))


def test_a_place_is_orange_where_the_score_falls_and_blue_where_it_rises():
    black = Image.new("L", (8, 8))
    drawn = np.asarray(draw_places(black, occlusion([[4, -4], [0, 2]], [[2, 2], [2, 2]]), side=8))
    assert drawn[0, 0] == pytest.approx(0.75 * FALLS, abs=1)
    assert drawn[0, 7] == pytest.approx(0.75 * RISES, abs=1)
    assert (drawn[7, 0] == 0).all()
    assert drawn[7, 7] == pytest.approx(0.375 * FALLS, abs=1)


def test_nothing_is_drawn_where_hiding_changes_nothing():
    grey = Image.new("L", (8, 8), 90)
    drawn = np.asarray(draw_places(grey, occlusion([[0, 0], [0, 0]], [[2, 2], [2, 2]]), side=8))
    assert (drawn == 90).all()


def test_the_words_name_the_largest_fall_and_the_places_that_change_the_prediction():
    text = describe_places(occlusion([[4, -4], [0, 2]], [[0, 2], [2, 1]]), CLASSES, FLAT)
    assert "lowers it by 4.0" in text
    assert "from 90 % to 40 %" in text
    assert "any of 2 of the 4 regions changes the prediction from joy to" in text
    assert "calm, a &lt;b&gt;" in text


@pytest.mark.parametrize(
    ("drops", "predicted", "said"),
    [
        ([[1, 1], [1, 1]], [[2, 2], [2, 2]], "stays joy, whichever of the 4 regions"),
        ([[1, 1], [1, 1]], [[0, 0], [0, 0]], "any region changes the prediction from joy to calm"),
        ([[1, 1], [1, 1]], [[0, 2], [2, 2]], "Hiding one of the 4 regions changes the prediction"),
        ([[-1, 0], [0, 0]], [[2, 2], [2, 2]], "Hiding no region lowers the score of joy"),
    ],
)
def test_the_words_fit_each_outcome(drops, predicted, said):
    assert said in describe_places(occlusion(drops, predicted), CLASSES, FLAT)


def test_a_prediction_that_stays_is_said_of_the_map_of_another_class():
    found = occlusion([[1, 0], [0, 0]], [[2, 2], [2, 2]], emotion="calm")
    text = describe_places(found, CLASSES, FLAT)
    assert "Occlusion map of <b>calm</b>" in text
    assert "The prediction stays joy, whichever of the 4 regions is hidden" in text


def test_a_strange_name_is_shown_as_text():
    text = describe_places(
        occlusion([[1, 0], [0, 0]], [[1, 1], [1, 1]], emotion="a <b>"), CLASSES, FLAT
    )
    assert "<b>a &lt;b&gt;</b>" in text


def test_the_words_say_how_far_the_attention_map_agrees():
    found = occlusion([[4, 3], [2, 1]], [[2, 2], [2, 2]])
    assert "region by region: 1.00" in describe_places(found, CLASSES, np.array([[9, 5], [2, 0]]))
    assert "Spearman" not in describe_places(found, CLASSES, FLAT)
