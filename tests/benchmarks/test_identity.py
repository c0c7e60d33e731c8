import numpy as np
import pytest

from benchmarks.identity import _changed
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces.detect import detect_faces


@pytest.mark.slow
def test_a_changed_face_has_its_landmarks_where_it_is():
    portrait = draw_portrait("neutral", 320, np.random.default_rng(3))
    images = list(_changed(portrait))
    assert len(images) == 10
    for image, places in images:
        eyes = np.hypot(*(places[1] - places[0]))
        found = detect_faces(image)[0].landmarks
        assert np.abs(found - places).max() < 0.25 * eyes
