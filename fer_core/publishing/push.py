"""A saved model goes to the Hugging Face Hub, with its card: one commit."""

import tempfile
from pathlib import Path

from fer_core.hub.upload import check_repository, upload_folder
from fer_core.models.pretrained import WeightLayout
from fer_core.publishing.folder import REPLACED, Publication, write_folder
from fer_core.publishing.model_info import find_subject


def push_model(
    place: Path,
    publication: Publication,
    *,
    record: Path | None = None,
    origin: str = "",
    message: str = "",
    private: bool = False,
) -> tuple[str, WeightLayout]:
    """Publish a model with its card, as docs/publishing.md describes.

    Args:
        place: folder of a run record with its model, or of a saved model; RUN/model is the run.
        publication: the repository, and how the model is published.
        record: of a saved model: folder of its run record, for the recipe on the card.
        origin: where the starting weights come from, for the card; needed where there are any.
        message: of the commit; by default the name of the model.
        private: let a new repository be seen by its owner alone.

    Returns:
        The address of the repository's page, and whose names the weights have.

    Raises:
        ModelError, RecordError, ReportError, UploadError: ValueErrors of one sentence.
        OSError: when a file cannot be read or written.
    """
    check_repository(publication.repository)
    named = place.resolve().parent if place.name == "model" else place.resolve()
    with tempfile.TemporaryDirectory(prefix="fer-publish-") as made:
        layout = write_folder(find_subject(place, record, origin), Path(made), publication)
        address = upload_folder(
            Path(made),
            publication.repository,
            kind="model",
            message=message or f"Publish {named.name}",
            private=private,
            replaces=REPLACED,
        )
    return address, layout
