"""The confusion matrix of a model's answers as a picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fer_core.metrics import confusion_matrix
from fer_core.records import Prediction
from fer_core.reporting.figure_drawing import render

SIDE = 0.72  # inches of a class


def draw_confusion(answers: Sequence[Prediction], classes: Sequence[str]) -> bytes:
    """A PNG: rows are labels, columns answers, numbers the share of a row's images in percent."""
    columns = [[getattr(answer, name) for answer in answers] for name in ("label", "predicted")]
    counts = confusion_matrix(np.array(columns[0]), np.array(columns[1]), len(classes))
    images = counts.sum(1, keepdims=True)
    shares = np.divide(100 * counts, images, where=images > 0, out=np.zeros(counts.shape))
    side = 1.8 + SIDE * len(classes)
    figure = Figure(figsize=(side, side - 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axes.grid(visible=False)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=45, ha="right")
    axes.set_yticks(places, [f"{n} ({int(c)})" for n, c in zip(classes, images[:, 0], strict=True)])
    axes.set(xlabel="Answer", ylabel="Label (images)")
    for row in places:
        for column in places:
            share = shares[row, column]
            axes.text(
                column,
                row,
                f"{share:.0f}" if images[row, 0] else "-",
                ha="center",
                va="center",
                color="white" if share > 55 else "#222222",
            )
    return render(figure, "png")
