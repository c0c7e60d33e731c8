import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face
from fer_core.faces.follow import SEARCH_EVERY, FaceFollower
from fer_core.faces.near import follow_faces, squares_around

PORTRAIT = draw_portrait("happiness", 300, np.random.default_rng(7))
OTHER = draw_portrait("surprise", 300, np.random.default_rng(9))


def scene(*placed):
    """Portraits at places of an image of a camera."""
    image = Image.new("RGB", (640, 480), "#8899aa")
    for portrait, place in placed:
        image.paste(portrait, place)
    return image


class Search:
    """Searches whole images, and counts them."""

    def __init__(self):
        self.count = 0

    def __call__(self, image):
        self.count += 1
        return detect_faces(image, thorough=False)


def eye_distance(face):
    return np.linalg.norm(face.landmarks[0] - face.landmarks[1])


@pytest.mark.parametrize("move", [(0, 0), (12, -9), (-25, 18)])
def test_a_face_that_moved_is_found_where_a_whole_search_finds_it(move):
    (before,) = detect_faces(scene((PORTRAIT, (160, 90))))
    image = scene((PORTRAIT, (160 + move[0], 90 + move[1])))
    (expected,) = detect_faces(image)
    (found,) = follow_faces(image, [before])
    apart = np.abs(found.landmarks - expected.landmarks).max()
    assert apart < 0.1 * eye_distance(expected)
    assert found.score > 0.9


def test_convention_boxes_lie_within_the_image_and_the_largest_face_comes_first():
    small = OTHER.resize((200, 200))
    image = scene((PORTRAIT, (-60, 90)), (small, (400, 100)))
    faces = detect_faces(image)
    assert len(faces) == 2
    followed = follow_faces(image, faces[::-1])
    widths = [face.box[2] - face.box[0] for face in followed]
    assert widths == sorted(widths, reverse=True)
    for face in followed:
        assert 0 <= face.box[0] < face.box[2] <= 640
        assert 0 <= face.box[1] < face.box[3] <= 480


def test_where_a_face_is_gone_following_gives_up():
    faces = detect_faces(scene((PORTRAIT, (160, 90))))
    assert follow_faces(scene(), faces) is None


def test_two_faces_never_become_one():
    (face,) = detect_faces(scene((PORTRAIT, (160, 90))))
    x0, y0, x1, y1 = face.box
    beside = Face((x0 + 8, y0, x1 + 8, y1), face.landmarks + 8, 1.0)
    assert follow_faces(scene((PORTRAIT, (160, 90))), [face, beside]) is None


def test_a_box_out_of_the_image_is_no_face():
    outside = Face((900.0, 700.0, 1000.0, 800.0), np.zeros((3, 2), np.float32), 1.0)
    assert follow_faces(scene((PORTRAIT, (160, 90))), [outside]) is None


def test_squares_stand_around_the_middle_of_the_box():
    face = Face((10.0, 20.0, 50.0, 100.0), np.zeros((3, 2), np.float32), 1.0)
    squares = squares_around(face)
    assert squares[0] == pytest.approx([-10, 20, 70, 100])
    assert (squares[:, 2:] - squares[:, :2]) == pytest.approx(np.full((len(squares), 2), 80.0))
    assert squares.mean(0) == pytest.approx(squares[0])


def test_between_two_searches_faces_are_followed_and_a_new_one_is_found_in_time():
    follower, search = FaceFollower(), Search()
    alone = scene((PORTRAIT, (0, 90)))
    for number in range(5):
        assert len(follower.find(alone, 0.1 * number, search)) == 1
    assert search.count == 1
    pair = scene((PORTRAIT, (0, 90)), (OTHER, (330, 90)))
    assert len(follower.find(pair, SEARCH_EVERY - 0.01, search)) == 1
    assert len(follower.find(pair, SEARCH_EVERY, search)) == 2
    assert search.count == 2


def test_a_lost_face_leads_to_a_search_at_once():
    follower, search = FaceFollower(), Search()
    follower.find(scene((PORTRAIT, (0, 90))), 0.0, search)
    (face,) = follower.find(scene((PORTRAIT, (330, 90))), 0.05, search)
    assert search.count == 2
    assert face.box[0] > 330


def test_images_without_a_face_and_of_another_size_are_searched():
    follower, search = FaceFollower(), Search()
    assert follower.find(scene(), 0.0, search) == []
    follower.find(scene((PORTRAIT, (160, 90))), 0.1, search)
    assert search.count == 2
    turned = scene((PORTRAIT, (160, 90))).resize((320, 240))
    assert len(follower.find(turned, 0.2, search)) == 1
    assert search.count == 3
