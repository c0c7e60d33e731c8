"""Hugging Face Spaces from the Spacefile: ``python -m demo_app.spaces build`` and ``push``."""

import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fer_core.errors import told_in_a_sentence

logger = logging.getLogger("demo_app")
Name = Literal["demo", "dashboard", "static"]
OUT = Path("build") / "spaces"


@dataclass(frozen=True)
class Build:
    """Write the folders of Spaces."""

    names: tyro.conf.Positional[tuple[Name, ...]] = ()
    """Which Spaces; all of them by default."""
    out: Path = OUT
    """Folder in which each Space gets a folder of its name."""


@dataclass(frozen=True)
class Push:
    """Build a Space and upload it to the Hub, in one commit.

    The access token is the stored one (`hf auth login`) or HF_TOKEN of the environment.
    """

    name: tyro.conf.Positional[Name]
    """Which Space."""
    repo: str
    """Repository of the Space, USER/NAME; created if it does not exist."""
    private: bool = False
    """Make a new Space private."""


Command = (
    Annotated[Build, tyro.conf.subcommand("build")] | Annotated[Push, tyro.conf.subcommand("push")]
)


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, and build or push."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    command = tyro.cli(
        Command, prog="python -m demo_app.spaces", config=(tyro.conf.FlagCreatePairsOff,)
    )
    try:
        if isinstance(command, Build):
            build(command)
        else:
            push(command)
    except ImportError as error:
        sys.exit(
            f"error: building a Space needs more packages ({error}): pip install --group space"
        )


def build(command: Build) -> None:
    """Write the folders of the named Spaces.

    Raises:
        ValueError: as `read_manifest` and `build_space`.
        OSError: when a file cannot be read or written.
    """
    from demo_app.spaces.build import ROOT, build_space
    from demo_app.spaces.manifest import read_manifest

    spaces = read_manifest(ROOT / "Spacefile")
    for name in command.names or spaces:
        folder = command.out / name
        files = build_space(spaces[name], folder)
        size = sum((folder / file).stat().st_size for file in files)
        logger.info("%s: %d files, %.1f MB", folder, len(files), size / 1e6)


def push(command: Push) -> None:
    """Build a Space in a scratch folder, start it once, and upload it.

    Raises:
        ValueError: as `build`, and `UploadError` where the Hub does not take it.
        TrialError: when the built Space does not start.
        OSError: when a file cannot be read or written.
    """
    from demo_app.spaces.build import ROOT, build_space
    from demo_app.spaces.manifest import read_manifest
    from demo_app.spaces.trial import start_once
    from fer_core.hub.upload import check_repository, upload_folder
    from fer_core.records.provenance import source_commit

    check_repository(command.repo)
    space = read_manifest(ROOT / "Spacefile")[command.name]
    with tempfile.TemporaryDirectory(prefix="fer-space-") as scratch:
        folder = Path(scratch) / command.name
        build_space(space, folder)
        logger.info("Starting the built Space once")
        start_once(space, folder)
        commit = (source_commit(ROOT) or "an unknown commit")[:12]
        address = upload_folder(
            folder,
            command.repo,
            kind="space",
            message=f"Build the {command.name} Space from {commit}",
            private=command.private,
            space_sdk=space.card.sdk,
            replaces=("*",),  # what an earlier version had and this one has not
        )
    logger.info("The Space is at %s", address)


if __name__ == "__main__":
    main()
