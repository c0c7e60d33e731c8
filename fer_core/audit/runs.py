"""Training runs of an audit: begun, gone on with, or taken as they are."""

from pathlib import Path

from fer_core.audit.folder import AuditError
from fer_core.config import RunConfig
from fer_core.config.changes import differing
from fer_core.datasets import FaceData, Storage, content_hash
from fer_core.io.files import displayed
from fer_core.machine import Device
from fer_core.records.lock import lock_run
from fer_core.records.run import RUN_FILE, RunRecord, read_run
from fer_core.training.engine import train
from fer_core.training.restart import make_ready
from fer_core.training.setup import named


def trained_run(
    config: RunConfig,
    folder: Path,
    data: FaceData,
    *,
    given: bool = False,
    device: Device = "auto",
    storage: Storage | None = None,
) -> RunRecord:
    """The finished run of a configuration in a folder, trained as far as it is not.

    Args:
        config: of the run.
        folder: of its record.
        data: what it is trained on.
        given: hand the data to the run as an object; else the run loads what the configuration
            names.
        device: as for `train`.
        storage: as for `train`.

    Raises:
        AuditError: when the folder holds a run of another configuration or other data; else as
            `train`.
    """
    dataset = data if given else None
    there = (folder / RUN_FILE).is_file()
    if there:
        record = read_run(folder)
        others = differing(record.config, named(config, dataset, None))
        if others or record.data["sha256"] != content_hash(data):
            raise AuditError(
                f"{displayed(folder)} holds a run with other options or data "
                f"({'; '.join(others) or 'other images or labels'}): delete it, or name another "
                "--out"
            )
        if record.status == "finished":
            return record
        with lock_run(folder):
            there = make_ready(folder, named(config, dataset, None))
            return train(
                config, folder, resume=there, device=device, storage=storage, dataset=dataset
            )
    return train(config, folder, device=device, storage=storage, dataset=dataset)
