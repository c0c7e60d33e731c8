"""The part of the video tab that says who is who: faces named, merged, and an undo."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_people import People, faces_of, merge, rename, with_people
from demo_app.language import fixed
from demo_app.tabs.controls import Update

History = dict[int, tuple[People, ...]]
"""What was said of each result of the queue by its number, from 1; the last one counts."""
Edit = Callable[[VideoResult, People, Sequence[int], str], People]


@dataclass(frozen=True)
class PeopleView:
    """What a visitor says of the faces; ``history`` is the state of the session."""

    fold: gr.Accordion
    history: gr.State
    chosen: gr.CheckboxGroup
    name: gr.Textbox
    rename: gr.Button
    merge: gr.Button
    undo: gr.Button
    fault: gr.Markdown

    @property
    def components(self) -> list[Any]:
        """All of them."""
        return [getattr(self, one.name) for one in fields(self)]

    @property
    def offered(self) -> list[Any]:
        """The components that `offer` changes."""
        return [self.fold, self.chosen, self.merge, self.undo]

    def forget(self) -> Update:
        """Nothing is said: there are new videos."""
        return {self.history: {}, self.name: "", **self.complain("")}

    def offer(self, result: VideoResult, history: History, number: int) -> Update:
        """The faces of a result as they are called now, none of them chosen."""
        choices = [(who, face) for face, who in faces_of(result).items()]
        return {
            self.fold: gr.Accordion(visible=bool(choices)),
            self.chosen: gr.CheckboxGroup(choices, value=[]),
            self.merge: gr.Button(interactive=len(choices) > 1),
            self.undo: gr.Button(interactive=len(history.get(number, ())) > 0),
        }

    def complain(self, text: str) -> Update:
        """Why nothing changed; empty when something did."""
        return {self.fault: gr.Markdown(text, visible=bool(text))}


def called(results: Sequence[VideoResult], number: int, history: History) -> VideoResult:
    """A result with what was said of its faces; ``number`` from 1."""
    return with_people(results[number - 1], _last(history, number))


def edited(
    edit: Edit,
    results: Sequence[VideoResult],
    number: int,
    history: History,
    chosen: Sequence[int],
    name: str,
) -> History:
    """The history with one more entry; raises as `rename` and `merge`."""
    people = edit(results[number - 1], _last(history, number), chosen, name)
    return {**history, number: (*history.get(number, ()), people)}


def undone(history: History, number: int) -> History:
    """The history without its last entry."""
    return {**history, number: history.get(number, ())[:-1]}


def _last(history: History, number: int) -> People:
    said = history.get(number, ())
    return said[-1] if said else People()


EDITS: dict[str, Edit] = {"rename": rename, "merge": merge}


def lay_out_people() -> PeopleView:
    """The components, hidden until there is a result with faces."""
    history = gr.State({})
    with gr.Accordion(
        fixed("video_people.title"), open=False, visible=False, elem_id="people_fold"
    ) as fold:
        gr.Markdown(fixed("video_people.hint"), elem_id="people_hint")
        chosen = gr.CheckboxGroup([], label=fixed("video_people.faces"), elem_id="people_chosen")
        name = gr.Textbox(
            label=fixed("video_people.name"),
            info=fixed("video_people.name_info"),
            max_lines=1,
            elem_id="people_name",
        )
        with gr.Row(elem_id="people_buttons"):
            naming, merging, undoing = (
                gr.Button(
                    fixed(f"video_people.{kind}"),
                    size="sm",
                    min_width=90,
                    interactive=kind == "rename",
                    elem_id=f"people_{kind}",
                )
                for kind in ("rename", "merge", "undo")
            )
        fault = gr.Markdown(visible=False, elem_id="people_fault")
    return PeopleView(fold, history, chosen, name, naming, merging, undoing, fault)
