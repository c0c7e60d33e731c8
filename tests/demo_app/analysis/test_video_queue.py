import os

import numpy as np
import pytest
from PIL import Image

from demo_app.analysis.video import VideoProgress, VideoResult
from demo_app.analysis.video_queue import VideoFault, analyse_queue, keep_files
from demo_app.analysis.video_report import VideoOptions
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.video.writer import VideoWriter

pytestmark = pytest.mark.slow


@pytest.fixture
def clips(tmp_path):
    """Two short clips of one person, and a file that is none between them."""
    person = draw_portrait("happiness", 240, np.random.default_rng(7))
    frame = Image.new("RGB", (320, 320), "#8899aa")
    frame.paste(person, (40, 40))
    for name in ("first.mp4", "last.mp4"):
        with VideoWriter(tmp_path / name) as writer:
            for index in range(5):
                writer.write(frame, index / 10)
    (tmp_path / "broken.mp4").write_text("no video")
    return [str(tmp_path / name) for name in ("first.mp4", "broken.mp4", "last.mp4")]


def test_a_broken_file_does_not_hold_up_the_queue(pool, model, clips, tmp_path):
    steps = list(analyse_queue(pool, clips, VideoOptions(model, 0.2), tmp_path / "files"))
    assert [step.name for step in steps if isinstance(step, VideoResult)] == [
        "first.mp4",
        "last.mp4",
    ]
    (fault,) = (step for step in steps if isinstance(step, VideoFault))
    assert "Broken.mp4" in fault.sentence
    progress = [step for step in steps if isinstance(step, VideoProgress)]
    shares = [step.share for step in progress]
    assert shares == sorted(shares)
    assert "3 of 3, last.mp4: " in progress[-1].text


def test_closing_leaves_the_files_of_finished_videos_alone(pool, model, clips, tmp_path):
    root = tmp_path / "files"
    work = analyse_queue(pool, clips, VideoOptions(model, 0.2), root)
    result = next(step for step in work if isinstance(step, VideoResult))
    next(step for step in work if isinstance(step, VideoFault))
    next(work)  # a frame of the last one
    work.close()
    assert list(root.iterdir()) == [result.video.parent]


def test_files_in_use_stay_young_and_missing_ones_are_no_fault(tmp_path):
    file = tmp_path / "waiting.mp4"
    file.touch()
    os.utime(file, (0, 0))
    keep_files([str(file), str(tmp_path / "gone.mp4")])
    assert file.stat().st_mtime > 1e9
    assert not (tmp_path / "gone.mp4").exists()
