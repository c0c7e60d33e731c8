"""Going on with a run that ended early, or starting it over where it has no checkpoint yet."""

import logging
from pathlib import Path

from fer_core.config import RunConfig, settled, to_json, without_folders
from fer_core.records.run import RUN_FILE
from fer_core.records.schema import FORMER_FILES
from fer_core.training.checkpoint import (
    CheckpointError,
    has_checkpoint,
    read_checkpoint,
    remove_checkpoint,
    save_checkpoint,
)
from fer_core.training.recording import OWN_FILES

logger = logging.getLogger(__name__)


def make_ready(folder: Path, config: RunConfig) -> bool:
    """Whether the run in ``folder`` can go on from its checkpoint; if not, its remains are removed.

    Where only the folders of the data have moved since, the checkpoint is told the new ones; that
    the data are still the same is checked when the run goes on.

    Raises:
        CheckpointError: when the checkpoint is one of another configuration.
        OSError: when the files cannot be changed.
    """
    try:
        checkpoint, written = read_checkpoint(folder)
    except CheckpointError as error:
        if not (folder / RUN_FILE).exists():
            return False  # `train` refuses files that no run has written
        if has_checkpoint(folder):
            logger.warning("%s; the run starts over", error)
        remove_checkpoint(folder)
        for name in (*OWN_FILES, *FORMER_FILES, RUN_FILE):  # which says whose they are
            (folder / name).unlink(missing_ok=True)
        return False
    config = settled(config, to_json(written))
    if without_folders(written) != without_folders(config):
        raise CheckpointError(f"the checkpoint in {folder} is one of another configuration")
    if written != config:
        save_checkpoint(folder, checkpoint, config)
    return True
