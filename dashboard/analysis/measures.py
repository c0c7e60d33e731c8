"""The measures of accuracy that pages offer, as columns of the table of runs."""

from typing import NamedTuple

import pandas as pd

from dashboard.analysis.comparison import ACCURACY


class ShownMeasure(NamedTuple):
    """A measure on an axis, and what its interval over images is computed from.

    Attributes:
        column: of the table of runs.
        title: what it is, for charts and sentences.
        unit: written after a value.
        measure: of `fer_core.records.measures`, whose predictions an interval over images needs.
        by_class: whether it is a mean class accuracy.
    """

    column: str
    title: str
    unit: str = "%"
    measure: str = ""
    by_class: bool = False

    @property
    def axis(self) -> str:
        """Title of an axis, with the unit."""
        return f"{self.title} ({self.unit})"

    def by(self, what: str) -> str:
        """Title of a chart over something."""
        return f"{self.title}{',' if ',' in self.title else ''} by {what}"


ACCURACY_MEASURES = {
    "Accuracy": ShownMeasure(ACCURACY, "Accuracy", measure="last5"),
    "Mean class accuracy": ShownMeasure(
        "mean_class_accuracy_percent", "Mean class accuracy", measure="last5", by_class=True
    ),
    "Chosen epoch": ShownMeasure("chosen_percent", "Accuracy, chosen epoch", measure="chosen"),
    "Chosen epoch, flip TTA": ShownMeasure(
        "chosen_tta_percent", "Accuracy, chosen epoch, flip TTA", measure="chosen_tta"
    ),
    "Chosen epoch, flip TTA, mean class accuracy": ShownMeasure(
        "chosen_tta_mean_class_percent",
        "Mean class accuracy, chosen epoch, flip TTA",
        measure="chosen_tta",
        by_class=True,
    ),
}
FORMER_NAMES = {  # in links of earlier versions
    "Class mean": "Mean class accuracy",
    "Its mean class accuracy": "Chosen epoch, flip TTA, mean class accuracy",
}


def offered_accuracies(rows: pd.DataFrame) -> list[str]:
    """Names of the measures that some of these runs have; those without held-out images lack three.

    Args:
        rows: of the table of runs.
    """
    return [
        name
        for name, measure in ACCURACY_MEASURES.items()
        if measure.column == ACCURACY or rows[measure.column].notna().any()
    ]
