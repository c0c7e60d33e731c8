"""Checkpoints that are written while the next epoch is trained."""

import io
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from fer_core.config import RunConfig
from fer_core.training.checkpoint import Checkpoint, pack_checkpoint, write_checkpoint


class CheckpointWriter:
    """Writes one checkpoint at a time, in a thread.

    The state is copied into the bytes of the file before `save` returns, so that the training may
    change it at once; digest, writing and waiting for the disk are left to the thread.

    Attributes:
        completed: epochs whose checkpoint is known to be on the disk.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        """Prepare for the run of ``config`` in ``folder``; nothing is written yet."""
        self.completed = 0
        self._folder, self._config = folder, config
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._writing: tuple[int, Future[None]] | None = None

    def save(self, checkpoint: Checkpoint) -> None:
        """Copy a state, and write it as soon as the one before it is written.

        Raises:
            OSError: when the one before it could not be written.
        """
        self.wait()
        content = pack_checkpoint(checkpoint, self._config)
        self._writing = checkpoint.epoch, self._thread.submit(self._write, content)

    def wait(self) -> None:
        """Wait until all that was saved is on the disk.

        Raises:
            OSError: when it could not be written.
        """
        if self._writing is None:
            return
        epoch, written = self._writing
        self._writing = None
        written.result()
        self.completed = epoch

    def close(self) -> None:
        """Wait for the thread to end; what it could not write was said by `wait`."""
        self._thread.shutdown()

    def _write(self, content: io.BytesIO) -> None:
        write_checkpoint(self._folder, content)
