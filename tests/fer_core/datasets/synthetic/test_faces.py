import numpy as np
import pytest

from fer_core.datasets.synthetic.expressions import EXPRESSIONS, sample_actions
from fer_core.datasets.synthetic.faces import draw_face, draw_portrait
from fer_core.emotions import EIGHT_CLASSES, SEVEN_CLASSES


def aligned_face(emotion, generator):
    """Grey values (24 * 24,) around the eyes and the mouth, in the frame of the landmarks."""
    image, (left, right, mouth) = draw_face(emotion, 48, generator)
    eyes = (left + right) / 2
    grid = np.linspace(-0.9, 0.9, 24)
    across, down = np.meshgrid(grid, np.linspace(-0.6, 1.4, 24))
    points = eyes + across[..., None] * (right - left) + down[..., None] * (mouth - eyes)
    column, row = np.clip(points.round().astype(int), 0, 47).reshape(-1, 2).T
    grey = image.mean(axis=2)[row, column]
    return (grey - grey.mean()) / grey.std()


def test_same_seed_draws_the_same_pixels():
    first, second = (draw_face("fear", 48, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.landmarks, second.landmarks)
    assert not np.array_equal(first.image, draw_face("fear", 48, np.random.default_rng(4)).image)


def test_same_seed_draws_the_same_portrait():
    first, second = (draw_portrait("anger", 96, np.random.default_rng(3)) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_every_emotion_has_an_expression():
    assert tuple(EXPRESSIONS) == EIGHT_CLASSES


@pytest.mark.parametrize("emotion", EIGHT_CLASSES)
@pytest.mark.parametrize("size", [48, 112])
def test_every_emotion_is_drawn_as_an_rgb_image_of_the_asked_size(emotion, size):
    face = draw_face(emotion, size, np.random.default_rng(0))
    assert face.image.shape == (size, size, 3)
    assert face.image.dtype == np.uint8
    assert face.image.std() > 10


def test_portrait_is_an_rgb_image_of_the_asked_size():
    portrait = draw_portrait("happiness", 120, np.random.default_rng(0))
    assert portrait.mode == "RGB"
    assert portrait.size == (120, 120)


@pytest.mark.slow
def test_convention_landmarks_are_left_eye_right_eye_mouth_of_the_image():
    generator = np.random.default_rng(1)
    for _ in range(5):
        for emotion in EIGHT_CLASSES:
            landmarks = draw_face(emotion, 48, generator).landmarks
            assert landmarks.shape == (3, 2)
            assert landmarks.dtype == np.float32
            assert (landmarks > 0).all()
            assert (landmarks < 48).all()
            left, right, mouth = landmarks
            assert left[0] < right[0]
            assert mouth[1] > max(left[1], right[1]) + 5


def test_same_seed_draws_the_same_face_at_every_size():
    small, large = (draw_face("sadness", size, np.random.default_rng(6)) for size in (48, 96))
    assert np.allclose(small.landmarks * 2, large.landmarks, atol=1e-3)
    halved = large.image.reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - small.image).mean() < 10


def test_surprise_opens_the_mouth_and_happiness_raises_its_corners():
    generator = np.random.default_rng(0)
    mean = {
        emotion: np.mean([sample_actions(emotion, generator) for _ in range(200)], axis=0)
        for emotion in EIGHT_CLASSES
    }
    mouth_open = sample_actions("neutral", generator)._fields.index("mouth_open")
    lip_corner = sample_actions("neutral", generator)._fields.index("lip_corner")
    assert max(mean, key=lambda emotion: mean[emotion][mouth_open]) == "surprise"
    assert max(mean, key=lambda emotion: mean[emotion][lip_corner]) == "happiness"
    assert min(mean, key=lambda emotion: mean[emotion][lip_corner]) == "sadness"


@pytest.mark.slow
def test_expressions_can_be_told_apart_from_pixels():
    generator = np.random.default_rng(0)
    labels = np.tile(np.arange(7), 55)
    pixels = np.stack([aligned_face(SEVEN_CLASSES[label], generator) for label in labels])
    pixels, held_out = pixels[:280], pixels[280:]  # (280, D), (105, D)
    targets = np.eye(7)[labels[:280]]
    dual = np.linalg.solve(pixels @ pixels.T + 300 * np.eye(280), targets)  # ridge regression
    hits = (held_out @ pixels.T @ dual).argmax(axis=1) == labels[280:]
    assert hits.mean() > 0.30  # chance is 0.14


def test_unknown_emotion_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown emotion 'joyful'.*neutral.*contempt"):
        draw_face("joyful", 48, np.random.default_rng(0))
