"""TensorBoard's event files; read with the package tensorboard, an extra."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fer_core.errors import missing_package
from fer_core.importing.series import Points, SeriesSource, SourceError

PATTERN = "events.out.tfevents.*"
EPOCH_TAG = "epoch"  # Lightning logs the epoch of each step


def read_events(folders: Sequence[tuple[str, Path]], name: str) -> SeriesSource:
    """Read the scalars of one run.

    Args:
        folders: that hold the event files of the run, each with what stands before its tags: Keras
            writes ``train`` and ``validation`` apart.
        name: of the run.

    Raises:
        SourceError: when the package tensorboard is absent, or the files hold no scalar.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import (
            SCALARS,
            TENSORS,
            EventAccumulator,
        )
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        sentence = missing_package(error, f"reading event files ({folders[0][1]})")
        raise SourceError(sentence or str(error)) from error
    series: dict[str, Points] = {}
    times: list[float] = []
    digest = hashlib.sha256()
    others: set[str] = set()
    for prefix, folder in folders:
        for file in sorted(folder.glob(PATTERN)):
            digest.update(file.read_bytes())
        reader = EventAccumulator(str(folder), size_guidance={SCALARS: 0, TENSORS: 0}).Reload()
        for tag in reader.Tags()[SCALARS]:
            events = reader.Scalars(tag)
            series[prefix + tag] = [(float(event.step), float(event.value)) for event in events]
            times += [events[0].wall_time, events[-1].wall_time]
        for tag in reader.Tags()[TENSORS]:  # TensorFlow 2 writes scalars as tensors
            events = reader.Tensors(tag)
            values = [make_ndarray(event.tensor_proto) for event in events]
            if any(value.shape or value.dtype.kind not in "fiu" for value in values):
                others.add(prefix + tag)
                continue
            steps = [float(event.step) for event in events]
            series[prefix + tag] = [(s, float(v)) for s, v in zip(steps, values, strict=True)]
            times += [events[0].wall_time, events[-1].wall_time]
    if not series:
        raise SourceError(f"{folders[0][1]} has event files, but no scalar in them")
    epochs = sorted(series.pop(EPOCH_TAG, []))
    if epochs:
        series = {tag: _by_epoch(points, epochs) for tag, points in series.items()}
    started, ended = (
        datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
        for moment in (min(times), max(times))
    )
    notes = (f"no scalars, skipped: {', '.join(sorted(others))}",) if others else ()
    file = sorted(folders[0][1].glob(PATTERN))[0].name
    digits = digest.hexdigest()
    return SeriesSource(
        name, file, "tensorboard", series, bool(epochs), digits, started, ended, notes
    )


def _by_epoch(points: Points, epochs: Points) -> Points:
    """The values with the epoch that was the last one logged up to their step."""
    steps = [step for step, _ in epochs]
    return [(epochs[max(bisect_right(steps, step) - 1, 0)][1], value) for step, value in points]
