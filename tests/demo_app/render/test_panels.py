import re
from dataclasses import replace

import numpy as np
import pytest

from demo_app.analysis.photo import analyse
from demo_app.render import panels
from fer_core.emotions import COLOURS
from fer_core.explain.consistency import MirrorCheck
from fer_core.taxonomy import taxonomy_of


@pytest.fixture(scope="module")
def face(pool, model, portrait):
    return analyse(pool, model, portrait).faces[0]


def test_bars_have_the_fixed_colours_and_the_widths_of_the_probabilities(face):
    html = panels.bars(face, "fear", 0.5)
    drawn = re.findall(r"width:([\d.]+)%;background:(#\w+)", html)
    assert [colour for _, colour in drawn] == [COLOURS[name] for name in face.classes]
    assert [float(width) for width, _ in drawn] == pytest.approx(100 * face.probabilities, abs=0.06)
    assert html.count(" shown") == html.count(" strong") == 1


def test_names_of_classes_cannot_inject_html(face):
    name = "<img src=x onerror=alert(1)>"
    odd = replace(face, taxonomy=taxonomy_of((name, *face.classes[1:])))
    assert "<img" not in panels.bars(odd, name, 0.5)
    assert "<img" not in panels.caption(odd, 1, name)


def test_a_map_that_is_nowhere_positive_says_so(face):
    dark = replace(face, maps=-np.ones_like(face.maps))
    assert "nowhere positive" in panels.caption(dark, 1, "anger")
    assert "nowhere positive" not in panels.caption(
        replace(face, maps=np.ones_like(face.maps)), 1, "anger"
    )


def test_the_threshold_is_a_line_across_the_bars(face):
    assert "--threshold:0.620" in panels.bars(face, "fear", 0.62)


def mirrored(face, first, second):
    probabilities = np.full((2, 8), 0.01)
    probabilities[0, first] = probabilities[1, second] = 0.93
    return replace(face, mirror_check=MirrorCheck(probabilities, np.stack([face.maps] * 2)))


def test_the_mirror_check_says_whether_both_views_agree(face):
    agreed = panels.mirror_line(mirrored(face, 4, 4), "anger")
    assert "its mirror image: anger" in agreed
    assert agreed.count("100 %") == 3
    odd = panels.mirror_line(mirrored(face, 4, 6), "anger")
    assert "The face: anger; its mirror image: fear" in odd
    assert "--share:0.080" in odd


def test_a_model_without_mirror_check_says_so(face):
    assert "without flip TTA" in panels.mirror_line(replace(face, mirror_check=None), "anger")


def test_two_models_side_by_side_name_model_and_prediction(face):
    html = panels.model_panel("<b>mine</b>", face, "fear", 1.0)
    assert "&lt;b&gt;mine" in html
    assert "not sure" in html
    assert "map of fear" in html
