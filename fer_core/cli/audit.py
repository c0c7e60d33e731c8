"""Training images whose label is probably wrong: ``fer-core audit URI`` (docs/audit.md)."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from fer_core.audit.folder import audit_csv, read_audit, write_audit
from fer_core.audit.folds import out_of_fold
from fer_core.audit.labels import audit_outputs
from fer_core.audit.lists import Lists, decided_lists, flagged_lists, write_lists
from fer_core.audit.measure import FIRSTS
from fer_core.audit.outputs import Outputs, model_outputs, read_outputs
from fer_core.audit.result import Audit
from fer_core.audit.runs import trained_run
from fer_core.audit.text import summary
from fer_core.cli.audit_options import Command, check, config_of_run, new_config, run_folder
from fer_core.cli.targets import check_target
from fer_core.config import RunConfig
from fer_core.datasets import (
    DataError,
    Decoding,
    FaceData,
    Storage,
    content_hash,
    list_data,
    parse_uri,
)
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import displayed, write_whole
from fer_core.models.pretrained import load_model
from fer_core.noise.generate import NoisyLabels
from fer_core.records.run import RunRecord, read_run
from fer_core.reporting.data_text import printable
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data

ABOUT = "Rank training images by how likely their label is wrong, and list better labels."


@dataclass(frozen=True)
class _Asked:
    """Outputs on the training images, and where they come from."""

    outputs: Outputs
    data: FaceData
    config: RunConfig
    record: RunRecord | None
    seconds: dict[str, float]


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, audit, write the folder, and print what was found."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    command = tyro.cli(
        Command, prog="fer-core audit", description=ABOUT, config=(tyro.conf.OmitArgPrefixes,)
    )
    if command.decisions is not None:
        folder = Path(command.subject)
        audit = read_audit(folder)
        _write_lists(folder, audit, decided_lists(audit, command.decisions))
        return
    check(command)
    if command.threads is not None:
        torch.set_num_threads(command.threads)
    folder = command.out or _default_folder(command)
    table_alone = folder.suffix == ".csv"
    check_target(folder if table_alone else None)
    audit = _audit(command, folder.with_suffix(""))
    print(summary(audit))
    if table_alone:
        write_whole(folder, audit_csv(audit).encode())
        print(f"\nall {len(audit.names):,} images: {printable(displayed(folder))}")
        return
    write_audit(folder, audit)
    print(f"\nall {len(audit.names):,} images: {printable(displayed(folder / 'audit.csv'))}")
    _write_lists(folder, audit, flagged_lists(audit))


def _default_folder(command: Command) -> Path:
    run = run_folder(command)
    kind = parse_uri(command.subject).kind
    return Path("runs") / f"audit-{kind}" if run is None else run / "audit"


def _audit(command: Command, folder: Path) -> Audit:
    asked = _ask(command, folder)
    noisy, outputs = draw_noisy_labels(asked.config, asked.data), asked.outputs
    if command.folds:
        start = time.perf_counter()
        outputs = outputs._replace(out_of_fold=_unseen(command, asked, noisy, folder / "folds"))
        asked.seconds["folds"] = time.perf_counter() - start
    audit = audit_outputs(
        outputs,
        asked.data.train,
        noisy.noisy_labels,
        asked.data.classes,
        truth_known=asked.config.noise != "none",
        ranking=command.rank_by,
        flag=command.flag,
        firsts=tuple(sorted({*FIRSTS, command.first})),
        resamples=command.bootstrap,
    )
    return replace(audit, facts=_facts(asked, audit.facts["seconds"]))


def _ask(command: Command, folder: Path) -> _Asked:
    """Find, train or read what the options name, and its outputs on the training images."""
    run = run_folder(command)
    if run is not None:
        record = read_run(run)
        config = config_of_run(command, record)
        data = load_run_data(config, _storage(command))
        if content_hash(data) != record.data["sha256"]:
            raise DataError(
                f"{printable(config.data)} is not what the run was trained on: its images or "
                "labels differ; name the same data set with --data"
            )
        return _outputs_of(command, record, config, data, {})
    config = new_config(command)
    data = load_run_data(config, _storage(command))
    if command.predictions is not None:
        outputs = read_outputs(command.predictions, data.train.names, data.classes)
        return _Asked(outputs, data, config, None, {})
    start = time.perf_counter()
    record = trained_run(
        config, folder / "run", data, device=command.device, storage=_storage(command)
    )
    seconds = {"training": time.perf_counter() - start}
    return _outputs_of(command, record, config, data, seconds)


def _outputs_of(
    command: Command,
    record: RunRecord,
    config: RunConfig,
    data: FaceData,
    seconds: dict[str, float],
) -> _Asked:
    trained = load_model(record.path / "model")
    if trained.classes != data.classes:
        raise DataError(
            f"the model has the classes {', '.join(trained.classes)}, {data.name} has "
            f"{', '.join(data.classes)}"
        )
    on_gpu = command.device == "cuda" or (command.device == "auto" and torch.cuda.is_available())
    trained.model.to("cuda" if on_gpu else "cpu")
    start = time.perf_counter()
    outputs = model_outputs(trained.model, data.train)
    seconds["outputs"] = time.perf_counter() - start
    return _Asked(outputs, data, config, record, seconds)


def _unseen(command: Command, asked: _Asked, noisy: NoisyLabels, folder: Path) -> np.ndarray:
    """Out-of-fold probabilities of the cross-entropy baseline of a run."""
    baseline = asked.config.change(
        method="cross_entropy",
        method_source="",
        flip_probability=None,  # its own default, not that of the run's method
        epochs=command.fold_epochs or asked.config.epochs,
    )
    return out_of_fold(
        baseline,
        asked.data,
        noisy.noisy_labels,
        command.folds,
        folder,
        device=command.device,
        storage=_storage(command),
    )


def _storage(command: Command) -> Storage:
    return Storage("auto", command.cache, progress=True)


def _facts(asked: _Asked, seconds: Mapping[str, float]) -> dict[str, Any]:
    """What ``audit.json`` says of where it comes from."""
    record, data = asked.record, asked.data
    run = None
    if record is not None:
        run = {
            "name": record.path.resolve().name,
            "path": displayed(record.path.resolve()),
            **{name: record.config[name] for name in ("method", "backbone", "epochs", "seed")},
            **{name: record.config[name] for name in ("image_size", "noise", "noise_rate")},
        }
    return {
        "data": {
            "uri": asked.config.data,
            "name": data.name,
            "split": data.train.name,
            "images": len(data.train.names),
        },
        "run": run,
        "seconds": {name: round(value, 2) for name, value in {**asked.seconds, **seconds}.items()},
    }


def _write_lists(folder: Path, audit: Audit, lists: Lists) -> None:
    """Write the lists, and print how a run takes them."""
    uri = audit.facts["data"]["uri"]
    listed = None
    if parse_uri(uri).kind == "rafdb":
        listed = list_data(uri, Decoding(48, 3)).eval
    files = write_lists(folder, lists, audit.names, audit.classes, rafdb_test=listed)
    changed = int((lists.labels != audit.noisy_labels).sum())
    exclude, labels, *others = (printable(displayed(file)) for file in files)
    print(f"{len(lists.excluded):,} images to drop: fer-core train --exclude {exclude}")
    print(f"{changed:,} labels corrected: fer-core train --noise file --noise-file {labels}")
    for file in others:
        print(f"the same as RAF-DB's own label list: {file}")


if __name__ == "__main__":
    main()
