import io

import numpy as np
import pytest
from PIL import Image

from fer_core.records.predictions import Prediction
from fer_core.reporting.confusion_figure import draw_confusion, drawable


def drawn(pairs):
    answers = [Prediction(f"{n}.png", *pair, 0.5) for n, pair in enumerate(pairs)]
    return draw_confusion(answers, ("happiness", "fear", "contempt"))


@pytest.mark.slow
def test_the_image_is_a_small_png_and_the_same_for_the_same_answers():
    content = drawn([(0, 0), (0, 1), (1, 1)])  # no image of contempt
    assert Image.open(io.BytesIO(content)).format == "PNG"
    assert len(content) < 50_000
    assert content == drawn([(0, 0), (0, 1), (1, 1)])


@pytest.mark.slow
def test_other_answers_give_another_image():
    one, other = (
        np.asarray(Image.open(io.BytesIO(drawn(pairs))).convert("RGB"))
        for pairs in ([(0, 0), (1, 1)], [(0, 1), (1, 0)])
    )
    assert one.shape == other.shape
    assert not np.array_equal(one, other)


def test_names_in_other_scripts_are_drawn_by_a_font_that_has_their_letters():
    assert drawable(("nicht müde", "боль", "$5")) == (["nicht müde", "боль", "$5"], ["DejaVu Sans"])


@pytest.mark.slow
def test_names_that_no_font_can_draw_become_numbers():
    no_letter = chr(0x10FFFD)  # for private use
    assert drawable(("bored", no_letter)) == (["1", "2"], ["DejaVu Sans"])
    answers = [Prediction("a.png", 0, 1, 0.5), Prediction("b.png", 1, 1, 0.5)]
    content = draw_confusion(answers, ("bored", no_letter))
    assert Image.open(io.BytesIO(content)).format == "PNG"
