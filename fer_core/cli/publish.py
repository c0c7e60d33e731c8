"""Publish a model on the Hugging Face Hub: ``fer-core publish RUN --repo USER/NAME``.

docs/publishing.md describes what is published, and what is not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.hub.upload import UploadError, check_repository
from fer_core.models.pretrained import Layout
from fer_core.publishing.folder import Wishes, write_folder
from fer_core.publishing.model_info import find_subject
from fer_core.publishing.push import push_model

ABOUT = "Publish a trained model with its card; the access token is that of `hf auth login`."
CHECKED = (
    "plain timm rebuilds this model, which was tried: "
    'timm.create_model("hf-hub:{repository}", pretrained=True)'
)
UNCHECKED = "timm alone cannot rebuild this model, which was tried: it loads through fer-core"


@dataclass(frozen=True)
class Command:
    """Publish a trained model with its card; the access token is that of `hf auth login`."""

    model: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="MODEL")]
    """Folder of a run record with its model, or of a saved model."""
    repo: str
    """USER/NAME: made where it is missing, else the model becomes its next version."""
    record: Path | None = None
    """Of a saved model: folder of its run record, for the recipe on the card."""
    origin: str = ""
    """Where the starting weights come from, a sentence for the card; needed where there are any."""
    license: str = "apache-2.0"
    """Licence of the weights, by its name on the Hub; the card has the data's terms as well."""
    tag: str = ""
    """timm's short name for the weights; by default of data and method."""
    message: str = ""
    """Message of the commit."""
    private: bool = False
    """Let a new repository be seen by its owner alone."""
    predictions: bool = True
    """Publish the answers on the evaluation images too, with the images' names and labels."""
    dry_run: Path | None = None
    """Write the files to this folder, which must be empty or absent, and publish nothing."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, write the folder, and upload it."""
    command = tyro.cli(Command, prog="fer-core publish", description=ABOUT)
    check_repository(command.repo)
    if command.dry_run is not None:
        _refuse_full(command.dry_run)
        print(_write(command, command.dry_run))
        print(f"{command.dry_run}: written, not published")
        return
    address, layout = push_model(
        command.model,
        _wishes(command),
        record=command.record,
        origin=command.origin,
        message=command.message,
        private=command.private,
    )
    print(_said_of(layout, command.repo))
    print(address)


def _write(command: Command, out: Path) -> str:
    """Write the folder; what is to be said of it."""
    subject = find_subject(command.model, command.record, command.origin)
    out.mkdir(parents=True, exist_ok=True)
    return _said_of(write_folder(subject, out, _wishes(command)), command.repo)


def _wishes(command: Command) -> Wishes:
    return Wishes(command.repo, command.tag, command.license, command.predictions)


def _said_of(layout: Layout, repository: str) -> str:
    return CHECKED.format(repository=repository) if layout == "timm" else UNCHECKED


def _refuse_full(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UploadError(f"{folder} is no empty folder: name another one for the files")


if __name__ == "__main__":
    main()
