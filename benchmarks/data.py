"""Speed of training batches, and memory of a stream, against a per-image pipeline, in one run.

Both make the two views of EAC, erased and flipped, 224 pixels wide and normalised, from JPEG files
of RAF-DB's size (100x100, 12,271 files):

* per image (`benchmarks.reference_pipeline`): OpenCV's imread, PIL resize, torchvision's ToTensor,
  Normalize and RandomErasing, a flip; by PyTorch's DataLoader with worker processes;
* ours: `fer_core.training.loader.TrainingSet` with the cache of decoded images, then the erasing
  and flipping of `fer_core.methods.eac`.

    pip install --group benchmarks              OpenCV, which the per-image pipeline reads with
    python -m benchmarks.data                 speed
    python -m benchmarks.data --memory        resident memory of a stream of 20,000 images
    python -m benchmarks.data --memory --memory-images 287651        as many as AffectNet has
"""

import dataclasses
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import torch
import tyro
from PIL import Image
from torch import Generator, Tensor

from benchmarks.reference_pipeline import per_image_loader
from benchmarks.result import as_json
from fer_core.config import RunConfig
from fer_core.config.input_spec import InputSpec
from fer_core.datasets import Decoding, Storage, load_data
from fer_core.datasets.cache.store import StorageKind
from fer_core.datasets.synthetic.faces import draw_face
from fer_core.emotions import RAFDB_LABELS
from fer_core.models.attention_model import AttentionModel
from fer_core.noise.generate import NoisyLabels
from fer_core.training.loader import TrainingSet
from fer_core.training.setup import Experiment
from fer_core.transforms.functional import erase_, mirror

SEEN = 20_000  # images that are read while memory is measured


@dataclass(frozen=True)
class Options:
    """What is measured."""

    images: int = 12_271
    """Training images."""
    side: int = 100
    """Side length of the JPEG files in pixels."""
    image_size: int = 224
    """Side length of the images in pixels."""
    batch_size: int = 64
    """Images per batch."""
    workers: int = 2
    """Worker processes of the per-image pipeline, and threads of ours."""
    repeats: int = 2
    """Warm epochs; the best counts, on both sides."""
    memory: bool = False
    """Measure the memory of a stream of images of 224 pixels instead."""
    memory_images: int = 20_000
    """Images of that stream; 20,000 of them are trained on."""
    folder: Path | None = None
    """Where to write images and cache; by default the system's folder for temporary files."""


def write_images(root: Path, options: Options) -> list[Path]:
    """A made-up RAF-DB: 500 synthetic faces, each under many names; gives the training files."""
    generator = np.random.default_rng(0)
    names = list(RAFDB_LABELS.values())
    faces = [draw_face(names[i % 7], options.side, generator).image for i in range(500)]
    (root / "EmoLabel").mkdir(parents=True)
    aligned = root / "Image" / "aligned"
    aligned.mkdir(parents=True)
    lines = []
    for split, count in (("train", options.images), ("test", 7)):
        for number in range(count):
            name = f"{split}_{number:06d}"
            path = aligned / f"{name}_aligned.jpg"
            if number < len(faces):
                Image.fromarray(faces[number]).save(path, quality=95)
            else:
                path.hardlink_to(aligned / f"{split}_{number % len(faces):06d}_aligned.jpg")
            lines.append(f"{name}.jpg {number % 7 + 1}\n")
    (root / "EmoLabel" / "list_patition_label.txt").write_text("".join(lines))
    return sorted(aligned.glob("train_*"))


def open_set(root: Path, options: Options, storage: Storage, device: torch.device) -> TrainingSet:
    """The images as a run has them before its first step."""
    config = RunConfig(image_size=options.image_size, batch_size=options.batch_size)
    data = load_data(f"rafdb:{root}", Decoding(options.image_size, 3), storage=storage)
    labels = data.train.true_labels
    model = AttentionModel("mobilenetv2_100", 7, image_size=options.image_size).to(device)
    spec = InputSpec(options.image_size, 3, (), (), options.side, False, ())
    noise = NoisyLabels(labels, np.zeros(len(labels), dtype=bool))
    experiment = Experiment(config, data, noise, None, data, noise, labels, model, spec, "none")
    return TrainingSet(experiment, device, storage.kind)


def two_views(training: TrainingSet, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Every batch of an epoch as EAC takes it."""
    for batch in training.batches(epoch, Generator().manual_seed(epoch)):
        original = erase_(batch.images, batch.regions)
        yield original, mirror(original)


def seconds_of(epoch: Iterator[object], device: torch.device) -> float:
    """Wall time until the last batch is there."""
    started = time.perf_counter()
    for _ in epoch:
        pass
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def measure_speed(root: Path, options: Options) -> dict[str, object]:
    """Images a second of both pipelines, warm and from a cold start."""
    paths = write_images(root / "rafdb", options)
    config = RunConfig(image_size=options.image_size, batch_size=options.batch_size)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loader = per_image_loader(paths, config, workers=options.workers, device=device)
    cpu = torch.device("cpu")
    storage = Storage("cache", root / "cache")

    started = time.perf_counter()
    training = open_set(root / "rafdb", options, storage, cpu)
    cold = time.perf_counter() - started
    seconds = {"per image": [], "cache": []}
    for repeat in range(options.repeats):  # in turns, so that both meet the same machine
        seconds["per image"].append(seconds_of(iter(loader), cpu))
        seconds["cache"].append(seconds_of(two_views(training, repeat), cpu))
    stream = open_set(root / "rafdb", options, storage._replace(kind="stream"), cpu)
    seconds["stream"] = [seconds_of(two_views(stream, 0), cpu)]
    if device.type == "cuda":
        moved = seconds_of((view.to(device) for views in loader for view in views[:2]), device)
        seconds["per image, moved to the GPU"] = [moved]
        resident = open_set(root / "rafdb", options, storage._replace(kind="device"), device)
        seconds_of(two_views(resident, 0), device)
        seconds["on the GPU"] = [seconds_of(two_views(resident, 1), device)]
    best = {name: min(values) for name, values in seconds.items()}
    count = training.steps * options.batch_size
    return {
        "images_per_second": {name: round(count / value) for name, value in best.items()},
        "ratio": {name: round(best["per image"] / value, 2) for name, value in best.items()},
        "cold_start_seconds": round(cold, 1),
        "cold_start_in_epochs_of_the_per_image_pipeline": round(cold / best["per image"], 2),
    }


def measure_memory(root: Path, options: Options) -> dict[str, object]:
    """Resident memory while an epoch is read from files, and from a cache where it is small."""
    process = psutil.Process()
    write_images(root / "rafdb", options)
    rows: dict[str, object] = {"before_mb": round(process.memory_info().rss / 1e6)}
    kinds: tuple[StorageKind, ...] = ("stream", "cache") if options.images <= SEEN else ("stream",)
    for kind in kinds:
        storage = Storage(kind, root / "cache")
        training = open_set(root / "rafdb", options, storage, torch.device("cpu"))
        resident = []
        for step, _ in enumerate(two_views(training, 0)):
            resident.append(process.memory_info().rss / 1e6)
            if step * options.batch_size > SEEN:
                break
        quarters = [max(part) for part in np.array_split(resident, 4)]
        rows[kind] = {
            "decoded_set_mb": round(options.images * options.image_size**2 * 3 / 1e6),
            "opened_mb": round(resident[0]),
            "largest_in_each_quarter_mb": [round(value) for value in quarters],
        }
    return rows


def main() -> None:
    """Measure and print JSON."""
    options = tyro.cli(Options)
    torch.set_num_threads(options.workers)
    if options.memory:
        options = dataclasses.replace(options, images=options.memory_images, side=224)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure = measure_memory if options.memory else measure_speed
        figures = measure(Path(folder), options)
    shown = {name: str(value) for name, value in options.__dict__.items() if name != "folder"}
    print(as_json({"options": shown, **figures}))


if __name__ == "__main__":
    main()
