"""What a model says of the training images: the outputs that an audit scores."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from fer_core.audit.folder import DAMAGED, PROBABILITY, AuditError
from fer_core.datasets import Split
from fer_core.datasets.prefetch import DeviceImages
from fer_core.evaluation.inference import EVALUATION_BATCH
from fer_core.io.files import displayed, read_text
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import mirror, normalise

SUMS_TO_ONE = 0.01  # how far probabilities that somebody rounded may be from it


class Outputs(NamedTuple):
    """A model's outputs on N images, in evaluation mode; None where there are none.

    Attributes:
        probabilities: (N, K) float32.
        flipped: (N, K) float32, probabilities of the flipped images.
        features: (N, D) float16, average-pooled features, the mean of both views.
        out_of_fold: (N, K) float32, probabilities by models that were trained without the image.
    """

    probabilities: np.ndarray
    flipped: np.ndarray | None = None
    features: np.ndarray | None = None
    out_of_fold: np.ndarray | None = None

    @property
    def averaged(self) -> np.ndarray:
        """(N, K) probabilities with flip TTA, the mean of both views where both are there."""
        if self.flipped is None:
            return self.probabilities
        return (self.probabilities + self.flipped) / 2


def model_outputs(model: AttentionModel, split: Split) -> Outputs:
    """Show a model every image and its flipped image, once.

    Args:
        model: on any device; left in evaluation mode.
        split: decoded at the model's input size and channels.

    Returns:
        Probabilities of both views and features. Memory beside them is that of a few batches.
    """
    model.eval()
    mean, std = model.statistics()
    images = DeviceImages(split.images, mean.device, "cache")
    count, classes = len(split.names), model.classifier.out_features
    both = np.empty((2, count, classes), np.float32)
    features = np.empty((count, model.classifier.in_features), np.float16)
    rows = torch.arange(count)
    if images.resident is not None:
        rows = rows.to(images.device)
    start = 0
    with torch.inference_mode():
        for pixels in images.batches(rows.split(EVALUATION_BATCH)):
            views = normalise(pixels, mean, std)
            pooled = torch.zeros((), device=mean.device)
            end = start + len(pixels)
            for number, view in enumerate((views, mirror(views))):
                maps = model.features(view)  # (B, D, h, w)
                both[number, start:end] = model.attend(maps).logits.softmax(1).cpu().numpy()
                pooled = pooled + maps.float().mean((2, 3)) / 2
            features[start:end] = pooled.half().cpu().numpy()
            start = end
    return Outputs(both[0], both[1], features)


def chosen_classes(outputs: Outputs, columns: Sequence[int]) -> Outputs:
    """The outputs of a model that chooses between some of its classes alone.

    Args:
        outputs: of all its classes.
        columns: of the classes that are left, in their new order.
    """
    kept = {
        name: None if values is None else values[:, columns] / values[:, columns].sum(1)[:, None]
        for name, values in outputs._asdict().items()
        if name != "features"
    }
    return outputs._replace(**kept)


def read_outputs(file: Path, names: Sequence[str], classes: Sequence[str]) -> Outputs:
    """Read the outputs of any model from a file, matched to the images by their names.

    Args:
        file: a CSV with a column ``image`` and a column ``probability_CLASS`` for each class, as an
            ``audit.csv`` has them; or an NPZ file of the arrays ``names`` (N,), ``classes`` (K,),
            ``probabilities`` (N, K) and, where they are known, ``flipped`` (N, K), ``features`` (N,
            D) and ``out_of_fold`` (N, K).
        names: the training images.
        classes: of the data set, in the order of the label numbers; the file may have another.

    Raises:
        AuditError: for a broken file, absent images or classes, or values that are no
            probabilities.
    """
    where = displayed(file)
    if not file.is_file():
        raise AuditError(f"no file of predictions at {where}")
    arrays = _read_npz(file) if file.suffix == ".npz" else _read_csv(file)
    listed = [str(name) for name in arrays["names"]]
    places = {name: place for place, name in enumerate(listed)}
    if len(places) < len(listed):
        raise AuditError(
            f"{where} has rows of one image twice: {len(listed) - len(places)} of them"
        )
    absent = [name for name in names if name not in places]
    if absent:
        raise AuditError(
            f"{where} has no row for {len(absent):,} of {len(names):,} training images, first "
            f"{absent[0]!r}"
        )
    columns = [str(name) for name in arrays["classes"]]
    if sorted(columns) != sorted(classes):
        raise AuditError(
            f"{where} has the classes {', '.join(columns)}, the data set has {', '.join(classes)}"
        )
    rows = [places[name] for name in names]
    order = [columns.index(name) for name in classes]
    kept: dict[str, np.ndarray] = {}
    for name in Outputs._fields:
        if name not in arrays:
            continue
        values = arrays[name]
        if values.ndim != 2 or len(values) != len(listed):
            raise AuditError(
                f"{where}: {name} must have a row for each of {len(listed):,} names, got the shape "
                f"{values.shape}"
            )
        if name == "features":
            kept[name] = values[rows].astype(np.float16)
        else:
            kept[name] = _probabilities(where, name, values[rows], order)
    return Outputs(**kept)


def _read_npz(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except DAMAGED as error:
        raise AuditError(
            f"{displayed(file)} is damaged or not a readable NPZ file: {error}"
        ) from error
    absent = [name for name in ("names", "classes", "probabilities") if name not in arrays]
    if absent:
        raise AuditError(f"{displayed(file)} has no array {absent[0]!r}; it has {sorted(arrays)}")
    return arrays


def _read_csv(file: Path) -> dict[str, np.ndarray]:
    try:
        reader = csv.DictReader(io.StringIO(read_text(file), newline=""), strict=True)
        columns = [name for name in reader.fieldnames or () if name.startswith(PROBABILITY)]
        if "image" not in (reader.fieldnames or ()) or not columns:
            raise AuditError(
                f"{displayed(file)} must have a column image and columns {PROBABILITY}CLASS, got "
                f"{', '.join(reader.fieldnames or ()) or 'none'}"
            )
        rows = [(row["image"], [float(row[name]) for name in columns]) for row in reader]
    except (csv.Error, TypeError, ValueError) as error:
        if isinstance(error, AuditError):
            raise
        raise AuditError(f"{displayed(file)} is not a table of predictions: {error}") from error
    return {
        "names": np.array([name for name, _ in rows]),
        "classes": np.array([name.removeprefix(PROBABILITY) for name in columns]),
        "probabilities": np.array([values for _, values in rows]).reshape(-1, len(columns)),
    }


def _probabilities(where: str, name: str, values: np.ndarray, order: list[int]) -> np.ndarray:
    if values.shape[1] != len(order):
        raise AuditError(
            f"{where}: {name} must have a column for each of {len(order)} classes, got "
            f"{values.shape[1]}"
        )
    sums = values.sum(1)
    if not ((values >= 0).all() and (np.abs(sums - 1) <= SUMS_TO_ONE).all()):
        raise AuditError(
            f"{where}: {name} must be probabilities, at least 0 with a sum of 1 in each row, got "
            f"rows with sums of {sums.min():.4g} to {sums.max():.4g}: apply the softmax first"
        )
    return (values[:, order] / sums[:, None]).astype(np.float32)
