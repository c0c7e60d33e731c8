"""The face detector against facenet-pytorch's, whose weights it has: time, and where faces are.

    python -m benchmarks.detector photo.jpg ...

Every photograph is reduced to ``--side`` and searched in turns by each of them, in this process, on
one thread. Times are CPU time, the median over the rounds; ratios are to facenet-pytorch's.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from facenet_pytorch import MTCNN

from benchmarks.result import as_json
from fer_core.faces import area_sums, mtcnn, mtcnn_networks
from fer_core.io.images import open_upright

ONNX, EAGER, THEIRS = "ours, ONNX Runtime", "ours, PyTorch", "facenet-pytorch"


@dataclass(frozen=True)
class Options:
    """What is measured."""

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photographs."""
    side: int = 640
    """Longer side that they are reduced to, in pixels."""
    shares: tuple[int, ...] = (8, 20)
    """Smallest faces that are looked for, as the shorter side divided by these."""
    rounds: int = 7
    """Searches of each photograph by each detector."""


def main() -> None:
    """Measure, and print JSON."""
    options = tyro.cli(Options, prog="python -m benchmarks.detector")
    torch.set_num_threads(1)
    ours = {ONNX: mtcnn_networks.networks(), EAGER: mtcnn_networks.torch_networks()}
    rows = [row for photo in options.photos for row in _measure(photo, options, ours)]
    ratios = {
        name: round(statistics.median(row["ms"][THEIRS] / row["ms"][name] for row in rows), 2)
        for name in ours
    }
    print(as_json({"ratios": ratios, "photos": rows}))


def _measure(
    file: Path, options: Options, ours: dict[str, mtcnn_networks.Networks]
) -> list[dict[str, Any]]:
    photo = open_upright(file).convert("RGB")
    photo.thumbnail((options.side, options.side))
    pixels = np.asarray(photo)
    rows = []
    for share in options.shares:
        least = max(20, min(photo.size) // share)
        theirs = MTCNN(keep_all=True, min_face_size=least, device="cpu")
        searches: dict[str, Callable[[], Any]] = {
            name: lambda by=by, least=least: mtcnn.find(area_sums.summed(pixels), least, by)
            for name, by in ours.items()
        }
        searches[THEIRS] = lambda theirs=theirs: theirs.detect(photo, landmarks=True)
        times: dict[str, list[float]] = {name: [] for name in searches}
        found: dict[str, Any] = {}
        for _ in range(options.rounds):
            for name, search in searches.items():
                started = time.process_time()
                found[name] = search()
                times[name].append(time.process_time() - started)
        points = [] if found[THEIRS][0] is None else [*found[THEIRS][2]]
        rows.append(
            {
                "photo": file.name,
                "size": photo.size,
                "least_face": least,
                "ms": {
                    name: round(1e3 * statistics.median(values), 1)
                    for name, values in times.items()
                },
                "faces": {**{name: len(found[name]) for name in ours}, THEIRS: len(points)},
                "largest_difference_of_landmarks_px": {
                    name: _difference(found[name], points) for name in ours
                },
            }
        )
    return rows


def _difference(ours: list[mtcnn.Detection], theirs: list[np.ndarray]) -> float | None:
    """None where the numbers of faces differ."""
    if len(ours) != len(theirs) or not ours:
        return None
    return max(
        float(np.abs(one.points - np.asarray(other, float)).max())
        for one, other in zip(ours, theirs, strict=True)
    )


if __name__ == "__main__":
    main()
