"""What the Video tab keeps when its queue ends early, without a browser."""

from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

from demo_app.analysis.video import VideoProgress, VideoResult
from demo_app.analysis.video_queue import VideoFault
from demo_app.tabs import video


class View:
    """Tells what it is asked to show."""

    def finished(self, results, text):
        return ("finished", results, text)

    def without_result(self, text):
        return ("nothing", [], text)

    def running(self, _step):
        return ("running", [], "")


def result():
    values = dict.fromkeys(VideoResult.__dataclass_fields__)
    return VideoResult(**values | {"video": Path("clip.mp4")})


@pytest.fixture
def ends(monkeypatch):
    """The last thing that the tab shows of a queue."""

    def call(queue, cancelled=None):
        monkeypatch.setattr(video, "analyse_queue", lambda *_: queue)
        monkeypatch.setattr(video, "SHOW_EVERY", 0)
        *_, last = video._run(View(), None, ["a", "b"], SimpleNamespace(), cancelled)
        return last

    return call


def test_a_fault_before_a_cancelled_video_is_still_told(ends):
    cancelled = Event()

    def queue():
        yield VideoFault("a.mp4 is no video.")
        cancelled.set()
        yield VideoProgress(0.5, "second 1")

    assert ends(queue(), cancelled) == (
        "nothing",
        [],
        "a.mp4 is no video. Cancelled; nothing more was kept.",
    )


def test_a_finished_video_is_kept_when_the_next_one_fails_unexpectedly(ends):
    first = result()

    def queue():
        yield first
        raise OSError("disk")

    kind, results, text = ends(queue())
    assert (kind, results) == ("finished", [first])
    assert text.startswith("1 video is done. Something went wrong with the next video")


def test_an_unexpected_error_without_results_says_that_nothing_was_kept(ends):
    def queue():
        raise OSError("disk")
        yield

    kind, results, text = ends(queue())
    assert (kind, results) == ("nothing", [])
    assert "nothing was kept" in text
