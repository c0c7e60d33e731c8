"""The confusion matrix of a model's predictions as an image."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font

from fer_core.metrics.classification import confusion_matrix
from fer_core.records.predictions import Prediction
from fer_core.reporting.figure_drawing import render

SIDE = 0.72  # inches of a class
OWN_FONT = "DejaVu Sans"  # comes with matplotlib


def draw_confusion(predictions: Sequence[Prediction], classes: Sequence[str]) -> bytes:
    """A PNG: rows are labels, columns predictions, numbers the percentage of a row's images."""
    columns = [[getattr(row, name) for row in predictions] for name in ("true_label", "predicted")]
    counts = confusion_matrix(np.array(columns[0]), np.array(columns[1]), len(classes))
    images = counts.sum(1, keepdims=True)
    shares = np.divide(100 * counts, images, where=images > 0, out=np.zeros(counts.shape))
    side = 1.8 + SIDE * len(classes)
    labels, families = drawable(classes)
    figure = Figure(figsize=(side, side - 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axes.grid(visible=False)
    places = range(len(classes))
    font = {"family": families, "parse_math": False}  # a $ in a name begins no formula
    axes.set_xticks(places, labels, rotation=45, ha="right", **font)
    counted = [f"{name} ({int(count)})" for name, count in zip(labels, images[:, 0], strict=True)]
    axes.set_yticks(places, counted, **font)
    numbers = ", number of the class" if list(labels) != list(classes) else ""
    axes.set(xlabel=f"Prediction{numbers}", ylabel="Label (images)")
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


def drawable(classes: Sequence[str]) -> tuple[list[str], list[str]]:
    """Class names as this computer's fonts can draw them, and the families that do.

    Names with a letter that no font has become numbers, counted from 1 in the order of the classes.
    """
    letters = {letter for name in classes for letter in name if not letter.isspace()}
    families, missing = [OWN_FONT], letters - _letters(findfont(OWN_FONT))
    fonts = {font.name: font.fname for font in fontManager.ttflist if font.style == "normal"}
    for family, file in sorted(fonts.items()) if missing else ():
        # Of the placeholders that matplotlib draws for unknown letters nothing can be read.
        if not family.startswith("Last Resort") and missing & _letters(file):
            families.append(family)
            missing -= _letters(file)
    if missing:
        return [str(number) for number in range(1, len(classes) + 1)], [OWN_FONT]
    return list(classes), families


@cache
def _letters(file: str) -> frozenset[str]:
    """All letters of the font in a file."""
    return frozenset(map(chr, get_font(file).get_charmap()))
