"""The part of the video tab that looks at a result again: events, ranges left out, files."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import gradio as gr

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_review import ReviewOptions, VideoReview
from demo_app.language import class_name, fixed, fixed_text
from demo_app.tabs.controls import Update
from demo_app.tabs.video_people import PeopleView, lay_out_people

RULE = ReviewOptions("happiness")  # its threshold and duration are those a visitor begins with


@dataclass(frozen=True)
class ReviewView:
    """What a visitor looks for, and what is found."""

    panel: gr.Column
    emotion: gr.Dropdown
    threshold: gr.Slider
    seconds: gr.Slider
    excluded: gr.Textbox
    fault: gr.Markdown
    events: gr.HTML
    summaries: gr.HTML
    moments: gr.HTML
    people: PeopleView

    @property
    def components(self) -> list[Any]:
        """All of them."""
        return [*(getattr(self, one.name) for one in fields(self)[:-1]), *self.people.components]

    @property
    def rule(self) -> list[Any]:
        """The components of `ReviewOptions`."""
        return [self.emotion, self.threshold, self.seconds, self.excluded]

    def hide(self) -> Update:
        """Nothing to look at; ranges left out belong to a video."""
        return {
            self.panel: gr.Column(visible=False),
            **self.clear(),
            **self.people.forget(),
        }

    def clear(self) -> Update:
        """No ranges left out, and nothing found."""
        return {
            self.excluded: "",
            self.events: "",
            self.summaries: "",
            self.moments: gr.HTML("", visible="hidden"),
        }

    def offer(self, result: VideoResult, options: ReviewOptions) -> Update:
        """The classes of a result's model."""
        classes = list(result.summary["classes"])
        choices = [(class_name(name), name) for name in classes]
        return {
            self.panel: gr.Column(visible=True),
            self.emotion: gr.Dropdown(choices, value=fitting(options.emotion, classes)),
        }

    def show(self, review: VideoReview) -> Update:
        """What was found."""
        return {
            self.fault: gr.Markdown("", visible=False),
            self.events: review.events_html,
            self.summaries: review.people_html,
            self.moments: gr.HTML(
                review.movements_html, visible=bool(review.movements_html) or "hidden"
            ),
        }

    def complain(self, text: str) -> Update:
        """Why there is nothing new; what was found before stays."""
        return {self.fault: gr.Markdown(text, visible=True)}


def fitting(emotion: str, classes: Sequence[str]) -> str:
    """The class that is looked for, or the first one of a model that does not have it."""
    return emotion if emotion in classes else classes[0]


def lay_out_review(classes: Sequence[str], moments: gr.HTML) -> ReviewView:
    """The components, hidden until there is a result.

    Args:
        classes: of the default model.
        moments: the panel beside the video that tells what the faces do.
    """
    with gr.Column(visible=False, elem_id="video_review") as panel:
        with gr.Row(elem_id="video_rule"):
            emotion = gr.Dropdown(
                [(fixed_text(partial(class_name, name)), name) for name in classes],
                value=fitting(RULE.emotion, classes),
                label=fixed("video_review.emotion"),
                allow_custom_value=True,  # another model's classes may be on their way
                min_width=140,
                elem_id="event_emotion",
            )
            threshold = gr.Slider(
                *(0, 1, RULE.threshold),
                step=0.01,
                label=fixed("video_review.threshold"),
                buttons=[],
                min_width=140,
                elem_id="event_threshold",
            )
            seconds = gr.Slider(
                *(0, 10, RULE.seconds),
                step=0.1,
                label=fixed("video_review.seconds"),
                buttons=[],
                min_width=140,
                elem_id="event_seconds",
            )
            excluded = gr.Textbox(
                label=fixed("video_review.excluded"),
                placeholder="0-2.5, 1:05-1:10",
                max_lines=1,
                min_width=180,
                elem_id="event_excluded",
            )
        fault = gr.Markdown(visible=False, elem_id="event_fault")
        events = gr.HTML(elem_id="video_events")
        summaries = gr.HTML(elem_id="video_summaries")
        people = lay_out_people()
    return ReviewView(
        *(panel, emotion, threshold, seconds, excluded, fault, events, summaries),
        *(moments, people),
    )
