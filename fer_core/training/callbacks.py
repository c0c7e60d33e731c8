"""Callbacks: code of one's own at the start of a run, after each epoch, and at its end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Callback:
    """Derive from it, override what is needed, and hand it to ``fer_core.training.engine.train``.

    Under several processes only the first one calls it. An error that it raises ends the run, whose
    record then says ``failed`` and why; epochs that were completed before stay, with their
    checkpoint, so the run can be resumed.
    """

    def on_train_start(self, config: Mapping[str, Any], folder: Path) -> None:
        """Before the first step, once the record is open.

        Args:
            config: of the run, as its record has it.
            folder: of the record.
        """

    def on_epoch_end(self, values: Mapping[str, Any], folder: Path) -> None:
        """After each epoch; its line of the record and its checkpoint are on the disk.

        Args:
            values: the line of ``epochs.jsonl`` (docs/run-records.md).
            folder: of the record.
        """

    def on_train_end(self, result: Mapping[str, Any], folder: Path) -> None:
        """Once the record is finished.

        Args:
            result: the final figures (``result`` of the record).
            folder: of the record.
        """
