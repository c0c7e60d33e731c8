import base64
import io

import numpy as np
import pytest

from demo_app.tabs.camera_frames import FrameError, read_frame, write_frame


def test_frames_travel_as_text_and_come_back_alike(portrait):
    sent = write_frame(portrait)
    back = read_frame(sent["url"])
    assert back.size == portrait.size
    assert np.abs(np.asarray(back, int) - np.asarray(portrait, int)).mean() < 4


@pytest.mark.parametrize(
    "url", ["", "data:image/jpeg;base64,", "data:image/jpeg;base64,!!", "data:,bm8gcGljdHVyZQ=="]
)
def test_a_broken_frame_is_told(url):
    with pytest.raises(FrameError, match="trying the next one"):
        read_frame(url)


def test_a_png_frame_is_read_as_well(portrait):
    stream = io.BytesIO()
    portrait.save(stream, "PNG")
    url = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    assert (np.asarray(read_frame(url)) == np.asarray(portrait)).all()
