import numpy as np
import pytest
from PIL import Image

from fer_core.video.identity import LEAST_EYES, PersonJoiner

ANNA, BORIS, CLARA = np.eye(3)
FRAME = Image.new("RGB", (64, 64))


class Looks:
    """Embeds the faces of a frame as they were set, and counts them."""

    def __init__(self):
        self.faces, self.count = [], 0

    def __call__(self, image, landmarks):
        self.count += len(landmarks)
        return np.array([self.faces[round(places[2, 0])] for places in landmarks])


@pytest.fixture
def looks():
    return Looks()


@pytest.fixture
def joiner(looks):
    return PersonJoiner(looks)


@pytest.fixture
def show(looks, joiner):
    """Faces of people on tracks at a time -> numbers."""

    def at(time, *people, eyes=30.0):
        looks.faces = [face for _, face in people]
        tracks = [track for track, _ in people]
        landmarks = [np.array([[0, 0], [eyes, 0], [at, 20]]) for at in range(len(people))]
        return joiner.number(FRAME, landmarks, tracks, time)

    return at


def test_a_person_who_comes_back_on_a_new_track_has_the_old_number(show):
    assert show(0, (1, ANNA), (2, BORIS)) == [1, 2]
    assert show(5, (3, BORIS), (4, ANNA)) == [2, 1]
    assert show(6, (3, BORIS), (4, ANNA)) == [2, 1]


def test_a_new_person_has_the_number_of_the_track(show):
    show(0, (1, ANNA))
    assert show(5, (2, CLARA)) == [2]


def test_faces_that_are_less_alike_than_the_limit_are_two_people(show):
    show(0, (1, ANNA))
    turned = np.array([0.7, np.sqrt(1 - 0.49), 0])
    assert show(5, (2, turned)) == [2]


def test_nobody_is_in_a_frame_twice(show):
    show(0, (1, ANNA))
    assert show(1, (1, ANNA), (2, ANNA)) == [1, 2]


def test_a_track_that_goes_on_takes_its_number_back_from_one_that_was_joined_to_it(show):
    show(0, (1, ANNA))
    assert show(1, (2, ANNA)) == [1]
    assert show(2, (1, ANNA), (2, ANNA)) == [1, 2]


def test_of_two_new_faces_the_more_alike_one_is_the_person(show):
    show(0, (1, ANNA))
    near = np.array([0.9, np.sqrt(1 - 0.81), 0])
    assert show(5, (2, near), (3, ANNA)) == [2, 1]


def test_a_small_face_keeps_the_number_of_its_track_until_it_is_larger(show):
    show(0, (1, ANNA))
    assert show(5, (2, ANNA), eyes=LEAST_EYES - 1) == [2]
    assert show(6, (2, ANNA), eyes=LEAST_EYES) == [1]


def test_a_person_who_stays_is_embedded_a_few_times_only(show, looks):
    for tenth in range(200):
        show(tenth / 10, (1, ANNA))
    assert looks.count == 8


@pytest.mark.parametrize("least", [0, 1.1])
def test_a_limit_that_is_no_cosine_is_refused(looks, least):
    with pytest.raises(ValueError, match=str(least)):
        PersonJoiner(looks, least)
