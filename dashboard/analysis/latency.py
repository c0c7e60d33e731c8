"""The measured speeds of the demo and of training, as recorded."""

from pathlib import Path

import pandas as pd

LATENCY = Path(__file__).parents[1] / "data" / "latency.csv"
LATENCY_COLUMNS = ("what", "figure", "unit", "reference", "ratio", "command", "source")
SERVING = (
    *("benchmarks.demo_photos", "benchmarks.live", "benchmarks.startup"),
    *("benchmarks.inference", "benchmarks.static_page"),
)


def read_latency(file: Path = LATENCY) -> pd.DataFrame:
    """The measured speeds: LATENCY_COLUMNS, as text exactly as recorded."""
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def latency_tables(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows about the demo, and those about training and its data."""
    serving = rows["command"].str.contains("|".join(SERVING))
    return rows[serving], rows[~serving]
