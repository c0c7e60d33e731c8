"""What the labels of somebody else's model mean in our classes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_core.emotions import EIGHT_CLASSES, find_emotion
from fer_core.errors import FerError
from fer_core.io.files import displayed, parse_json, read_text
from fer_core.models.saved_model import ModelError

MOST_NAMED = 12  # labels in a message


class LabelError(FerError, ValueError):
    """Labels that cannot be mapped as the user asks."""


@dataclass(frozen=True)
class LabelMapping:
    """The labels of a model and the class of each.

    Attributes:
        labels: L names in the order of the logits.
        targets: the class of each; None: it names none, and stays a class of its own.
        given: classes of the data set, beside the emotions.
    """

    labels: tuple[str, ...]
    targets: tuple[str | None, ...]
    given: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The class that each label counts as, of its own or not."""
        ours = {name.casefold() for name in (*self.given, *EIGHT_CLASSES)}
        return tuple(
            target or (f"{label} (dropped)" if label.casefold() in ours else label)
            for label, target in zip(self.labels, self.targets, strict=True)
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """K names: the classes and the unmapped labels, each once, in the order of the labels."""
        return tuple(dict.fromkeys(self.names))

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Classes of labels that name none of ours, each once."""
        pairs = zip(self.names, self.targets, strict=True)
        return tuple(dict.fromkeys(name for name, target in pairs if target is None))

    def fold(self, logits: np.ndarray) -> np.ndarray:
        """Logits of the classes (N, K) from those of the labels (N, L).

        Where several labels mean one class, its logit is the log of the sum of their exponentials,
        so that softmax gives it the sum of their probabilities.
        """
        names = np.array(self.names)
        parts = [np.logaddexp.reduce(logits[:, names == name], axis=1) for name in self.classes]
        return np.stack(parts, 1).astype(np.float32)

    def sentences(self) -> str:
        """How the labels are read, for people who read predictions; one or two sentences."""
        pairs = [f"{label} as {name}" for label, name in self.to_json().items() if name]
        told = f"Its labels are read by their names: {_listed(pairs)}."
        if self.unmapped:
            told += f" No class of ours: {_listed(self.unmapped)}."
        return told

    def to_json(self) -> dict[str, str | None]:
        """Label -> class, None where it names none."""
        return dict(zip(self.labels, self.targets, strict=True))


def map_labels(
    labels: Sequence[str],
    classes: Sequence[str] = (),
    chosen: Mapping[str, str | None] | None = None,
) -> LabelMapping:
    """Match labels with classes by name: those of the data set as written, emotions by synonyms.

    Args:
        labels: in the order of the logits.
        classes: of the data set.
        chosen: label -> class, where the user knows better; None: no class.

    Raises:
        LabelError: when ``chosen`` names an unknown label or class.
        ModelError: when no label names a class.
    """
    chosen = dict(chosen or {})
    unknown = [label for label in chosen if label not in labels]
    if unknown:
        raise LabelError(
            f"labels: the model has no label {unknown[0]!r}; its labels: {_listed(labels)}"
        )
    wanted = {label: _wanted_class(name, classes) for label, name in chosen.items()}
    targets = tuple(
        wanted[label] if label in wanted else _class_of(label, classes) for label in labels
    )
    mapping = LabelMapping(tuple(labels), targets, tuple(classes))
    if not any(targets):
        raise ModelError(
            f"no label of the model names a class ({', '.join(classes or EIGHT_CLASSES)}); its "
            f"labels: {_listed(labels)}. `fer-core evaluate --labels LABEL=CLASS,...` or a JSON "
            "file says what they mean"
        )
    return mapping


def parse_labels(text: str) -> dict[str, str | None]:
    """The user's mapping: ``LABEL_0=anger,LABEL_1=disgust``, or a JSON file of an object.

    ``LABEL_2=`` (in JSON null) takes a label out of every class.

    Raises:
        LabelError: when it is neither.
    """
    if text.endswith(".json"):
        return _read_labels(Path(text))
    pairs: dict[str, str | None] = {}
    for part in text.split(","):
        label, sign, name = part.rpartition("=")
        label = label.strip()
        if not sign or not label or label in pairs:
            why = f"names {label!r} twice" if label in pairs else f"got {part!r}"
            raise LabelError(
                f"labels must be LABEL=CLASS,LABEL=CLASS,... or a file NAME.json, {why}"
            )
        pairs[label] = name.strip() or None
    return pairs


def _read_labels(file: Path) -> dict[str, str | None]:
    shown = displayed(file)
    try:
        values = parse_json(read_text(file))
    except FileNotFoundError as error:
        raise LabelError(f"labels: no file {shown}") from error
    except json.JSONDecodeError as error:
        raise LabelError(f"labels: {shown} is not JSON: {error}") from error
    texts = isinstance(values, dict) and all(isinstance(v, str | None) for v in values.values())
    if not texts:
        raise LabelError(
            f'labels: {shown} must hold one object of label and class, as {{"LABEL_0": "anger"}}'
        )
    return values


def _wanted_class(name: str | None, classes: Sequence[str]) -> str | None:
    if not name:
        return None
    found = _class_of(name, classes)
    if found is None:
        known = ", ".join(dict.fromkeys((*classes, *EIGHT_CLASSES)))
        raise LabelError(f"labels: {name!r} is not a class; use one of {known}")
    return found


def _class_of(text: str, classes: Sequence[str]) -> str | None:
    """The class that a label names, or None."""
    written = {name.casefold(): name for name in classes}
    return written.get(text.strip().casefold()) or find_emotion(text)


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    return f"{', '.join(labels[:MOST_NAMED])}{more}"
