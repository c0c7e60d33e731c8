import numpy as np
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.video.shots import CutDetector


def test_a_cut_is_found_and_movement_is_none():
    rooms = [draw_portrait("neutral", 480, np.random.default_rng(seed)) for seed in (1, 4)]
    detector = CutDetector()
    found = []
    for room in rooms:
        for step in range(10):
            x = 12 * step
            found.append(detector.is_cut(room.crop((x, 0, x + 320, 240))))
    assert found == [False] * 10 + [True] + [False] * 9


def test_brighter_light_is_no_cut():
    room = draw_portrait("neutral", 320, np.random.default_rng(1))
    detector = CutDetector()
    detector.is_cut(room)
    assert not detector.is_cut(room.point(lambda value: min(255, round(value * 1.5))))


def test_from_a_flat_image_the_colours_tell():
    detector = CutDetector()
    black = Image.new("RGB", (64, 48))
    room = draw_portrait("neutral", 320, np.random.default_rng(1))
    assert [detector.is_cut(one) for one in (black, black, room)] == [False, False, True]
