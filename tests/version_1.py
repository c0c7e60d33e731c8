"""Run records as version 1 of the schema wrote them, made of those of today."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch

from fer_core.config.renamed import RENAMED
from fer_core.records import schema
from fer_core.records.predictions import PREDICTIONS_FILE
from fer_core.records.run import EPOCHS_FILE, RUN_FILE
from fer_core.training.checkpoint import CHECKPOINT_FILE


def make_version_1(folder: Path) -> None:
    """Give record and checkpoint in the folder the names that they had in version 1."""
    file = folder / RUN_FILE
    run = json.loads(file.read_text())
    run |= {"schema_version": 1, "config": _former(run["config"], RENAMED)}
    for part, names in (
        ("data", schema.DATA),
        ("noise", schema.NOISE),
        ("result", schema.RESULT),
    ):
        run[part] = _former(run[part], names)
    file.write_text(json.dumps(run))
    file = folder / EPOCHS_FILE
    epochs = [_former(json.loads(line), schema.EPOCH) for line in file.read_text().splitlines()]
    file.write_text("".join(f"{json.dumps(epoch)}\n" for epoch in epochs))
    for former, name in schema.FORMER_FILES.items():
        if (folder / name).exists():
            (folder / name).rename(folder / former)
    file = folder / PREDICTIONS_FILE
    if file.exists():
        file.write_text(file.read_text().replace("true_label", "label", 1))
    file = folder / CHECKPOINT_FILE
    if file.exists():
        state = torch.load(file, weights_only=True)
        state.pop("digested", None)
        torch.save({**state, "config": _former(state["config"], RENAMED)}, file)


def _former(values: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    former = {name: old for old, name in names.items()}
    return {former.get(name, name): value for name, value in values.items()}
