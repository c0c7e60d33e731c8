"""Results of your own: rows in the shape of the published table, from ``my_results.csv``."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dashboard.data.csv_text import csv_text
from fer_core.errors import FerError
from fer_core.records.trials import CLEAN

OWN_FILE = Path("my_results.csv")  # in the working directory
OWN = "yours"
REQUIRED = ("method", "dataset", "classes", "noise_rate", "metric", "value")
OPTIONAL = (
    *("year", "noise_kind", "selection", "backbone", "pretraining", "params_m", "trained_on"),
    *("eval_split", "note"),
)
NUMBERS: dict[str, tuple[float, float]] = {  # by column: lowest and highest value
    "classes": (2, 1000),
    "noise_rate": (0, 1),
    "value": (0, 100),
    "year": (1990, 2100),
    "params_m": (0, 1e6),
}
WHOLE = ("classes", "year")
SPLITS = ("test", "val")
EXAMPLE = (
    "method,dataset,classes,noise_rate,noise_kind,metric,value,eval_split\n"
    "my method,RAF-DB,7,0.3,symmetric,accuracy,85.1,test\n"
)


class OwnResultsError(FerError, ValueError):
    """A table of own results that cannot be used; the message is one sentence."""


def read_own_file(file: Path = OWN_FILE) -> pd.DataFrame:
    """The rows of a file; no rows when it does not exist.

    Raises:
        OwnResultsError: when it cannot be read, as of `read_own_results`.
    """
    if not file.is_file():
        return own_frame([])
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OwnResultsError(f"{file.name} cannot be read: {error}") from error
    return read_own_results(text, file.name)


def read_own_results(text: str, name: str) -> pd.DataFrame:
    """The rows of a table, checked.

    Args:
        text: CSV with a header; it needs the columns REQUIRED, may have OPTIONAL ones, and others
            are ignored.
        name: of the table, for errors.

    Returns:
        REQUIRED and OPTIONAL columns; ``value`` in percent, ``noise_rate`` in [0, 1].

    Raises:
        OwnResultsError: names row, column and value that cannot be used, and what is allowed.
    """
    try:
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise OwnResultsError(f"{name} is not a CSV table: {error}") from error
    missing = [column for column in REQUIRED if column not in table.columns]
    if missing:
        raise OwnResultsError(
            f"{name} lacks the columns {', '.join(missing)}; it needs {', '.join(REQUIRED)}"
        )
    rows = table.to_dict("records")
    return own_frame(
        [own_row(row, f"{name}, row {number}") for number, row in enumerate(rows, start=1)]
    )


def own_row(cells: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """One result, checked; missing optional cells are None.

    Args:
        cells: by column, a text or a number.
        where: which result it is, for errors.

    Raises:
        OwnResultsError: as `read_own_results`.
    """
    texts = {column: str(cells.get(column) or "").strip() for column in (*REQUIRED, *OPTIONAL)}
    for column in REQUIRED:
        if not texts[column] and not _is_zero(cells.get(column)):
            raise OwnResultsError(f"{where}: {column} is empty")
    row: dict[str, Any] = {column: text or None for column, text in texts.items()}
    for column, (low, high) in NUMBERS.items():
        if texts[column] or _is_zero(cells.get(column)):
            row[column] = _number(texts[column] or "0", column, low, high, where)
    if texts["eval_split"] and texts["eval_split"] not in SPLITS:
        allowed = " or ".join(SPLITS)
        raise OwnResultsError(f"{where}: eval_split must be {allowed}, got {texts['eval_split']!r}")
    if not row["noise_rate"]:
        row["noise_kind"] = CLEAN
    elif not texts["noise_kind"]:
        raise OwnResultsError(
            f"{where}: noise_kind is empty but noise_rate is above 0: give the kind of noise, such "
            "as symmetric"
        )
    return row


def own_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows as a table with REQUIRED and OPTIONAL columns, perhaps empty."""
    table = pd.DataFrame(rows, columns=[*REQUIRED, *OPTIONAL])
    return table.astype(dict.fromkeys(WHOLE, "Int64"))


def own_csv(table: pd.DataFrame) -> str:
    """The text of ``my_results.csv``."""
    return csv_text(table)


def _number(text: str, column: str, low: float, high: float, where: str) -> float | int:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    whole = column in WHOLE
    if not low <= number <= high or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise OwnResultsError(
            f"{where}: {column} must be {kind} from {low:g} to {high:g}, got {text!r}"
        )
    return int(number) if whole else number


def _is_zero(cell: object) -> bool:
    return not isinstance(cell, str) and cell is not None and cell == 0
