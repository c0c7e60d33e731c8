"""Right labels and recall of each class, from made-up records."""

from dataclasses import replace

import numpy as np
import pytest

from fer_core.reporting.baseline_gaps import find_baseline_gaps
from fer_core.reporting.class_recalls import find_class_recalls
from fer_core.reporting.class_recalls_figure import OTHERS_NAME, draw_all_class_recalls
from tests.made_records import measured_run

TRANSITION = [[40, 10], [30, 20]]  # right: 40 of the 70 labels "a", 20 of the 30 labels "b"


@pytest.fixture
def make(tmp_path):
    """``make(method, seed, right, ...)``: a run whose record counts its noisy labels."""

    def call(method, seed, right, transition=TRANSITION, **options):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        run = measured_run(folder, method, seed, right, **options)
        return replace(run, noise=run.noise | {"transition": transition})

    return call


def recalls_of(runs):
    gaps, problems = find_baseline_gaps(runs)
    assert problems == []
    return find_class_recalls(gaps)


def test_classes_stand_in_the_order_of_their_right_labels_with_the_mean_recall(make):
    runs = [make("cross_entropy", 0, 60), make("cross_entropy", 1, 80), make("eac", 0, 90)]
    runs += [make("eac", 1, 90)]
    (found,) = recalls_of(runs)
    assert found.classes == ("b", "a")
    assert found.images.tolist() == [20, 80]
    assert found.right == pytest.approx([100 * 20 / 30, 100 * 40 / 70])
    assert list(found.recalls) == ["baseline", "EAC"]
    # The first images are of "a", so that what is predicted right begins there.
    assert found.recalls["baseline"] == pytest.approx([0, 100 * (60 + 80) / 2 / 80])
    assert found.recalls["EAC"] == pytest.approx([100 * 10 / 20, 100])


def test_a_class_that_no_label_names_has_no_share(make):
    runs = [make(method, 0, 60, [[50, 0], [50, 0]]) for method in ("cross_entropy", "eac")]
    (found,) = recalls_of(runs)
    assert found.classes == ("a", "b")
    assert found.right[0] == pytest.approx(50)
    assert np.isnan(found.right[1])


def test_records_without_counts_of_their_labels_have_no_figure(make):
    known = [make(method, 0, 60) for method in ("cross_entropy", "eac")]
    assert len(recalls_of(known)) == 1
    unknown = [replace(run, noise={"kind": "symmetric", "rate": 0.3}) for run in known]
    assert recalls_of(unknown) == []


def test_many_approaches_share_a_colour_that_the_legend_names_once(make):
    runs = [make(method, 0, 60) for method in ("cross_entropy", "eac", "gce", "rul", "scn", "nla")]
    (figure,) = draw_all_class_recalls(recalls_of(runs)).values()
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert sorted(names) == sorted(["baseline", "EAC", OTHERS_NAME])
    few = draw_all_class_recalls(recalls_of(runs[:3]))
    assert list(few) == ["classes-mobilenetv2_100-symmetric-30"]
    ((legend,),) = (one.legends for one in few.values())
    assert {text.get_text() for text in legend.get_texts()} == {"baseline", "EAC", "GCE"}
    right = next(iter(few.values())).axes[1]
    assert right.lines[0].get_xdata() == pytest.approx([0, 75])
