import logging

import numpy as np
import pytest
from PIL import Image

from fer_core.config.input_spec import InputSpec
from fer_core.datasets.synthetic.faces import draw_face, draw_portrait
from fer_core.faces import detect
from fer_core.faces.align import align, similarity
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS, measure_landmarks
from fer_core.faces.detect import detect_faces, detect_faces_in

PLACES = ((0.31, 0.39), (0.69, 0.39), (0.50, 0.78))
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def make_spec(size=96, source_size=96, channels=3, grey=False):
    return InputSpec(
        size, channels, (0.5,) * channels, (0.2,) * channels, source_size, grey, PLACES
    )


def similarity_matrix(scale, degrees, shift):
    turn = np.radians(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([matrix, shift])


def apply(matrix, points):
    return np.asarray(points) @ matrix[:, :2].T + matrix[:, 2]


def marked_photo(landmarks, radius, side):
    """A black image with a red, a green and a blue disc at the three landmarks."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    pixels = np.zeros((side, side, 3), np.uint8)
    for (x, y), colour in zip(landmarks, COLOURS, strict=True):
        pixels[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = colour
    return Image.fromarray(pixels)


def centres(image):
    """(3, 2) centre (x, y) of what is red, green and blue, in pixels."""
    pixels = np.asarray(image, dtype=float)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]] + 0.5
    return np.array(
        [
            [(w * columns).sum() / w.sum(), (w * rows).sum() / w.sum()]
            for w in pixels.transpose(2, 0, 1)
        ]
    )


@pytest.mark.parametrize("degrees", [-170, -30, 0, 45, 90, 180])
@pytest.mark.parametrize("scale", [0.01, 1.0, 300.0])
def test_similarity_recovers_a_known_transform(degrees, scale):
    expected = similarity_matrix(scale, degrees, (12.5, -7.0))
    points = np.array([[0.3, 0.4], [0.7, 0.41], [0.5, 0.8], [0.1, 0.9]])
    assert np.allclose(similarity(points, apply(expected, points)), expected, rtol=1e-9, atol=1e-9)


def test_similarity_is_the_best_of_its_kind_for_points_that_do_not_fit():
    generator = np.random.default_rng(0)
    source, target = generator.random((5, 2)), generator.random((5, 2))
    best = similarity(source, target)
    error = ((apply(best, source) - target) ** 2).sum()
    a, b, x, y = best[0, 0], best[1, 0], *best[:, 2]
    for step in np.eye(4) * 1e-3:
        for sign in (-1, 1):
            da, db, dx, dy = sign * step
            near = np.array([[a + da, -(b + db), x + dx], [b + db, a + da, y + dy]])
            assert ((apply(near, source) - target) ** 2).sum() > error


def test_similarity_never_mirrors():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.4, 1.0]])
    matrix = similarity(points, points * [-1, 1])
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_that_coincide_are_refused():
    with pytest.raises(ValueError, match="do not coincide"):
        similarity(np.ones((3, 2)), np.eye(3)[:, :2])


@pytest.mark.parametrize("degrees", [-40, 0, 15, 90])
@pytest.mark.parametrize("face_side", [40, 150, 700])
def test_convention_aligned_landmarks_stand_where_the_training_crops_have_them(face_side, degrees):
    # The whole crop lies inside the photograph, whatever the angle.
    side = int(1.6 * face_side)
    turned = similarity_matrix(face_side, degrees, (0, 0))
    turned[:, 2] = side / 2 - turned[:, :2] @ [0.5, 0.5]
    landmarks = apply(turned, PLACES)
    crop = align(marked_photo(landmarks, 0.08 * face_side, side), landmarks, make_spec())
    assert crop.image.size == (96, 96)
    assert np.allclose(centres(crop.image), np.array(PLACES) * 96, atol=0.5)
    assert np.allclose(crop.to_photo, turned, atol=1e-6 * face_side)


@pytest.mark.parametrize(("size", "source_size"), [(96, 48), (48, 96), (224, 48), (48, 40)])
def test_landmarks_stay_in_place_whatever_the_sizes(size, source_size):
    turned = similarity_matrix(200, 10, (60, 40))
    landmarks = apply(turned, PLACES)
    crop = align(marked_photo(landmarks, 16, 340), landmarks, make_spec(size, source_size))
    assert crop.image.size == (size, size)
    assert np.allclose(centres(crop.image) / size, PLACES, atol=0.01)


def test_a_large_face_is_brought_to_the_sharpness_of_the_training_images():
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than 48 pixels can show: they must melt into grey, not alias
    landmarks = apply(similarity_matrix(300, 0, (50, 50)), PLACES)
    crop = align(Image.fromarray(stripes), landmarks, make_spec(48, 48))
    assert np.abs(np.asarray(crop.image, dtype=float) - 127.5).max() < 12


def test_a_model_of_grey_images_sees_a_grey_face():
    landmarks = apply(similarity_matrix(100, 0, (10, 10)), PLACES)
    photo = marked_photo(landmarks, 8, 140)
    pixels = np.asarray(align(photo, landmarks, make_spec(grey=True)).image)
    assert pixels.shape == (96, 96, 3)
    assert (pixels == pixels[..., :1]).all()
    assert align(photo, landmarks, make_spec(channels=1, grey=True)).image.mode == "L"
    assert align(photo.convert("L"), landmarks, make_spec()).image.mode == "RGB"


def test_a_face_on_the_border_is_padded():
    landmarks = apply(similarity_matrix(100, 0, (-50, -50)), PLACES)
    pixels = np.asarray(align(Image.new("RGB", (60, 60), "white"), landmarks, make_spec()).image)
    assert pixels[-5, -5].tolist() == [255, 255, 255]
    assert pixels[5, 5].tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [120, 240, 480])
def test_convention_a_face_has_its_box_in_order_and_its_landmarks_inside(size):
    face = detect_faces(draw_portrait("neutral", size, np.random.default_rng(0)))[0]
    x0, y0, x1, y1 = face.box
    assert 0 < x0 < x1 < size
    assert 0 < y0 < y1 < size
    assert 0.2 < (x1 - x0) / size < 0.5
    left, right, mouth = face.landmarks
    assert x0 < left[0] < mouth[0] < right[0] < x1
    assert y0 < left[1] < mouth[1] < y1
    assert abs(left[1] - right[1]) < (y1 - y0) / 6
    assert 0.9 <= face.score <= 1


@pytest.mark.slow
def test_an_image_larger_than_the_detector_takes_gives_coordinates_of_the_image_itself():
    small = draw_portrait("neutral", 400, np.random.default_rng(0))
    large = small.resize((2400, 2400), Image.Resampling.BICUBIC)
    box, reference = detect_faces(large)[0].box, detect_faces(small)[0].box
    assert np.allclose(np.array(box) / 6, reference, atol=12)


EDGES = ("left", "top", "right", "bottom")


def cut_through_the_face(portrait, edge, share):
    """The part of a portrait that ends within its face, and the face's true landmarks there."""
    face = detect_faces(portrait)[0]
    x0, y0, x1, y1 = face.box
    across, down = share * (x1 - x0), share * (y1 - y0)
    inner = [round(v) for v in (x0 + across, y0 + down, x1 - across, y1 - down)]
    area = [0, 0, *portrait.size]
    side = EDGES.index(edge)
    area[side] = inner[side]
    return portrait.crop(area), face.landmarks - area[:2]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.slow
def test_a_face_that_the_edge_cuts_is_found_and_its_box_ends_there(edge):
    portrait = draw_portrait("neutral", 300, np.random.default_rng(0))
    photo, landmarks = cut_through_the_face(portrait, edge, 0.2)
    (face,) = detect_faces(photo)
    x0, y0, x1, y1 = face.box
    assert 0 <= x0 < x1 <= photo.width
    assert 0 <= y0 < y1 <= photo.height
    side = EDGES.index(edge)
    assert face.box[side] == (0, 0, *photo.size)[side]
    assert np.abs(face.landmarks - landmarks).max() < 0.15 * (y1 - y0)


def test_a_face_that_fills_the_image_has_its_box_inside():
    portrait = draw_portrait("happiness", 400, np.random.default_rng(1))
    x0, y0, x1, y1 = (round(value) for value in detect_faces(portrait)[0].box)
    photo = portrait.crop((x0 + 12, y0 + 12, x1 - 12, y1 - 12))
    (face,) = detect_faces(photo)
    assert min(face.box) >= 0
    assert face.box[2] <= photo.width
    assert face.box[3] <= photo.height
    assert face.box[2] - face.box[0] > 0.8 * photo.width


@pytest.mark.slow
def test_a_box_ends_at_the_edge_of_a_reduced_image_too():
    portrait = draw_portrait("neutral", 300, np.random.default_rng(0))
    photo, _ = cut_through_the_face(portrait, "right", 0.2)
    factor = 1501 / photo.height
    large = photo.resize((round(photo.width * factor), 1501), Image.Resampling.BICUBIC)
    (face,) = detect_faces(large)
    assert face.box[2] <= large.width
    assert face.box[2] == pytest.approx(large.width, abs=4)


@pytest.mark.parametrize("grain", [1, 4, 16])
def test_noise_and_its_margin_hold_no_face(grain):
    generator = np.random.default_rng(grain)
    pixels = generator.integers(0, 256, (160 // grain, 200 // grain, 3), dtype=np.uint8)
    noise = Image.fromarray(pixels).resize((200, 160), Image.Resampling.BICUBIC)
    assert detect_faces(noise) == []


@pytest.mark.slow
def test_several_faces_come_with_the_largest_first():
    generator = np.random.default_rng(0)
    photo = Image.new("RGB", (560, 320), (90, 110, 130))
    photo.paste(draw_portrait("neutral", 200, generator), (0, 60))
    photo.paste(draw_portrait("happiness", 320, generator), (240, 0))
    faces = detect_faces(photo)
    assert len(faces) == 2
    widths = [face.box[2] - face.box[0] for face in faces]
    assert widths[0] > 1.2 * widths[1]
    assert faces[0].box[0] > 240


@pytest.mark.parametrize("size", [(1, 1), (23, 200), (5000, 30), (64, 64), (300, 200)])
def test_an_image_without_a_face_has_none(size):
    assert detect_faces(Image.new("RGB", size, (120, 130, 140))) == []


def test_grey_photographs_are_searched_too():
    portrait = draw_portrait("neutral", 240, np.random.default_rng(0))
    assert len(detect_faces(portrait.convert("L"))) == 1


@pytest.mark.slow
def test_landmarks_of_training_crops_are_measured_and_symmetric():
    generator = np.random.default_rng(0)
    drawn = [draw_face("neutral", 64, generator) for _ in range(40)]
    measured = measure_landmarks(np.stack([face.image for face in drawn]))
    truth = np.median([face.landmarks / 64 for face in drawn], axis=0)
    assert np.allclose(measured, truth, atol=0.04)
    left, right, mouth = measured
    assert left[0] + right[0] == pytest.approx(1)
    assert left[1] == pytest.approx(right[1])
    assert mouth[0] == pytest.approx(0.5)


def test_crops_without_faces_get_the_usual_places_and_a_warning(caplog):
    images = np.full((12, 48, 48, 1), 128, np.uint8)
    with caplog.at_level(logging.WARNING):
        measured = measure_landmarks(images)
    assert np.array_equal(measured, USUAL_LANDMARKS)
    assert measured is not USUAL_LANDMARKS
    assert "only 0 faces found in 12 training crops" in caplog.text


@pytest.mark.parametrize(
    ("widths", "found", "searches"),
    [
        ((400,), [400], 1),  # far over an eighth of the shorter side
        ((240,), [240], 2),  # near the limit of the first search
        ((150,), [150], 3),  # near the limit of the second search
        ((600, 34), [600], 1),  # a portrait, with somebody far behind
        ((60, 34), [60, 34], 4),
        ((34,), [34], 4),
        ((), [], 4),
    ],
)
def test_a_photograph_is_searched_until_its_smallest_face_is_far_from_the_limit(
    monkeypatch, widths, found, searches
):
    searched = []

    def search(images, plan, prepared, known, by):
        searched.append(plan.least * plan.reduction)
        boxes = [(700.0 * i, 0.0, 700.0 * i + width, width) for i, width in enumerate(widths)]
        found = [
            detect.Face(box, np.zeros((3, 2)), 0.99)
            for box in boxes
            if box[2] - box[0] >= searched[-1]
        ]
        return [found for _ in images]

    monkeypatch.setattr(detect, "_search", search)
    faces = detect_faces(Image.new("L", (2400, 1800)))
    assert [face.box[2] - face.box[0] for face in faces] == found
    assert len(searched) == searches
    searched.clear()
    detect_faces(Image.new("L", (2400, 1800)), thorough=False)
    assert len(searched) <= 2


@pytest.mark.slow
def test_several_photographs_have_the_faces_that_each_has_alone():
    portrait = draw_portrait("neutral", 300, np.random.default_rng(1)).convert("RGB")
    two = Image.new("RGB", (640, 480), "grey")
    two.paste(portrait.resize((200, 200)), (20, 20))
    two.paste(portrait.resize((120, 120)), (400, 200))
    photos = [portrait, two, Image.new("RGB", (640, 480)), portrait.convert("L"), two.rotate(180)]
    together = detect_faces_in([*photos, Image.new("RGB", (9, 9))])
    assert [len(found) for found in together][:3] == [1, 2, 0]
    assert together[-1] == []
    for photo, found in zip(photos, together, strict=False):
        for one, other in zip(found, detect_faces(photo), strict=True):
            assert one.box == pytest.approx(other.box, abs=0.01)
            assert one.landmarks == pytest.approx(other.landmarks, abs=0.01)
    assert detect_faces_in([]) == []


def test_faces_of_a_long_strip_are_found_where_they_are():
    portrait = draw_portrait("happiness", 240, np.random.default_rng(0))
    strip = Image.new("RGB", (4000, 240), "grey")
    for left in (100, 1250, 3700):
        strip.paste(portrait, (left, 0))
    lefts = sorted(face.box[0] for face in detect_faces(strip, thorough=False))
    (alone,) = detect_faces(portrait)
    assert lefts == pytest.approx([left + alone.box[0] for left in (100, 1250, 3700)], abs=12)
