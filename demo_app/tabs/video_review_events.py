"""A result looked at again: another rule, other ranges, other people; nothing is analysed anew."""

from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_people import PeopleError
from demo_app.analysis.video_review import ReviewOptions, review_video
from demo_app.language import say
from demo_app.render import text as words
from demo_app.tabs.controls import PRIVATE, REDRAW, Update
from demo_app.tabs.video_layout import DOWNLOADS, VideoView
from demo_app.tabs.video_people import EDITS, Edit, History, called, edited, undone
from demo_app.tabs.video_review import fitting
from fer_core.errors import FerError


def review_after(ended: Dependency, view: VideoView) -> None:
    """The review of a new result; it also gives the files, and the faces to name."""
    outputs = [*_reviewed(view), *view.review.people.offered]
    review = partial(_review_people, view)
    ended.then(review, _inputs(view), outputs, show_progress="hidden", **PRIVATE)


def connect_review(view: VideoView) -> None:
    """What a visitor changes: the video of the queue, the rule, the ranges, the people."""
    review = view.review

    def choose(
        results: list[VideoResult],
        number: int,
        history: History,
        *rule: Any,  # noqa: ANN401
    ) -> Update:
        if not results:
            raise gr.Error(say("video.forgotten"), print_exception=False)
        # What was found in the last video must not stay if the new one cannot be reviewed.
        cleared = {view.timeline: None, **view.without_files(), **review.clear()}
        shown = view.show(results[number - 1])
        told = {**review.people.complain(""), review.people.name: ""}
        ranges = ""  # those left out belong to a video
        found = _review_people(view, results, number, history, *rule[:-1], ranges)
        return {**cleared, **shown, **told, **found}

    shown = [view.drawn, view.seek, view.downloads[0], review.excluded, *_reviewed(view)]
    people = [review.people.fault, review.people.name, *review.people.offered]
    view.choice.input(choose, _inputs(view), [*shown, *people], **REDRAW)
    for component in review.rule[:3]:
        component.input(partial(_review, view), _inputs(view), _reviewed(view), **REDRAW)
    for event in (review.excluded.submit, review.excluded.blur):
        event(partial(_review, view), _inputs(view), _reviewed(view), **REDRAW)
    _connect_people(view)


def _connect_people(view: VideoView) -> None:
    people = view.review.people

    def change(
        edit: Edit,
        chosen: list[int],
        name: str,
        results: list[VideoResult],
        number: int | None,
        history: History,
        *rule: Any,  # noqa: ANN401
    ) -> Update:
        if not results:
            raise gr.Error(say("video.forgotten"), print_exception=False)
        try:
            history = edited(edit, results, number or 1, history, chosen, name or "")
        except PeopleError as error:
            return people.complain(words.sentence(str(error)))
        return said(results, number, history, *rule)

    def undo(
        results: list[VideoResult],
        number: int | None,
        history: History,
        *rule: Any,  # noqa: ANN401
    ) -> Update:
        return said(results, number, undone(history, number or 1), *rule)

    def said(
        results: list[VideoResult],
        number: int | None,
        history: History,
        *rule: Any,  # noqa: ANN401
    ) -> Update:
        told = {people.history: history, people.name: "", **people.complain("")}
        return {**told, **_review_people(view, results, number, history, *rule)}

    outputs = [people.history, people.name, people.fault, *people.offered, *_reviewed(view)]
    named = [people.chosen, people.name, *_inputs(view)]
    for button, kind in ((people.rename, "rename"), (people.merge, "merge")):
        button.click(partial(change, EDITS[kind]), named, outputs, **REDRAW)
    people.undo.click(undo, _inputs(view), outputs, **REDRAW)


def _inputs(view: VideoView) -> list[Any]:
    return [view.results, view.choice, view.review.people.history, *view.review.rule]


def _review_people(
    view: VideoView,
    results: list[VideoResult],
    number: int | None,
    history: History,
    *rule: Any,  # noqa: ANN401
) -> Update:
    """The review of one result, and its people, none of whom is chosen."""
    shown = _review(view, results, number, history, *rule)
    if not results:
        return shown
    result = called(results, number or 1, history)
    return {**shown, **view.review.people.offer(result, history, number or 1)}


def _review(
    view: VideoView,
    results: list[VideoResult],
    number: int | None,
    history: History,
    emotion: str,
    threshold: float,
    seconds: float,
    excluded: str,
) -> Update:
    """Events, people, timeline and files of one result."""
    if not results:
        return {view.review.panel: gr.Column(visible=False)}
    result = called(results, number or 1, history)
    emotion = fitting(emotion, result.summary["classes"])
    options = ReviewOptions(emotion, threshold, seconds, excluded)
    offered = view.review.offer(result, options)
    try:
        review = review_video(result, options)
    except FerError as error:
        shown = {view.summary: result.summary_html, **offered}
        return {**shown, **view.review.complain(words.sentence(str(error)))}
    files = zip(view.downloads[1:], DOWNLOADS[1:], strict=True)
    return {
        view.summary: review.summary_html,
        view.timeline: review.figure,
        **{
            button: gr.DownloadButton(value=str(review.files[kind]), interactive=True)
            for button, kind in files
        },
        **offered,
        **view.review.show(review),
    }


def _reviewed(view: VideoView) -> list[Any]:
    """The components that `_review` changes."""
    review = view.review
    found = [review.panel, review.emotion, review.fault, review.events, review.summaries]
    return [view.summary, view.timeline, *view.downloads[1:], *found, review.moments]
