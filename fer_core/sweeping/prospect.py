"""What would stop the runs of a plan, found before any of them is started."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from fer_core.config import RunConfig
from fer_core.datasets import DataError, Decoding, list_data
from fer_core.datasets.loading import refuse_problems, untrained_text
from fer_core.errors import FerError
from fer_core.hub.download import is_hub_id
from fer_core.hub.weights import find_weights
from fer_core.models.own_backbones import OWN
from fer_core.models.timm_networks import check_known
from fer_core.sweeping.plan import PlannedRun
from fer_core.training.labels import draw_noisy_labels

DOWNLOADED = "hf:"  # data that are not on this computer yet


class ProspectError(FerError, ValueError):
    """A plan whose runs cannot all work; the message has a line for each fault."""


def check_runs(runs: Iterable[PlannedRun]) -> None:
    """See that all runs have data, noise, backbone and starting weights; no image is opened.

    Raises:
        ProspectError: naming every fault once, with the first run that has it.
    """
    faults: dict[str, str] = {}
    seen: set[tuple[str, ...]] = set()
    for run in runs:
        for key, check in _checks(run.config):
            if key in seen:
                continue
            seen.add(key)
            try:
                check()
            except (FerError, ValueError, OSError) as error:
                faults.setdefault(str(error).splitlines()[0], run.name)
    if faults:
        lines = "".join(f"\n  run {name}: {fault}" for fault, name in faults.items())
        raise ProspectError(f"nothing was started, since these runs cannot work:{lines}")


def _checks(config: RunConfig) -> list[tuple[tuple[str, ...], Callable[[], None]]]:
    """What to look at, with a key that is the same for runs that share it."""
    found: list[tuple[tuple[str, ...], Callable[[], None]]] = []
    if not config.backbone.startswith(OWN):
        found.append((("backbone", config.backbone), lambda: check_known(config.backbone)))
    if not config.data.startswith((DOWNLOADED, "synthetic")):
        noise = (config.noise, config.confusions, config.noise_file or "")
        key = ("data", config.data, config.exclude or "", *noise)
        found.append((key, lambda: _check_data(config)))
    if not (is_hub_id(config.pretrained) and not Path(config.pretrained).exists()):
        key = ("weights", config.pretrained, config.backbone)
        found.append((key, lambda: _check_weights(config)))
    return found


def _check_data(config: RunConfig) -> None:
    exclude = Path(config.exclude) if config.exclude else None
    listing = list_data(config.data, Decoding(config.image_size, config.channels), without=exclude)
    refuse_problems(listing)
    for split in (listing.train, listing.eval):
        if not len(split.true_labels):
            raise DataError(f"{listing.name} split {split.name} has no images: a run needs both")
    train = listing.train
    counts = np.bincount(train.true_labels, minlength=len(listing.classes))
    absent = [name for name, count in zip(listing.classes, counts, strict=True) if not count]
    if absent:
        raise DataError(untrained_text(listing.name, train.name, absent))
    draw_noisy_labels(config, listing)


def _check_weights(config: RunConfig) -> None:
    find_weights(config.pretrained, config.backbone)
