import pytest

from demo_app.analysis.abstention import explain_threshold
from demo_app.language import say
from fer_core.records.predictions import Prediction, write_predictions
from fer_core.weights import BUNDLED


def test_the_threshold_is_explained_by_the_predictions_beside_the_model(pool, model, tmp_path):
    trained = pool.get(model).trained
    rows = [Prediction("a", 1, 1, 0.9), Prediction("b", 1, 2, 0.7), Prediction("c", 0, 0, 0.4)]
    write_predictions(tmp_path, rows)
    said = explain_threshold(tmp_path, trained, 0.5)
    assert "67 %" in said
    assert "right on 50 % of these" in said


def test_a_probability_that_the_table_rounds_to_1_is_below_a_threshold_of_1(pool, model, tmp_path):
    trained = pool.get(model).trained
    write_predictions(tmp_path, [Prediction("a", 1, 1, 0.99999), Prediction("b", 1, 2, 0.7)])
    assert "not sure about any" in explain_threshold(tmp_path, trained, 1.0)
    assert "sure about 50 %" in explain_threshold(tmp_path, trained, 0.99)


def test_a_model_without_predictions_promises_nothing(pool, model, tmp_path):
    trained = pool.get(model).trained
    assert explain_threshold(tmp_path, trained, 0.5) == say("controls.no_predictions")


@pytest.mark.parametrize("text", ["image,label\n", "image,label,predicted,confidence\na,b,c,d\n"])
def test_a_broken_table_promises_nothing(pool, model, tmp_path, text):
    (tmp_path / "predictions.csv").write_text(text)
    trained = pool.get(model).trained
    assert explain_threshold(tmp_path, trained, 0.5) == say("controls.no_predictions")


@pytest.mark.slow
def test_the_bundled_model_has_its_predictions_with_it(pool):
    said = explain_threshold(BUNDLED, pool.get("bundled").trained, 0.5)
    assert "the val split" in said
