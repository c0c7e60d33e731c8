"""Texts beside points."""

import numpy as np

from dashboard.charts.point_texts import text_positions

TEXT = "48 px, 8 epochs"  # about 96 pixels


def test_a_point_alone_has_its_text_at_the_top_right():
    assert text_positions(np.array([[300.0, 100.0]]), [TEXT], 800) == ["top right"]


def test_texts_of_neighbours_do_not_cover_one_another():
    places = np.array([[300.0, 100.0], [340.0, 104.0]])
    first, second = text_positions(places, [TEXT, TEXT], 800)
    assert first != second
    assert first.split()[0] != "top" or second.split()[0] != "top"


def test_texts_at_the_right_edge_go_to_the_left():
    assert text_positions(np.array([[760.0, 100.0]]), [TEXT], 800) == ["top left"]
    assert text_positions(np.array([[10.0, 100.0]]), [TEXT], 800) == ["top right"]


def test_no_text_covers_another_point():
    places = np.array([[300.0, 100.0], [360.0, 110.0]])
    assert text_positions(places, [TEXT, ""], 800)[0] != "top right"


def test_no_text_covers_a_line():
    places, upright = np.array([[300.0, 100.0]]), np.array([[320.0, 60.0, 320.0, 200.0]])
    assert text_positions(places, [TEXT], 800, upright) == ["top left"]
