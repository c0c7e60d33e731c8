"""Analyses of faces for tests, which need no landmarker."""

import numpy as np

from fer_core.landmarks.analysis import FaceAnalysis, HeadPose
from fer_core.landmarks.movements import BLENDSHAPES

SMILE = {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.7}


def make_analysis(scores=SMILE, pose=(5.0, -3.0, 11.0), side=100.0):
    """A face that smiles, with two landmarks."""
    blendshapes = dict.fromkeys(BLENDSHAPES, 0.0) | scores
    points = np.array([[0.2, 0.4, 0.0], [0.8, 0.4, 0.0]], np.float32) * np.float32(side)
    return FaceAnalysis(blendshapes, HeadPose(*pose), points)


def smiling(photo, faces):
    """An analyser for which every face smiles."""
    return [make_analysis(side=photo.width) for _ in faces]
