"""How fast a model answers on aligned faces: PyTorch eager and compiled, ONNX Runtime, int8.

    python -m benchmarks.inference
    python -m benchmarks.inference --model RUN/model --batches 1 16 64 --threads 1

All kinds take turns in every round, in an order that moves on, so that what else the machine does
meets all of them. A ratio is the median over the rounds of the time against PyTorch eager in the
same round; milliseconds say more of the machine. The time is that of the network alone: no face is
searched, and there is no TTA. The integers are calibrated on synthetic faces, which does not
change the speed; `fer-core export` measures what they cost in accuracy.
"""

import logging
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from benchmarks.result import as_json
from fer_core.datasets import Decoding, load_data
from fer_core.inference.backends import count_threads
from fer_core.inference.onnx_export import INPUT, OUTPUTS, example, onnx_bytes, open_session
from fer_core.inference.quantize import quantise
from fer_core.machine import cores
from fer_core.models.pretrained import TrainedModel, load_model
from fer_core.transforms.functional import normalise, to_tensor
from fer_core.weights import BUNDLED

EAGER, COMPILED, ONNX, INT8 = "eager", "compiled", "ONNX", "int8"
Ask = Callable[[torch.Tensor], object]


@dataclass(frozen=True)
class Command:
    """Compare the ways to compute a model's predictions."""

    model: Path = BUNDLED
    """Folder of a model; by default the bundled one."""
    batches: tuple[int, ...] = (1, 16)
    """Faces in one pass."""
    rounds: int = 30
    """How often everything is measured; the median counts."""
    threads: int = 0
    """Threads of one pass; 0 for as many as the predictor uses here."""
    compiled: bool = True
    """Also measure torch.compile, which takes half a minute to prepare."""


def main() -> None:
    """Measure, and print a table and JSON."""
    command = tyro.cli(Command, prog="python -m benchmarks.inference")
    logging.disable(logging.WARNING)  # the quantiser's remarks
    threads = command.threads or count_threads()
    torch.set_num_threads(threads)
    trained = load_model(command.model)
    runs: dict[str, Any] = {}
    setting = os.environ.get("OMP_NUM_THREADS", "not set")
    print(f"{threads} threads, {cores()} cores, OMP_NUM_THREADS {setting}")
    content = onnx_bytes(trained)
    small = quantise(content, drawn_faces(trained))
    print(f"ONNX {len(content):,} bytes, int8 {len(small):,} bytes")
    for batch in command.batches:
        images = example(trained, batch)
        kinds: dict[str, Ask] = {EAGER: trained.model}
        if command.compiled:
            kinds |= compiled(trained, images)
        kinds |= {ONNX: asked(content, threads), INT8: asked(small, threads)}
        runs[str(batch)] = taken = measure(kinds, images, command.rounds)
        print(f"\n{batch} faces a pass{'ms':>12}{'ratio':>8}")
        for name, times in taken.items():
            shares = [one / eager for one, eager in zip(times, taken[EAGER], strict=True)]
            milliseconds = 1e3 * statistics.median(times)
            print(f"{name:14}{milliseconds:12.2f}{statistics.median(shares):8.2f}")
    print(as_json({"threads": threads, "seconds": runs}))


def measure(kinds: dict[str, Ask], images: torch.Tensor, rounds: int) -> dict[str, list[float]]:
    """Seconds of one pass, for each kind and round."""
    passes = max(1, 16 // len(images))
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    names = list(kinds)
    with torch.inference_mode():
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                ask = kinds[name]
                ask(images)  # brings back what the kind before took from the caches
                started = time.perf_counter()
                for _ in range(passes):
                    ask(images)
                taken[name].append((time.perf_counter() - started) / passes)
    return taken


def asked(content: bytes, threads: int) -> Ask:
    """The passes of an ONNX file."""
    session = open_session(content, threads)
    return lambda images: session.run(list(OUTPUTS), {INPUT: images.numpy()})


def compiled(trained: TrainedModel, images: torch.Tensor) -> dict[str, Ask]:
    """The compiled network, ready for these images; nothing where it cannot be compiled."""
    network: Ask = torch.compile(trained.model, dynamic=False)
    try:
        with torch.inference_mode():
            network(images)
    except Exception as error:  # no compiler here, or one that fails: many kinds of errors
        print(f"torch.compile does not work here: {str(error).splitlines()[0]}")
        return {}
    return {COMPILED: network}


def drawn_faces(trained: TrainedModel) -> np.ndarray:
    """Normalised synthetic faces, (64, C, H, W) float32."""
    decoding = Decoding(trained.input.size, trained.input.channels)
    drawn = load_data("synthetic?train=64&test=7", decoding).train.images[np.arange(64)]
    return normalise(to_tensor(drawn), *trained.model.statistics()).contiguous().numpy()


if __name__ == "__main__":
    main()
