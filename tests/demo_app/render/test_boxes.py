import numpy as np
import pytest
from PIL import Image

from demo_app.render.boxes import Mark, crop_overlay, draw_marks, enlarge, text_colour
from fer_core.emotions import EMOTIONS

BLUE = "#0000ff"


def blue_share(image, box):
    region = np.asarray(image.crop(box))
    return (region == (0, 0, 255)).all(2).mean()


@pytest.mark.parametrize("emotion", EMOTIONS, ids=lambda emotion: emotion.name)
def test_labels_are_readable_on_every_emotion_colour(emotion):
    def luminance(colour):
        values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    pair = sorted([luminance(emotion.colour), luminance(text_colour(emotion.colour))])
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.4


def test_the_label_stands_above_the_box_and_below_it_at_the_upper_edge():
    paper = Image.new("RGB", (400, 400), "white")
    high = draw_marks(paper, [Mark((100, 0, 200, 120), "1 fear", BLUE)])
    low = draw_marks(paper, [Mark((100, 200, 200, 320), "1 fear", BLUE)])
    assert blue_share(high, (100, 124, 200, 150)) > 0.1
    assert blue_share(low, (100, 170, 200, 196)) > 0.1
    assert blue_share(low, (100, 324, 200, 400)) == 0


def test_labels_of_neighbours_do_not_cover_each_other():
    paper = Image.new("RGB", (400, 400), "white")
    near = [Mark((100, 200, 180, 300), "1 fear", BLUE), Mark((110, 200, 190, 300), "2", "#ff0000")]
    alone = draw_marks(paper, near[:1])
    both = draw_marks(paper, near)
    label = (104, 184, 140, 196)
    assert blue_share(alone, label) > 0.1
    assert blue_share(both, label) == blue_share(alone, label)


def test_a_box_beyond_the_picture_is_drawn_at_its_edge():
    paper = Image.new("RGB", (200, 200), "white")
    drawn = draw_marks(paper, [Mark((-50, -50, 250, 250), "1 anger 99 %", BLUE)])
    assert drawn.size == (200, 200)
    assert blue_share(drawn, (0, 80, 2, 120)) == 1
    assert blue_share(drawn, (198, 80, 200, 120)) == 1


def test_a_grey_crop_gets_a_coloured_map_where_attention_is():
    crop = Image.new("L", (48, 48), 128)
    attention = np.zeros((6, 6), dtype=np.float32)
    attention[1, 4] = 1
    drawn = np.asarray(crop_overlay(crop, attention, 0.8), dtype=int)
    warm = drawn[..., 0] - drawn[..., 2]
    row, column = np.unravel_index(warm.argmax(), warm.shape)
    side = enlarge(crop).width
    assert 0.1 < row / side < 0.4
    assert 0.6 < column / side < 0.9


def test_in_a_crowd_every_face_keeps_its_number_and_no_label_covers_a_face():
    paper = Image.new("RGB", (1600, 1000), "white")
    boxes = [
        (200 * column + 70, 200 * row + 50, 200 * column + 130, 200 * row + 130)
        for row in range(5)
        for column in range(8)
    ]
    marks = [
        Mark(box, f"{number} happiness 89 %", BLUE, short=str(number))
        for number, box in enumerate(boxes, 1)
    ]
    drawn = draw_marks(paper, marks)
    for x0, y0, x1, y1 in boxes:
        assert blue_share(drawn, (x0 + 6, y0 + 6, x1 - 6, y1 - 6)) == 0
        beside = [(x0, y0 - 40, x1, y0), (x0, y1, x1, y1 + 40)]
        assert max(blue_share(drawn, strip) for strip in beside) > 0.2
