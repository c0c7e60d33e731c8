"""Speed and memory of our EAC training step against a straightforward one, in one run.

    python -m benchmarks.train_step --backbone resnet50
    python -m benchmarks.train_step --backbone mobilenetv2_100 --end-to-end

Each variant runs in a process of its own, again in every round; the table shows medians over all
rounds by the clock, and the ratio by CPU time too, which with `--threads 1` can be trusted while
other programs run. The rungs between the straightforward step (`benchmarks.reference_step`) and
ours say which part of the gain comes from what. Memory is the peak over the process that has only
imported its libraries.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch
import tyro
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.reference_step import CLASSES, Rung, steps, views_of_arrays
from benchmarks.result import as_json
from benchmarks.step_options import Options, run_config, wait
from benchmarks.whole_epochs import our_epochs, reference_epochs, write_files
from fer_core.config import RunConfig
from fer_core.datasets import Decoding, load_data
from fer_core.machine import keep_freed_memory
from fer_core.methods import Batch, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.training.optim import create_optimizer
from fer_core.transforms.functional import augment, to_tensor
from fer_core.transforms.sampling import draw_epoch

REFERENCE = "straightforward, fp32"
RUNGS = {
    REFERENCE: Rung(),
    "+ channels_last": Rung(channels_last=True),
    "+ maps by 1x1 convolution, Tensor.flip": Rung(True, True),
    "+ augmentation of whole batches": Rung(True, True, True),
    "+ fused optimiser": Rung(True, True, True, True),
    "+ freed memory is kept": Rung(True, True, True, True, True),
    "+ bf16": Rung(True, True, True, True, True, True),
    "straightforward, bf16 alone": Rung(bf16=True),
}
OURS: dict[str, dict[str, Any]] = {
    f"ours, {name}{', compiled' if compiled else ''}": options | {"compile": compiled}
    for compiled in (False, True)
    for name, options in {
        "fp32": {"precision": "no"},
        "bf16": {"precision": "bf16"},
        "bf16, one pass": {"precision": "bf16", "views": "one_pass"},
    }.items()
}
# Dense bf16 matrix peak of the tensor cores in TFLOP/s, from the makers' data sheets.
PEAKS = {"H100 PCIe": 756, "H100": 989, "H200": 989, "A100": 312, "L4": 121}


def our_steps(options: Options, config: RunConfig, device: torch.device) -> Iterator[None]:
    """The product's own step."""
    split = load_data(f"synthetic?train={options.batch_size + 7}&test=7", decoding(options)).train
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size)
    labels = torch.from_numpy(split.true_labels[: options.batch_size])
    method = create_method(model, config, labels).to(device).train()
    model.channels_last()
    if config.compile:
        model.speed_up_training()
    optimizer = create_optimizer(config, method)
    generator = torch.Generator().manual_seed(0)
    mean, std = model.statistics()
    pixels = to_tensor(split.images[: options.batch_size]).to(device)
    on_device = labels.to(device)
    size = options.image_size
    memory = torch.empty((len(labels), size, size, 3)) if device.type == "cpu" else None
    while True:
        draws = draw_epoch(config, labels, size, size, generator).to(device)
        images = augment(pixels, draws, mean, std, memory)
        batch = Batch(images, on_device, on_device, draws.order, draws.regions, draws.other_regions)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            output = method(batch)
        output.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield


def decoding(options: Options) -> Decoding:
    """Of the synthetic faces."""
    return Decoding(options.image_size, 3)


def rung_steps(options: Options, rung: Rung, device: torch.device) -> Iterator[None]:
    """A step on the way from the straightforward one to ours."""
    split = load_data(f"synthetic?train={options.batch_size + 7}&test=7", decoding(options)).train
    labels = torch.from_numpy(split.true_labels[: options.batch_size])
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size).to(device)
    views = views_of_arrays(split.images[: options.batch_size], labels, model, rung, device)
    return steps(model, views, rung)


def timed_steps(
    running: Iterator[None], count: int, device: torch.device
) -> tuple[list[float], list[float]]:
    """Seconds and seconds of CPU of each step, after two steps of warm-up."""
    for _ in range(2):
        next(running)
    wait(device)
    times, of_cpu = [], []
    for _ in range(count):
        started, used = time.perf_counter(), time.process_time()
        next(running)
        wait(device)
        times.append(time.perf_counter() - started)
        of_cpu.append(time.process_time() - used)
    return times, of_cpu


def measure(options: Options, variant: str, folder: Path) -> dict[str, Any]:
    """One variant in this process."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    device = torch.device(options.device)
    if options.device == "cpu" and (variant in OURS or RUNGS[variant].keeps_memory):
        keep_freed_memory()
    idle = psutil.Process().memory_info().rss
    of_cpu: list[float] = []
    if options.end_to_end:
        own = OURS.get(variant)
        times = (
            our_epochs(options, folder, own["precision"], own["compile"])
            if own
            else reference_epochs(options, folder, device)
        )
    else:
        running = (
            our_steps(options, run_config(options, **OURS[variant]), device)
            if variant in OURS
            else rung_steps(options, RUNGS[variant], device)
        )
        times, of_cpu = timed_steps(running, options.steps, device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - idle
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated()
    return {"seconds": times, "cpu_seconds": of_cpu, "peak": peak}


def arithmetic(options: Options) -> float:
    """Floating point operations of a step: forward and twice as many backward, of both views."""
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, options.image_size, options.image_size))
    return 3 * 2 * options.batch_size * counter.get_total_flops()


def variants(options: Options) -> list[str]:
    """Names of all that is measured, the reference first."""
    rungs = list(RUNGS) if options.rungs and not options.end_to_end else [REFERENCE]
    ours = [
        name
        for name, change in OURS.items()
        if (options.compile or not change["compile"])
        and not (options.end_to_end and "views" in change)
    ]
    return [name for name in rungs + ours if options.bf16 or "bf16" not in name]


def table(
    options: Options, measured: dict[str, list[dict[str, Any]]], images: int, flops: float
) -> dict[str, Any]:
    """Images a second, ratio to the reference, memory and arithmetic of each variant."""
    rows = {}
    reference = median(t for m in measured[REFERENCE] for t in m["seconds"])
    memory = median(m["peak"] for m in measured[REFERENCE])
    for name, runs in measured.items():
        seconds = median(t for m in runs for t in m["seconds"])
        row: dict[str, Any] = {
            "images_per_second": round(images / seconds, 2),
            "ratio": round(reference / seconds, 2),
            "peak_mb": round(median(m["peak"] for m in runs) / 1e6),
            "memory_ratio": round(median(m["peak"] for m in runs) / memory, 2),
        }
        if not options.end_to_end:
            row["cpu_ratio"] = round(cpu_seconds(measured[REFERENCE]) / cpu_seconds(runs), 2)
            row["tflops"] = round(flops / seconds / 1e12, 3)
            if options.device == "cuda" and "bf16" in name:
                gpu = torch.cuda.get_device_name()
                peak = next((value for key, value in PEAKS.items() if key in gpu), None)
                row["share_of_bf16_peak"] = peak and round(row["tflops"] / peak, 3)
        rows[name] = row
    return rows


def cpu_seconds(runs: list[dict[str, Any]]) -> float:
    """Median CPU time of a step; with one thread it is fair on a machine that is not quiet too."""
    return median(t for m in runs for t in m["cpu_seconds"])


def main() -> None:
    """Measure all variants and print images a second and ratios as JSON."""
    options = tyro.cli(Options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = options.batch_size
        if options.end_to_end:
            images *= write_files(folder, options)
        measured: dict[str, list[dict[str, Any]]] = {name: [] for name in variants(options)}
        for _ in range(options.rounds):
            for name, runs in measured.items():
                # No daemon, as a pool's processes are: the per-image pipeline starts its workers.
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    runs.append(process.submit(measure, options, name, folder).result())
                print(name, [round(t, 3) for t in runs[-1]["seconds"]], file=sys.stderr)
    flops = arithmetic(options)
    about = {
        "options": asdict(options),
        "gflop_a_step": round(flops / 1e9, 1),
    }
    print(as_json(about | table(options, measured, images, flops)))


if __name__ == "__main__":
    main()
