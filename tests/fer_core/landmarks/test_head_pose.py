import numpy as np
import pytest

from fer_core.landmarks.head_pose import head_pose

# x to the image's right, y up, z towards the camera: eyes, nose, chin.
HEAD = np.array([[-3, 3, 0], [3, 3, 0], [0, 0, 4], [0, -6, 0], [0, 5, 1]], float)
WEIGHTS = np.ones(len(HEAD))


def seen(yaw=0.0, pitch=0.0, roll=0.0):
    """The landmarks of the head, turned first up, then to the right, then clockwise, in pixels."""
    y, p, r = np.radians([yaw, -pitch, -roll])
    up = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    right = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    turned = HEAD @ (tilt @ right @ up).T
    return 50 + 7 * turned * (1, -1, -1)


def test_convention_a_head_that_looks_into_the_camera_has_no_turn():
    assert head_pose(seen(), HEAD, WEIGHTS) == pytest.approx((0, 0, 0), abs=1e-6)


def test_convention_yaw_is_positive_when_the_nose_points_to_the_right_of_the_image():
    points = seen(yaw=30)
    assert points[2, 0] > points[[0, 1], 0].mean()
    assert head_pose(points, HEAD, WEIGHTS).yaw == pytest.approx(30)


def test_convention_pitch_is_positive_when_the_nose_points_up():
    points = seen(pitch=20)
    assert points[2, 1] < seen()[2, 1]
    assert head_pose(points, HEAD, WEIGHTS).pitch == pytest.approx(20)


def test_convention_roll_is_positive_when_the_eye_on_the_right_is_lower():
    points = seen(roll=25)
    assert points[1, 1] > points[0, 1]
    assert head_pose(points, HEAD, WEIGHTS).roll == pytest.approx(25)


def test_all_three_angles_come_back_together():
    assert head_pose(seen(-40, 15, 160), HEAD, WEIGHTS) == pytest.approx((-40, 15, 160))


def test_a_landmark_without_weight_does_not_turn_the_head():
    points = seen(10, 5, 2)
    points[3] += 30
    weights = WEIGHTS.copy()
    weights[3] = 0
    assert head_pose(points, HEAD, weights) == pytest.approx((10, 5, 2))
