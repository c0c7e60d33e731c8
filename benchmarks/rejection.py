"""When should a model not answer, on bad images too? Reject scores beside the plain confidence.

    python -m benchmarks.rejection --data ferplus:PATH                          the bundled model
    python -m benchmarks.rejection --data ferplus:PATH --model RUN/model --holdout 0.1

Each evaluation image is shown as it is and under random corruptions of `fer-core evaluate
--robustness`; the scores (`benchmarks.reject_scores`) are fitted on training images treated alike:
on those that the run held out, or, where it held out none, on images that the model has learned.
Measured over all of it: the area under the ROC curve for telling wrong predictions from right ones,
and the risk, the share of wrong predictions among the four fifths with the highest score. The
intervals of the differences to the plain confidence are those of a paired bootstrap over images.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import tyro
from numpy.random import Generator, default_rng
from scipy import special

from benchmarks.reject_scores import Mahalanobis, QualityTemperature, Regression, Seen
from benchmarks.reject_scores import input_quality as quality_of
from benchmarks.reliability import area
from fer_core.datasets import DataError, Decoding, Split, load_data
from fer_core.datasets.cache.arrays import StreamedImages
from fer_core.datasets.images import PixelRows
from fer_core.datasets.loading import select
from fer_core.hub.download import resolve_model
from fer_core.metrics.classification import expected_calibration_error
from fer_core.models.pretrained import ModelError, TrainedModel, load_model
from fer_core.training.holdout import held_out
from fer_core.transforms.corruption import CORRUPTIONS, corrupt
from fer_core.transforms.functional import mirror, normalise, to_tensor

CHUNK, COVERAGE, RESAMPLES = 256, 0.8, 500
CLEAN = "none"
PROBABILITY = "probability"


@dataclass(frozen=True)
class Command:
    """Compare reject scores under corruptions."""

    data: str
    """Data set: see docs/data.md."""
    model: str = "bundled"
    """Folder of a saved model, or bundled."""
    holdout: float = 0.0
    """Share of the training images that the model's run held out; 0: none, the scores are then
    fitted on images that it has learned."""
    seed: int = 0
    """Seed of that run, of the images that are drawn, and of their corruptions."""
    fit_images: int = 2500
    """Training images to fit on."""
    images: int = 0
    """Evaluation images; 0: all."""
    draws: int = 4
    """Corruptions of each evaluation image."""


def main() -> None:
    """Parse the command line, and print two tables."""
    command = tyro.cli(Command, prog="python -m benchmarks.rejection")
    try:
        trained = load_model(resolve_model(command.model), command.model)
        spec = trained.input
        if spec.channels != 1:
            sys.exit("error: this benchmark takes a model of grey faces (--channels 1)")
        data = load_data(command.data, Decoding(spec.source_size, 1))
    except (DataError, ModelError) as error:
        sys.exit(f"error: {error}")
    generator = default_rng(command.seed)
    candidates = np.arange(len(data.train.true_labels))
    if command.holdout:
        candidates = np.flatnonzero(held_out(data.train.digests, command.holdout, command.seed))
    chosen = generator.permutation(candidates)[: command.fit_images]
    clean, _ = show(trained, select(data.train, chosen), 0, generator)
    both, _ = show(trained, select(data.train, chosen), 1, generator)
    count = len(data.eval.true_labels)
    rows = np.sort(generator.permutation(count)[: command.images or count])
    seen, kinds = show(trained, select(data.eval, rows), command.draws, generator)
    print(f"fitted on {len(chosen):,} training images, accuracy {100 * clean.correct.mean():.2f}")
    report(seen, kinds, scores_of(clean, both, seen), images=len(rows))


def show(
    trained: TrainedModel, split: Split, draws: int, generator: Generator
) -> tuple[Seen, np.ndarray]:
    """What the model makes of each image as it is, and of each under ``draws`` corruptions.

    Returns:
        The (1 + draws) * N images, the N as they are first, and the kinds of their corruptions.
    """
    names = list(CORRUPTIONS)
    parts: list[Seen] = []
    kinds: list[str] = []
    for draw in range(1 + draws):
        for start in range(0, len(split.true_labels), CHUNK):
            labels = split.true_labels[start : start + CHUNK]
            pixels = split.images[start : start + len(labels)]
            drawn = [names[at] for at in generator.integers(len(names), size=len(labels))]
            levels = generator.integers(5, size=len(labels))
            seeds = generator.integers(2**31, size=len(labels))
            if draw:
                changed = zip(pixels, drawn, levels.tolist(), seeds.tolist(), strict=True)
                pixels = np.stack([corrupted(*one) for one in changed])
            kinds += drawn if draw else [CLEAN] * len(labels)
            logits, features = look(trained, pixels)
            parts.append(Seen(labels, logits, features, quality_of(pixels[..., 0])))
    return Seen(*(np.concatenate(column) for column in zip(*parts, strict=True))), np.array(kinds)


def corrupted(pixels: np.ndarray, kind: str, level: int, seed: int) -> np.ndarray:
    """(H, W, 1) uint8 pixels under one corruption."""
    image = to_tensor(pixels[None])[0].float() / 255
    changed = corrupt(image, kind, CORRUPTIONS[kind].levels[level], seed)
    return changed.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()


@torch.inference_mode()
def look(trained: TrainedModel, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, K) and pooled features (N, D) of (N, H, W, 1) pixels, with flip TTA."""
    model = trained.model.eval()
    images = StreamedImages(PixelRows(pixels[..., 0]), Decoding(trained.input.size, 1))
    normal = normalise(to_tensor(images[:]), *model.statistics())
    features = (model.features(normal) + mirror(model.features(mirror(normal)))) / 2
    logits = model.attend(features).logits
    return logits.numpy().astype(np.float64), features.mean((2, 3)).double().numpy()


def scores_of(clean: Seen, both: Seen, seen: Seen) -> dict[str, np.ndarray]:
    """The (N,) scores by name.

    Args:
        clean: the images to fit class means on.
        both: the same as they are and corrupted, to fit all else on.
        seen: the images to score.
    """
    distance = Mahalanobis(clean)
    return {
        PROBABILITY: special.softmax(seen.logits, 1).max(1),
        "temperature by input quality": QualityTemperature(both).probabilities(seen).max(1),
        "energy": np.logaddexp.reduce(seen.logits, axis=1),
        "Mahalanobis distance": distance.scores(seen),
        "regression on all of these": Regression(both, distance).scores(seen),
    }


def report(seen: Seen, kinds: np.ndarray, scores: dict[str, np.ndarray], images: int) -> None:
    """Print both tables."""
    correct, plain = seen.correct, scores[PROBABILITY]
    print(f"{images:,} evaluation images, {len(correct):,} views, {100 * correct.mean():.2f} right")
    _line("score", "area", "difference", "risk, %", "difference", "ECE, %")
    _line(*("---",) * 6)
    for name, values in scores.items():
        own = probability_error(values, correct)
        cells = [name, f"{area(values, correct):.3f}", "-", f"{100 * risk(values, correct):.2f}"]
        cells += ["-", "-" if own is None else f"{100 * own:.2f}"]
        if name != PROBABILITY:
            low, high = difference(area, values, plain, correct, images)
            cells[2] = f"{low:+.3f} to {high:+.3f}"
            low, high = difference(risk, values, plain, correct, images)
            cells[4] = f"{100 * low:+.2f} to {100 * high:+.2f}"
        _line(*cells)
    print()
    _line("corruption", "accuracy", *scores)
    _line(*("---",) * (2 + len(scores)))
    for kind in (CLEAN, *CORRUPTIONS):
        of_kind = kinds == kind
        areas = [f"{area(values[of_kind], correct[of_kind]):.3f}" for values in scores.values()]
        _line(kind, f"{100 * correct[of_kind].mean():.1f}", *areas)


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def probability_error(values: np.ndarray, correct: np.ndarray) -> float | None:
    """Expected calibration error of scores that are probabilities, else None."""
    if values.min() < 0 or values.max() > 1:
        return None
    return expected_calibration_error(values, correct)


def risk(values: np.ndarray, correct: np.ndarray) -> float:
    """Share of wrong predictions among the four fifths with the highest score."""
    kept = np.argsort(-values, kind="stable")[: round(COVERAGE * len(values))]
    return float(1 - correct[kept].mean())


def difference(
    figure: Callable[[np.ndarray, np.ndarray], float],
    values: np.ndarray,
    plain: np.ndarray,
    correct: np.ndarray,
    images: int,
) -> tuple[float, float]:
    """The 95 % interval of a figure minus that of the plain confidence, images drawn in pairs."""
    generator, views = default_rng(0), np.arange(len(values)).reshape(-1, images)
    drawn = []
    for _ in range(RESAMPLES):
        rows = views[:, generator.integers(images, size=images)].ravel()
        drawn.append(figure(values[rows], correct[rows]) - figure(plain[rows], correct[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
