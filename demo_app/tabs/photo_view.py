"""The components of the photo tab by name, and how a result is shown in them."""

from dataclasses import dataclass, fields

import gradio as gr
from gradio.blocks import Block
from PIL import Image

from demo_app.analysis import explanation
from demo_app.analysis.explanation import Explanation, Selection, SideBySide
from demo_app.analysis.photo import Analysis
from demo_app.language import class_name
from demo_app.render import text as words
from demo_app.tabs.controls import Update


@dataclass(frozen=True)
class Sources:
    """Where photographs come from, and the model to compare with."""

    photo: gr.Image
    url: gr.Textbox
    gallery: gr.Gallery
    cropped: gr.Checkbox
    second: gr.Dropdown


@dataclass(frozen=True)
class FacesView:
    """The photograph with its faces."""

    sentence: gr.Markdown
    frame: gr.Column
    image: gr.Image
    details: gr.Column
    maps: gr.Column
    checks: gr.Column
    number: gr.Radio
    emotion: gr.Radio

    def show(self, analysis: Analysis, selection: Selection) -> Update:
        """The faces of a photograph; one of them is selected."""
        faces, threshold = analysis.faces, selection.threshold
        names = [
            (words.face_name(face, number, threshold), number)
            for number, face in enumerate(faces, 1)
        ]
        emotion = gr.Radio(value=None)
        if faces:
            face = faces[selection.number - 1]
            choices = [(class_name(name), name) for name in face.classes]
            emotion = gr.Radio(choices, value=selection.emotion or face.emotion)
        return {
            self.sentence: analysis.sentence(threshold),
            self.frame: gr.Column(visible=analysis.photo is not None),
            self.image: explanation.annotate(analysis, selection.number, threshold),
            self.details: gr.Column(visible=bool(faces)),
            self.maps: gr.Column(visible=bool(faces)),
            self.checks: gr.Column(visible=bool(faces)),
            self.number: gr.Radio(
                names, value=selection.number if faces else None, visible=len(faces) > 1
            ),
            self.emotion: emotion,
        }


@dataclass(frozen=True)
class ExplanationView:
    """The selected face and the map of the selected class."""

    caption: gr.HTML
    overlay: gr.Image
    crop: gr.Image
    crop_map: gr.Image
    mirror_map: gr.Image
    bars: gr.HTML
    mirror: gr.HTML

    def show(self, found: Explanation | None) -> Update:
        """An explanation; nothing where there is no face."""
        return {getattr(self, one.name): getattr(found, one.name, None) for one in fields(self)}


@dataclass(frozen=True)
class PairView:
    """The selected face by two models; hidden without a second one."""

    row: gr.Row
    first_map: gr.Image
    first_text: gr.HTML
    second_map: gr.Image
    second_text: gr.HTML

    def show(self, pair: SideBySide | None) -> Update:
        """A face by two models."""
        maps, texts = pair or ((None, None), (None, None))
        return {
            self.row: gr.Row(visible=pair is not None),
            self.first_map: maps[0],
            self.first_text: texts[0],
            self.second_map: maps[1],
            self.second_text: texts[1],
        }


@dataclass(frozen=True)
class OcclusionView:
    """What hiding each place of the face does, once it is asked for."""

    ask: gr.Button
    image: gr.Image
    text: gr.HTML

    def clear(self) -> Update:
        """Nothing is shown: it would be of another face, class or model."""
        return {self.image: gr.Image(None, visible=False), self.text: None}

    def show(self, found: tuple[Image.Image, str] | None) -> Update:
        """An occlusion map and its sentence."""
        if found is None:
            return self.clear()
        image, text = found
        return {self.image: gr.Image(image, visible=True), self.text: text}

    @property
    def filled(self) -> list[Block]:
        """The components that `show` fills."""
        return [self.image, self.text]


@dataclass(frozen=True)
class MovementsView:
    """What the selected face does, where it is asked for."""

    ask: gr.Checkbox
    text: gr.HTML


@dataclass(frozen=True)
class PhotoView:
    """Everything on the tab; ``analysis`` is the state of the session."""

    sources: Sources
    analysis: gr.State
    faces: FacesView
    explanation: ExplanationView
    occlusion: OcclusionView
    movements: MovementsView
    pair: PairView
    opacity: gr.Slider

    def show(self, analysis: Analysis, selection: Selection) -> Update:
        """A new analysis."""
        return {self.analysis: analysis, **self.redraw(analysis, selection)}

    def redraw(self, analysis: Analysis, selection: Selection) -> Update:
        """The same analysis with another selection."""
        selection = selection.within(analysis)
        return {**self.faces.show(analysis, selection), **self.explain(analysis, selection)}

    def explain(self, analysis: Analysis, selection: Selection) -> Update:
        """The selected face alone: what changes with the class and the opacity."""
        found = explanation.explain(analysis, *selection)
        pair = explanation.side_by_side(analysis, *selection)
        return {
            **self.explanation.show(found),
            **self.occlusion.clear(),
            **self.pair.show(pair),
        }

    @property
    def explained(self) -> list[Block]:
        """The components that `explain` fills."""
        return [
            *_components(self.explanation),
            *self.occlusion.filled,
            *_components(self.pair),
        ]

    @property
    def drawn(self) -> list[Block]:
        """The components that `redraw` fills."""
        return [*_components(self.faces), *self.explained]

    @property
    def shown(self) -> list[Block]:
        """The components that `show` fills."""
        return [self.analysis, *self.drawn]


def _components(view: FacesView | ExplanationView | PairView) -> list[Block]:
    return [getattr(view, one.name) for one in fields(view)]
