"""How complete, how local and how faithful the attention maps of models are, on real faces.

    python -m benchmarks.map_fidelity --data ferplus:PATH --models bundled RUN/model
    python -m benchmarks.map_fidelity --data ferplus:PATH --models RUN/model --images 400

The measures and their sources: `fer_core.explain.fidelity`. A Markdown table with a column for
each model; the images are drawn once, evenly over the test split, for all models. 95 % intervals
by a bootstrap over the images.
"""

from dataclasses import dataclass

import numpy as np
import tyro

from fer_core.datasets import Decoding, load_data
from fer_core.errors import told_in_a_sentence
from fer_core.explain.fidelity import CHANCE, ORDERS, Fidelity, measure_fidelity
from fer_core.hub.download import resolve_model
from fer_core.metrics.intervals import Estimate, bootstrap_mean
from fer_core.models.pretrained import TrainedModel, load_model
from fer_core.transforms.functional import normalise, to_tensor


@dataclass(frozen=True)
class Command:
    """Measure the attention maps of models on the test split of a data set."""

    data: str
    """Data set: see docs/data.md."""
    models: tuple[str, ...] = ("bundled",)
    """Folders of models or runs, Hub ids, or bundled."""
    images: int = 200
    """How many images of the test split."""
    bootstrap: int = 2000
    """Resamples for the intervals."""
    seed: int = 0
    """Seed of the random order, the random weights and the bootstrap."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, measure, and print a table."""
    command = tyro.cli(Command, prog="python -m benchmarks.map_fidelity")
    columns: list[dict[str, str]] = []
    for name in command.models:
        found = measure(load_model(resolve_model(name)), command)
        columns.append(cells(found, command))
    print(f"| measure | {' | '.join(command.models)} |")
    print("| --- |" + " --- |" * len(columns))
    for measure_name in columns[0]:
        print(f"| {measure_name} | {' | '.join(column[measure_name] for column in columns)} |")
    print(f"\n{command.images} images of the test split, predicted class, seed {command.seed}.")


def measure(trained: TrainedModel, command: Command) -> Fidelity:
    """The measures of one model."""
    spec = trained.input
    split = load_data(command.data, Decoding(spec.size, spec.channels)).eval
    rows = np.unique(np.linspace(0, len(split.true_labels) - 1, command.images).round().astype(int))
    images = normalise(to_tensor(split.images[rows]), *trained.model.statistics())
    return measure_fidelity(trained.model, images, seed=command.seed)


def cells(found: Fidelity, command: Command) -> dict[str, str]:
    """Measure -> its text."""

    def text(values: np.ndarray) -> str:
        estimate: Estimate = bootstrap_mean(
            values, command.bootstrap, np.random.default_rng(command.seed)
        )
        return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"

    shares = np.array(list(found.fixed.values()))
    counts = np.array([(found.predicted == label).sum() for label in found.fixed])
    return {
        "completeness, largest relative gap": f"{found.completeness.max():.1e}",
        f"locality ({CHANCE} is not local)": text(found.locality),
        "correlation with occlusion": text(found.occlusion),
        **{
            f"deletion area, {order}, lower is better": text(found.deletion[order])
            for order in ORDERS
        },
        **{
            f"insertion area, {order}, higher is better": text(found.insertion[order])
            for order in ORDERS
        },
        "class-fixed share of the spatial variance": f"{np.average(shares, weights=counts):.3f}",
        "mirror agreement": text(found.mirror),
        "correlation with random weights": text(found.randomisation),
    }


if __name__ == "__main__":
    main()
