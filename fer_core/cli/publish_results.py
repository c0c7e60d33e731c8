"""Publish run records as a data set: ``fer-core publish-results FOLDER --repo USER/NAME``.

The dashboard shows them anywhere as ``hf://USER/NAME``; docs/publishing.md says what goes along.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from fer_core.errors import told_in_a_sentence
from fer_core.hub.upload import upload_folder
from fer_core.io.files import displayed, write_whole
from fer_core.models.saved_model import CARD_FILE
from fer_core.publishing.licences import check_licence
from fer_core.publishing.options import PublishOptions
from fer_core.publishing.records import Copied, copy_records
from fer_core.publishing.results_card import results_card
from fer_core.records.run import RecordError, read_runs
from fer_core.reporting.data_text import printable

ABOUT = "Publish run records, without weights; the access token is that of `hf auth login`."


@dataclass(frozen=True)
class Command:
    """Publish run records, without weights; the access token is that of `hf auth login`."""

    records: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """Folder of run records, searched at any depth."""
    repo: str
    """USER/NAME of the data set: created if missing; otherwise the records are added to it."""
    license: str = "apache-2.0"
    """Licence of the records, by its name on the Hub."""
    options: Annotated[PublishOptions, tyro.conf.arg(name="")] = field(
        default_factory=PublishOptions
    )
    """How they are published."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, copy what is published of the records, and upload it."""
    flat = (tyro.conf.OmitArgPrefixes,)
    command = tyro.cli(Command, prog="fer-core publish-results", description=ABOUT, config=flat)
    options = command.options
    options.check(command.repo)
    check_licence(command.license)
    if options.dry_run is not None:
        _write(command, options.dry_run)
        print(f"{options.dry_run}: written, not published")
        return
    with tempfile.TemporaryDirectory(prefix="fer-publish-") as made:
        copied = _write(command, Path(made))
        address = upload_folder(
            Path(made),
            command.repo,
            kind="dataset",
            message=options.message or f"Publish {len(copied)} run records",
            private=options.private,
        )
    print(f"{address}, in the dashboard: hf://{command.repo}")


def _write(command: Command, out: Path) -> list[Copied]:
    """Write the folder, and say what was excluded or changed."""
    found = read_runs(command.records)
    for problem in found.problems:
        print(f"warning: {printable(problem)}", file=sys.stderr)
    ended = [record for record in found.runs if record.status != "running"]
    _say("excluded, still running", [r.name for r in found.runs if r.status == "running"])
    if not ended:
        raise RecordError(f"no ended run below {displayed(command.records)}: nothing to publish")
    out.mkdir(parents=True, exist_ok=True)
    copied = copy_records(ended, command.records, out, predictions=command.options.predictions)
    _say("paths of this computer cut to their last name", [c.name for c in copied if c.changed])
    write_whole(out / CARD_FILE, results_card(copied, command.repo, command.license).encode())
    return copied


def _say(what: str, names: Sequence[str]) -> None:
    if names:
        print(f"{what}: {printable(', '.join(names))}", file=sys.stderr)


if __name__ == "__main__":
    main()
