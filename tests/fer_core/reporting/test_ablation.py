"""The table of an ablation, from made-up records with predictions."""

from dataclasses import replace

import numpy as np
import pytest

from fer_core.records.predictions import Prediction, write_predictions
from fer_core.records.run import read_run
from fer_core.reporting.ablation import ablation_table
from fer_core.reporting.blocks import ReportError

LABELS = [0] * 40 + [1] * 10 + [2] * 4


def predict(folder, predicted, *, labels=LABELS, chosen=True):
    rows = [
        Prediction(f"{at}.png", label, guess, 0.9, 0.5, *((guess, guess) if chosen else ()))
        for at, (label, guess) in enumerate(zip(labels, predicted, strict=True))
    ]
    write_predictions(folder, rows)
    return read_run(folder)


@pytest.fixture
def run(write_run, tmp_path):
    """``run(name, predicted, **options)``: a finished record with these predictions."""

    def create(name, predicted, *, labels=LABELS, chosen=True, **options):
        options = {"method": "cross_entropy", "rate": 0.0, "holdout": 0.1, "name": name, **options}
        return predict(write_run(tmp_path, **options), predicted, labels=labels, chosen=chosen)

    return create


def cells(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_row_names_what_changed_and_its_difference_to_the_first_run(run):
    worse = np.array(LABELS)
    worse[:4] = 1  # 4 of the 40 images of class 0
    base = replace(run("base", worse), started="2026-01-01T00:00:00+00:00")
    other = run("a", LABELS, ema_decay=0.999)
    header, _, first, second = cells(ablation_table([other, base]))
    assert first[0] == "none"
    assert second[0] == "`--ema-decay 0.999`"
    assert first[1] == f"{100 * 50 / 54:.2f}"
    assert second[1] == "100.00"
    assert second[2].startswith(f"{100 * 4 / 54:+.2f} (+")
    assert second[4].startswith(f"{100 * 0.1 / 3:+.2f} (+")
    assert header[6] == f"precision, {base.classes[2]} / {base.classes[1]}"
    assert first[6] == f"100.0 / {100 * 10 / 14:.1f}"


def test_a_class_that_is_never_predicted_has_no_precision(run):
    base = run("base", [0] * len(LABELS))
    assert cells(ablation_table([base]))[2][6] == "none / none"


def test_the_defaults_of_another_method_are_no_change(run):
    base = run("base", LABELS)
    distilled = run("distilled", LABELS, method="distill", teachers=("bundled", "large"))
    change = cells(ablation_table([base, distilled]))[3][0]
    assert change == "`--method distill --teachers bundled large`"


@pytest.mark.parametrize("wanted", ["no predictions of a chosen epoch", "none of the runs"])
def test_what_is_no_ablation_is_refused(run, wanted):
    records = [run("base", LABELS, chosen=False)] if "chosen" in wanted else []
    with pytest.raises(ReportError, match=wanted):
        ablation_table(records)


def test_runs_on_other_images_are_refused(run):
    with pytest.raises(ReportError, match="other was evaluated on other images than base"):
        ablation_table([run("base", LABELS), run("other", LABELS, labels=LABELS[::-1])])
