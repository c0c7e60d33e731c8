"""Published results of facial expression recognition: what others report, and how far it is known.

One row a figure: method, data set, classes, label noise, metric, value, backbone, the paper or
table it is from with its address, and a trust mark. docs/published-results.md describes the
columns.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from fer_core.config.data import DATA_NAMES
from fer_core.records.trials import CLEAN, NO_NUMBER, LabelNoise, Setting

_FILE = Path(__file__).with_name("published.csv")
_PAPERS = Path(__file__).with_name("published.bib")
SHIPPED_RUNS = Path(__file__).with_name("shipped_runs")  # run records behind our own tables
# The architectures of the published table, by timm's names without the tag of their weights.
BACKBONES = {"mobilenetv2_100": "MobileNetV2", "resnet18": "ResNet-18", "resnet50": "ResNet-50"}
ACCURACY = "accuracy"  # the metric that our own figures have
SAME_NOISE = 0.5  # points: shares of noisy labels that differ by less are taken for one
ZERO_SHOT = "zero-shot"  # of a model that was trained on no labelled faces


class Conditions(NamedTuple):
    """What a published figure and one of our own share where they may be compared.

    Attributes:
        dataset: its name for readers.
        classes: how many; one that is not stated equals none, not even itself.
        metric: such as ``accuracy``.
        noise_kind: of the training labels; ``none`` where they are clean.
        noise_percent: share of noisy training labels.
        trained_on: another data set, or ``ZERO_SHOT``; empty for the training split of ``dataset``.
    """

    dataset: str
    classes: int
    metric: str
    noise_kind: str
    noise_percent: float
    trained_on: str = ""

    @classmethod
    def of_runs(cls, setting: Setting, noise: LabelNoise) -> "Conditions":
        """The conditions of our own runs."""
        name = DATA_NAMES.get(setting.data, setting.data)
        return cls(name, setting.classes, ACCURACY, *noise)

    @classmethod
    def of_published(cls, row: Mapping[str, str]) -> "Conditions":
        """The conditions of a row of `read_published_results`."""
        percent = 100 * float(row["noise_rate"] or 0)
        kind = (row["noise_kind"] or CLEAN) if percent else CLEAN
        classes = int(row["classes"] or NO_NUMBER)
        trained_on = row.get("trained_on") or ""
        return cls(row["dataset"], classes, row["metric"], kind, percent, trained_on)

    def same_data(self, other: "Conditions") -> bool:
        """Whether the figures measure the same, trained and tested on the same data set.

        The number of classes may differ.
        """
        ours = (self.dataset, self.metric, self.trained_on)
        return ours == (other.dataset, other.metric, other.trained_on)

    def same_classes(self, other: "Conditions") -> bool:
        """Whether the figures are for the same, stated, number of classes."""
        return self.classes == other.classes != NO_NUMBER

    def same_noise(self, other: "Conditions") -> bool:
        """Whether the training labels were as noisy, in the same way."""
        gap = abs(self.noise_percent - other.noise_percent)
        return self.noise_kind == other.noise_kind and gap < SAME_NOISE

    def alike(self, other: "Conditions") -> bool:
        """Whether the figures may be compared."""
        return self.same_data(other) and self.same_classes(other) and self.same_noise(other)


def architecture(backbone: str) -> str | None:
    """What the published table calls a timm backbone; None where it has none of that kind."""
    return BACKBONES.get(backbone.split(".")[0])


def published_results_file() -> Path:
    """The table of published results that ships with the library, CSV with a header."""
    return _FILE


def read_published_results(file: Path | None = None) -> list[dict[str, str]]:
    """The published results, a dictionary of texts for each figure.

    Args:
        file: another table with the same columns; by default `published_results_file`.

    Raises:
        OSError: when the file cannot be read.
    """
    with (file or _FILE).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def published_bibtex(keys: Iterable[str]) -> str:
    """The BibTeX entries of some papers of the table, in the order of their keys.

    Args:
        keys: of the column ``bibtex``; empty ones are ignored, doubles count once.

    Raises:
        KeyError: when the table of papers has no entry of that key.
    """
    entries = re.split(r"\n(?=@)", _PAPERS.read_text(encoding="utf-8").strip())
    known = {entry.partition("{")[2].partition(",")[0]: entry.strip() for entry in entries}
    return "\n\n".join(known[key] for key in sorted({key for key in keys if key}))
