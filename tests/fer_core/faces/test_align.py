import numpy as np
import pytest
from PIL import Image

from fer_core.config.input_spec import InputSpec
from fer_core.faces import align as module
from fer_core.faces.align import align
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS


@pytest.fixture(scope="module")
def photo():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    return Image.fromarray(pixels)


def spec(grey):
    return InputSpec(
        size=64,
        channels=1 if grey else 3,
        mean=(0.5,) * (1 if grey else 3),
        std=(0.2,) * (1 if grey else 3),
        source_size=48,
        grey=grey,
        landmarks=tuple((float(x), float(y)) for x, y in USUAL_LANDMARKS),
    )


@pytest.mark.parametrize("grey", [True, False])
@pytest.mark.parametrize(
    ("left", "top", "side", "turned"),
    [
        (120, 80, 90, False),
        (120, 80, 90, True),
        (-20, -30, 120, True),  # cut by the corner
        (330, 200, 130, False),
        (5, 5, 300, True),
        (500, 100, 80, False),  # outside of the photograph
    ],
)
def test_the_part_that_is_read_gives_the_crop_of_the_whole_photograph(
    photo, monkeypatch, grey, left, top, side, turned
):
    landmarks = USUAL_LANDMARKS * side + (left, top)
    if turned:
        landmarks[1, 1] += side / 6
    quick = align(photo, landmarks, spec(grey))
    monkeypatch.setattr(module, "part_of", lambda whole, _: (whole, np.zeros(2)))
    whole = align(photo, landmarks, spec(grey))
    difference = np.abs(np.asarray(quick.image, int) - np.asarray(whole.image, int))
    assert difference.max() <= 1
    assert np.array_equal(quick.to_photo, whole.to_photo)
    assert quick.image.size == (64, 64)
