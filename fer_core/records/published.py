"""Published results of facial expression recognition: what others report, and how far it is known.

One row a figure: method, data set, classes, label noise, metric, value, backbone, the paper or
table it is from, and a trust mark.
"""

import csv
from pathlib import Path

_FILE = Path(__file__).with_name("published.csv")
SHIPPED_RUNS = Path(__file__).with_name("shipped_runs")  # run records behind our own tables


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
