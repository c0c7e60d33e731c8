"""What another video of the queue changes in the review, without a browser."""

from types import SimpleNamespace

import gradio as gr
import pytest

from demo_app.tabs import video_review_events
from demo_app.tabs.controls import Limits
from demo_app.tabs.video_layout import lay_out
from demo_app.tabs.video_people import PeopleView
from demo_app.tabs.video_review_events import connect_review
from fer_core.errors import FerError

CLASSES = ("happiness", "sadness")


@pytest.fixture
def choose(monkeypatch):
    """The view, and the function that chooses the second video; it is not looked at again."""

    def review(_, options):
        raise FerError(f"left out: '{options.excluded}'")

    result = SimpleNamespace(summary={"classes": CLASSES}, summary_html="second", video="b.mp4")
    monkeypatch.setattr(video_review_events, "review_video", review)
    monkeypatch.setattr(video_review_events, "called", lambda results, number, _: results[1])
    monkeypatch.setattr(PeopleView, "offer", lambda *_: {})
    with gr.Blocks() as page:
        _, view = lay_out(Limits(), CLASSES, movements=False)
        connect_review(view)
    (event,) = (one for one in page.fns.values() if (view.choice._id, "input") in one.targets)

    def call(excluded):
        changed = event.fn([None, result], 2, {}, "happiness", 0.6, 0.5, excluded)
        assert set(changed) <= set(event.outputs)
        return changed

    return view, call


def test_ranges_left_out_of_one_video_are_not_left_out_of_another(choose):
    view, call = choose
    changed = call("0-2.5")
    assert changed[view.review.excluded] == ""
    assert changed[view.review.fault].value == "Left out: ''."


def test_nothing_of_the_last_video_stays_where_the_next_one_cannot_be_reviewed(choose):
    view, call = choose
    changed = call("abc")
    assert changed[view.summary] == "second"
    assert changed[view.timeline] is None
    assert changed[view.review.events] == changed[view.review.summaries] == ""
    film, *tables = (changed[button] for button in view.downloads)
    assert film.interactive
    assert not any(button.interactive for button in tables)
