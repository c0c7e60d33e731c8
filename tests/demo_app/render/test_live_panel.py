import re

import pytest

from demo_app.render.live_panel import STRIPS, Moment, figures_line, strip_svg
from fer_core.emotions import COLOURS

ANGER = ("anger", 0.9, COLOURS["anger"])


def test_the_strip_has_the_colours_of_the_answers_and_gaps_where_it_was_not_sure():
    moments = [
        *(Moment(t / 10, 1, *ANGER) for t in range(40)),
        *(Moment(t / 10, 1, "fear", 0.3, COLOURS["fear"]) for t in range(40, 60)),
        *(Moment(t / 10, 1, "fear", 0.8, COLOURS["fear"]) for t in range(60, 101)),
    ]
    drawn = re.findall(
        r'<rect x="([\d.]+)" width="([\d.]+)".*?fill="([^"]+)"', strip_svg(moments, 0.5, 10.0)
    )
    assert [colour for _, _, colour in drawn] == [COLOURS["anger"], "none", COLOURS["fear"]]
    assert [float(x) for x, _, _ in drawn] == pytest.approx([0, 40, 60])
    assert [float(width) for _, width, _ in drawn] == pytest.approx([40, 20, 40])


def rows(moments, now):
    return [int(n) for n in re.findall(r"<b>(\d+)</b>", strip_svg(moments, 0.5, now))]


def test_every_face_has_its_row_in_the_strip():
    moments = [Moment(t / 10, number, *ANGER) for t in range(20) for number in (2, 5)]
    assert rows(moments, 2.0) == [2, 5]


def test_faces_that_have_left_make_room_for_those_that_are_there():
    gone = [Moment(0.0, number, *ANGER) for number in range(10, 10 + STRIPS)]
    there = [Moment(1.0, number, *ANGER) for number in range(1, STRIPS)]
    assert rows([*gone, *there], 1.0) == [*range(1, STRIPS), 10]


@pytest.mark.parametrize(("faces", "told"), [(0, "no face"), (1, "1 face"), (2, "2 faces")])
def test_the_figures_are_told_in_words(faces, told):
    line = figures_line(faces, 12.34, 56.7)
    assert f"12.3</b> frames/s · {told} · 57 ms" in line
