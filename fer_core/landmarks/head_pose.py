"""The turn of a head, from its landmarks and those of a model head that looks into the camera."""

import numpy as np

from fer_core.landmarks.analysis import HeadPose


def head_pose(points: np.ndarray, model: np.ndarray, weights: np.ndarray) -> HeadPose:
    """The rotation that best turns the model head into the seen one (Kabsch, weighted).

    Perspective is left out, as if the camera were far away.

    Args:
        points: (P, 3) landmarks in pixels; y down, z away from the camera.
        model: (P, 3) landmarks of the model head; x to the image's right, y up, z to the camera.
        weights: (P,) of the landmarks, at least 0: those that no expression moves count most.

    References:
        W. Kabsch, Acta Crystallographica A 34, 1978.
    """
    seen = points * (1, -1, -1)
    share = (weights / weights.sum())[:, None]
    a = model - (share * model).sum(0)
    b = seen - (share * seen).sum(0)
    u, _, v = np.linalg.svd((share * b).T @ a)
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))]) @ v
    return angles(rotation)


def angles(rotation: np.ndarray) -> HeadPose:
    """Yaw, pitch and roll of a (3, 3) rotation: pitch is applied first, then yaw, then roll."""
    yaw = np.arcsin(np.clip(-rotation[2, 0], -1, 1))
    pitch = -np.arctan2(rotation[2, 1], rotation[2, 2])
    roll = -np.arctan2(rotation[1, 0], rotation[0, 0])
    return HeadPose(*(float(np.degrees(value)) for value in (yaw, pitch, roll)))
