"""Lists of labels to retrain on, beside those of an audit: for train/recipes/audit_retrain.toml.

    python -m benchmarks.audit_lists AUDIT

writes into the folder of an audit with known true labels:

- ``reviewed.txt``: the true labels of the flagged images, as a person who looks at them gives;
- ``random.txt``: the true labels of as many images drawn at random, the same work elsewhere.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from fer_core.audit.folder import AuditError, read_audit
from fer_core.noise.label_files import write_noise_list

STREAM = 20  # the noise of a run is a permutation by the seed alone, which must not come again


@dataclass(frozen=True)
class Command:
    """Write the lists of a comparison."""

    audit: tyro.conf.Positional[Path]
    """Folder that fer-core audit has written, with true labels."""
    seed: int = 0
    """Seed of the images that are drawn at random."""


def main() -> None:
    """Parse the command line, and write the lists."""
    command = tyro.cli(Command, prog="python -m benchmarks.audit_lists")
    try:
        for file, changed in write(command.audit, command.seed).items():
            print(f"{file}: {changed:,} labels changed")
    except AuditError as error:
        sys.exit(f"error: {error}")


def write(folder: Path, seed: int) -> dict[Path, int]:
    """Write both lists; gives how many labels each changes.

    Raises:
        AuditError: when the folder is not an audit with true labels.
    """
    audit = read_audit(folder)
    if audit.true_labels is None:
        raise AuditError(f"the true labels of {folder} are not known: audit a run with --noise")
    order = np.argsort(audit.names)  # the draw depends on the names, not on the ranking
    drawn = np.random.default_rng([seed, STREAM]).permutation(order)[: int(audit.flagged.sum())]
    changed = {}
    for name, rows in (("reviewed", np.flatnonzero(audit.flagged)), ("random", drawn)):
        labels = audit.noisy_labels.copy()
        labels[rows] = audit.true_labels[rows]
        write_noise_list(folder / f"{name}.txt", audit.names, labels, audit.classes)
        changed[folder / f"{name}.txt"] = int((labels != audit.noisy_labels).sum())
    return changed


if __name__ == "__main__":
    main()
