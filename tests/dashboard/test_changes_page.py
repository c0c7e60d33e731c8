"""The page of changed images, run without a browser."""

import re

import numpy as np
import pytest

from fer_core.records.predictions import Prediction, write_predictions


@pytest.fixture
def predicted(records):
    """The eight records with predictions: EAC's are right more often."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 7, 200)
    for folder in sorted(records.iterdir()):
        right = generator.random(200) < (0.9 if folder.name.startswith("eac") else 0.6)
        answers = np.where(right, labels, (labels + 1) % 7)
        rows = zip(labels, answers, strict=True)
        write_predictions(
            folder,
            [
                Prediction(f"face_{place:03}", int(label), int(answer), 0.8)
                for place, (label, answer) in enumerate(rows)
            ],
        )
    return records


@pytest.mark.slow
def test_the_page_begins_with_the_pair_of_methods_and_lists_what_changed(
    open_page, predicted, monkeypatch
):
    app = open_page("changes", predicted)
    assert not app.exception
    assert not app.warning
    sentence = app.markdown[1].value
    assert "From baseline · 30 % symmetric noise · 2 seeds to EAC" in sentence
    gained, lost = map(int, re.search(r"(\d+) of 200 .* and (\d+) from right", sentence).groups())
    by_class, images = (frame.value for frame in app.dataframe)
    assert by_class["gained"].sum() == gained
    assert by_class["lost"].sum() == lost
    assert len(images) == gained
    app.segmented_control(key="changes_way").set_value("right → wrong").run()
    assert len(app.dataframe[1].value) == lost
    assert "not part of run records" in "".join(item.value for item in app.caption)
    monkeypatch.setattr("dashboard.analysis.map_choices.may_name_folders", lambda *_: True)
    app.run()
    app.text_input(key="changes_data").set_value("ferplus:nowhere").run()
    assert not app.exception
    assert "nowhere" in app.warning[0].value


def test_records_without_predictions_are_a_sentence_with_a_command(shown_page, eight_records):
    app = shown_page("changes", eight_records)
    assert "No finished run has predictions" in app.info[0].value
    assert "fer-core train" in app.code[0].value
