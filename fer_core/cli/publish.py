"""Publish a model on the Hugging Face Hub: ``fer-core publish RUN --repo USER/NAME``.

docs/publishing.md describes what is published, and what is not.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.models.pretrained import WeightLayout
from fer_core.publishing.folder import Publication, write_folder
from fer_core.publishing.licences import check_licence
from fer_core.publishing.model_info import find_subject
from fer_core.publishing.options import PublishOptions
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
    """USER/NAME: created if missing; otherwise the model becomes its next version."""
    record: Path | None = None
    """For a saved model: folder of its run record, for the recipe on the card."""
    origin: str = ""
    """Where the starting weights come from, a sentence for the card; needed where there are any
    and their file does not state it."""
    license: str = "apache-2.0"
    """Licence of the weights, by its name on the Hub; the card has the data's terms as well."""
    tag: str = ""
    """timm's short name for the weights; by default of data and method."""
    options: Annotated[PublishOptions, tyro.conf.arg(name="")] = field(
        default_factory=PublishOptions
    )
    """How it is published."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, write the folder, and upload it."""
    flat = (tyro.conf.OmitArgPrefixes,)
    command = tyro.cli(Command, prog="fer-core publish", description=ABOUT, config=flat)
    options = command.options
    options.check(command.repo)
    check_licence(command.license)
    if options.dry_run is not None:
        print(_write(command, options.dry_run))
        print(f"{options.dry_run}: written, not published")
        return
    address, layout = push_model(
        command.model,
        _publication(command),
        record=command.record,
        origin=command.origin,
        message=options.message,
        private=options.private,
    )
    print(_rebuild_note(layout, command.repo))
    print(address)


def _write(command: Command, out: Path) -> str:
    """Write the folder; gives a sentence on it."""
    subject = find_subject(command.model, command.record, command.origin)
    out.mkdir(parents=True, exist_ok=True)
    return _rebuild_note(write_folder(subject, out, _publication(command)), command.repo)


def _publication(command: Command) -> Publication:
    return Publication(command.repo, command.tag, command.license, command.options.predictions)


def _rebuild_note(layout: WeightLayout, repository: str) -> str:
    return CHECKED.format(repository=repository) if layout == "timm" else UNCHECKED


if __name__ == "__main__":
    main()
