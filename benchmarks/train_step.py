"""Speed and memory of our EAC training step against a straightforward one, in turns.

    python -m benchmarks.train_step --backbone resnet50 --json benchmarks/results/step-resnet50.json
    python -m benchmarks.train_step --backbone mobilenetv2_100 --end-to-end

Each variant and the straightforward step (`benchmarks.reference_step`) live in two processes at
once and do a step each in turn; a ratio is the median over these pairs, by the clock and by CPU
time, with its interval. The rungs between the straightforward step and ours say which part of the
gain comes from what. Memory is the peak over the process that has only imported its libraries.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
import tyro
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.paired import Cost, PairedRatio, Worker, paired_ratio, take_turns
from benchmarks.reference_step import CLASSES, Rung, steps, views_of_arrays
from benchmarks.result import ratio_entry, write_result
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


def start_variant(options: Options, variant: str, folder: Path) -> Iterator[None]:
    """One variant in its process: an item for each step, or whole epoch, that it has done."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    device = torch.device(options.device)
    if options.device == "cpu" and (variant in OURS or RUNGS[variant].keeps_memory):
        keep_freed_memory()
    if options.end_to_end:
        own = OURS.get(variant)
        return (
            our_epochs(options, folder, own["precision"], own["compile"])
            if own
            else reference_epochs(options, folder, device)
        )
    running = (
        our_steps(options, run_config(options, **OURS[variant]), device)
        if variant in OURS
        else rung_steps(options, RUNGS[variant], device)
    )
    return _finished(running, device)


def _finished(running: Iterator[None], device: torch.device) -> Iterator[None]:
    for _ in running:
        wait(device)
        yield


class Measured(NamedTuple):
    """A variant and the straightforward step, which ran in turns with it."""

    own: list[Cost]
    reference: list[Cost]
    memory: list[int]
    reference_memory: list[int]


def measure(options: Options, variant: str, folder: Path) -> Measured:
    """A variant in turns with the straightforward step, in ``rounds`` pairs of processes."""
    found = Measured([], [], [], [])
    warm_up = 1 if options.end_to_end else 2
    for _ in range(options.rounds):
        with (
            Worker(start_variant, options, REFERENCE, folder) as reference,
            Worker(start_variant, options, variant, folder) as own,
        ):
            theirs, ours = take_turns((reference, own), options.steps, warm_up)
            found.reference.extend(theirs)
            found.own.extend(ours)
            found.reference_memory.append(reference.memory().peak)
            found.memory.append(own.memory().peak)
    return found


def arithmetic(options: Options) -> float:
    """Floating point operations of a step: forward and twice as many backward, of both views."""
    model = AttentionModel(options.backbone, CLASSES, image_size=options.image_size).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, options.image_size, options.image_size))
    return 3 * 2 * options.batch_size * counter.get_total_flops()


def variants(options: Options) -> list[str]:
    """Names of all that is measured against the straightforward step."""
    rungs = list(RUNGS)[1:] if options.rungs and not options.end_to_end else []
    ours = [
        name
        for name, change in OURS.items()
        if (options.compile or not change["compile"])
        and not (options.end_to_end and "views" in change)
    ]
    return [name for name in rungs + ours if options.bf16 or "bf16" not in name]


def row(
    options: Options, found: Measured, variant: str, images: int, flops: float
) -> dict[str, Any]:
    """Ratios to the straightforward step, images a second, memory and arithmetic of a variant."""
    seconds = median(cost.seconds for cost in found.own)
    unit = "epochs" if options.end_to_end else "step"
    entry = ratio_entry(
        f"{options.backbone}, {unit}, {variant}",
        REFERENCE,
        _ratio(found, "seconds"),
        precision="bf16" if "bf16" in variant else "fp32",
        threads=options.threads,
        cpu=_ratio(found, "cpu_seconds"),
        memory=median(found.memory) / median(found.reference_memory),
    )
    entry |= {
        "seconds": round(seconds, 3),
        "reference_seconds": round(median(cost.seconds for cost in found.reference), 3),
        "images_per_second": round(images / seconds, 2),
        "peak_mb": round(median(found.memory) / 1e6),
        "reference_peak_mb": round(median(found.reference_memory) / 1e6),
    }
    if not options.end_to_end:
        entry["tflops"] = round(flops / seconds / 1e12, 3)
        if options.device == "cuda" and "bf16" in variant:
            gpu = torch.cuda.get_device_name()
            peak = next((value for key, value in PEAKS.items() if key in gpu), None)
            entry["share_of_bf16_peak"] = peak and round(entry["tflops"] / peak, 3)
    return entry


def _ratio(found: Measured, name: str) -> PairedRatio:
    own, reference = ([getattr(cost, name) for cost in costs] for costs in found[:2])
    return paired_ratio(reference, own)


def main() -> None:
    """Measure all variants and print ratios as JSON."""
    options = tyro.cli(Options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = options.batch_size
        if options.end_to_end:
            images *= write_files(folder, options)
        flops = arithmetic(options)
        rows = [
            row(options, measure(options, name, folder), name, images, flops)
            for name in variants(options)
        ]
    about = {"options": {name: value for name, value in asdict(options).items() if name != "json"}}
    write_result(about | {"gflop_a_step": round(flops / 1e9, 1), "ratios": rows}, options.json)


if __name__ == "__main__":
    main()
