"""A model's predictions on any labelled data set: classes are matched by their names."""

from typing import NamedTuple

import numpy as np

from fer_core.config.input_spec import InputSpec
from fer_core.datasets import DataError, Decoding, Listing, Split, Storage
from fer_core.datasets.cache.arrays import WidenedImages
from fer_core.datasets.loading import SplitKind, load_split, select
from fer_core.evaluation.inference import evaluate
from fer_core.foreign.model import ForeignModel
from fer_core.models.attention_model import Backend
from fer_core.models.pretrained import TrainedModel


class SplitPredictions(NamedTuple):
    """A model's predictions on the images whose class it knows.

    Attributes:
        classes: K names that the model chose from.
        split: N images with their names, digests and slices; labels are numbers of ``classes``.
        logits: (N, K) float32.
        unknown: class -> images of the split that are excluded, since the model does not know it.
        absent: those of ``classes`` that the data set does not have: every such prediction is
            wrong.
    """

    classes: tuple[str, ...]
    split: Split
    logits: np.ndarray
    unknown: dict[str, int]
    absent: tuple[str, ...]

    @property
    def predicted(self) -> np.ndarray:
        """(N,) numbers of ``classes``."""
        return self.logits.argmax(1)

    @property
    def correct(self) -> np.ndarray:
        """(N,) bool."""
        return self.predicted == self.split.true_labels


def predict_split(
    trained: TrainedModel | ForeignModel,
    listing: Listing,
    kind: SplitKind,
    *,
    storage: Storage,
    mirror: bool,
    shared_classes: bool,
    backend: Backend | None = None,
) -> SplitPredictions:
    """Show a model the images of a split whose class it knows.

    Images are decoded as the model's own training images were: its size and channels, and grey
    where those were grey. A model of another project gets them as they are, in colour (grey three
    times where they are grey), and prepares them itself.

    Args:
        trained: the model, on any device.
        listing: the data set.
        kind: which of its splits.
        storage: where decoded images are kept.
        mirror: average over each image and its flipped copy.
        shared_classes: let the model choose only from the classes that the data set has.
        backend: what computes the outputs of one of our models; None: its network.

    Raises:
        DataError: when the split is empty or broken, or the model knows no class of its images.
    """
    foreign = isinstance(trained, ForeignModel)
    split = (
        _read_only(listing, kind, storage)
        if foreign
        else decode_for(trained.input, listing, kind, storage)
    )
    numbers = np.array([_number(name, trained.classes) for name in listing.classes])
    labels = numbers[split.true_labels]
    known = labels >= 0
    counts = np.bincount(split.true_labels[~known], minlength=len(listing.classes))
    unknown = {listing.classes[index]: int(counts[index]) for index in np.flatnonzero(counts)}
    if not known.any():
        raise DataError(
            f"the model predicts {', '.join(trained.classes)}: {listing.name} {split.name} has "
            f"images of {', '.join(unknown)} only"
        )
    split = split._replace(true_labels=labels)
    if unknown:
        split = select(split, np.flatnonzero(known))
    absent = tuple(name for name in trained.classes if name not in listing.classes)
    if foreign:
        images = listing.split(kind).images
        logits = trained.logits(images.select(np.flatnonzero(known)), mirror=mirror)
    else:
        logits = evaluate(trained.model, split, mirror=mirror, backend=backend).logits
    if not shared_classes or not absent:
        return SplitPredictions(trained.classes, split, logits, unknown, absent)
    kept = [index for index, name in enumerate(trained.classes) if name not in absent]
    if len(kept) < 2:
        raise DataError(
            f"with shared classes the model would choose from {trained.classes[kept[0]]} alone: "
            f"it has {', '.join(trained.classes)}, {listing.name} has {', '.join(listing.classes)}"
        )
    renumbered = np.searchsorted(kept, split.true_labels)
    chosen = tuple(trained.classes[index] for index in kept)
    return SplitPredictions(
        chosen, split._replace(true_labels=renumbered), logits[:, kept], unknown, ()
    )


def _read_only(listing: Listing, kind: SplitKind, storage: Storage) -> Split:
    """A split whose images were read once for their digests, and are not kept decoded."""
    return load_split(listing, kind, Decoding(1, 1), storage._replace(kind="stream"))


def decode_for(spec: InputSpec, listing: Listing, kind: SplitKind, storage: Storage) -> Split:
    """A split decoded as the training images of a model were, for its input.

    Raises:
        DataError: when the split is empty or broken.
    """
    channels = 1 if spec.grey else spec.channels
    return widened(load_split(listing, kind, Decoding(spec.size, channels), storage), spec)


def widened(split: Split, spec: InputSpec) -> Split:
    """The split with as many channels as a model takes, where it was decoded in grey."""
    if split.images.shape[-1] == spec.channels:
        return split
    return split._replace(images=WidenedImages(split.images))


def _number(name: str, classes: tuple[str, ...]) -> int:
    return classes.index(name) if name in classes else -1
