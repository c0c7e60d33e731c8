"""A model -> the folder that is published: weights, configuration, card, predictions, image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core.config.methods import paper_of
from fer_core.hub.publish import Statement, write_publication
from fer_core.io.files import write_whole
from fer_core.models.pretrained import WeightLayout
from fer_core.models.saved_model import CARD_FILE, WEIGHTS_FILE
from fer_core.publishing.card_results import CONFUSION_IMAGE
from fer_core.publishing.data_terms import kind_of, name_of
from fer_core.publishing.model_card import PublishedAs, card
from fer_core.publishing.model_info import Subject, kept_predictions
from fer_core.records.predictions import PREDICTIONS_FILE, Prediction, write_predictions
from fer_core.records.run import RecordError

REPLACED = (PREDICTIONS_FILE, CONFUSION_IMAGE)  # leave the repository where a newer model has none


@dataclass(frozen=True)
class Publication:
    """How a model is to be published.

    Attributes:
        repository: ``USER/NAME``.
        tag: timm's short name for the weights; empty for one of data and method.
        licence: of the weights.
        predictions: whether predictions on evaluation images, with names and labels, are included.
    """

    repository: str
    tag: str = ""
    licence: str = "apache-2.0"
    predictions: bool = True


def write_folder(subject: Subject, out: Path, publication: Publication) -> WeightLayout:
    """Write everything that is published of a model.

    Args:
        subject: the model.
        out: an empty folder.
        publication: how.

    Returns:
        ``timm`` when timm alone rebuilds the model from this folder, which was tried, else ``own``.

    Raises:
        ModelError: when the model cannot be read, or the tag is none.
        RecordError: when the predictions name images by their place on this computer.
        ValueError: when matplotlib is missing.
        OSError: when a file cannot be written.
    """
    predictions = subject.predictions if publication.predictions else ()
    _check_names(predictions, subject.folder)
    image = _draw(subject)
    layout = write_publication(subject.folder, out, _statement(subject, publication), subject.facts)
    if predictions:
        write_predictions(out, predictions)
    if image:
        write_whole(out / CONFUSION_IMAGE, image)
    published = PublishedAs(publication.repository, layout, publication.licence, bool(image))
    size = (out / WEIGHTS_FILE).stat().st_size
    write_whole(out / CARD_FILE, card(subject, size, published).encode())
    return layout


def _statement(subject: Subject, publication: Publication) -> Statement:
    facts = subject.facts
    method = str(facts.get("method", "fer_core"))
    paper = paper_of(method)
    what = "Facial expressions"
    if not subject.trained.taxonomy.emotions:
        what = f"{len(subject.trained.classes)} classes"
    return Statement(
        tag=publication.tag or "_".join(filter(None, (_plain(kind_of(facts)), _plain(method)))),
        licence=publication.licence,
        description=f"{what} of aligned faces, learned from {name_of(facts)} with "
        f"{method}; data and results in the card.",
        paper_name=paper.title if paper else "",
        paper_ids=paper.identifier if paper else "",
    )


def _plain(text: str) -> str:
    return "".join(
        letter if letter.isascii() and letter.isalnum() else "_" for letter in text.lower()
    )


def _draw(subject: Subject) -> bytes:
    """The confusion matrix as a PNG; nothing without predictions."""
    if not subject.predictions:
        return b""
    try:
        from fer_core.reporting.confusion_figure import draw_confusion
    except ImportError as error:
        raise ValueError(
            f"the confusion image needs matplotlib ({error}): pip install 'fer-core[figures]'"
        ) from error
    return draw_confusion(
        kept_predictions(subject.predictions, subject.record), subject.trained.classes
    )


def _check_names(predictions: Sequence[Prediction], folder: Path) -> None:
    for row in predictions:
        if row.image.startswith(("/", "\\", "~")) or row.image[1:3] == ":\\":
            raise RecordError(
                f"the predictions at {folder} name an image by its place on this computer "
                f"({row.image}): use --no-predictions"
            )
