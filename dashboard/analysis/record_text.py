"""The facts of a record as a person reads them: shares in percent, durations, a row for each fact.

The names are those of docs/run-records.md in words; ``run.json`` has the figures in full.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.analysis.progress import duration
from fer_core.reporting.option_text import NONE

LAST, CHOSEN, FINAL, BEST = "last 5 epochs", "chosen epoch", "final epoch", "best epoch"
NAMES = {
    "accuracy_last5": f"accuracy ({LAST})",
    "accuracy_last5_tta": f"accuracy ({LAST}, flip TTA)",
    "mean_class_accuracy_last5": f"mean class accuracy ({LAST})",
    "mean_class_accuracy_last5_tta": f"mean class accuracy ({LAST}, flip TTA)",
    "chosen_accuracy": f"accuracy ({CHOSEN})",
    "chosen_accuracy_tta": f"accuracy ({CHOSEN}, flip TTA)",
    "chosen_mean_class_accuracy": f"mean class accuracy ({CHOSEN})",
    "chosen_mean_class_accuracy_tta": f"mean class accuracy ({CHOSEN}, flip TTA)",
    "final_accuracy": f"accuracy ({FINAL})",
    "final_mean_class_accuracy": f"mean class accuracy ({FINAL})",
    "final_macro_f1": f"macro F1 ({FINAL})",
    "best_accuracy": f"accuracy ({BEST}, an upper bound)",
    "seconds": "time of training and evaluation",
    "macs": "MACs",
    "fer_core": "fer_core",
}
SHARES = ("accuracy", "macro_f1", "rate", "share")  # in names of figures from 0 to 1
UNKNOWN = "not stated"


def fact_rows(name: str, value: object) -> list[tuple[str, str]]:
    """One fact as rows of its name and its value; an object has a row for each of its entries.

    Args:
        name: the key in the record.
        value: as JSON has it.
    """
    return _rows(NAMES.get(name, name.replace("_", " ")), name, value)


def _rows(shown: str, name: str, value: object) -> list[tuple[str, str]]:
    match value:
        case Mapping() if value:
            return [row for key, one in value.items() for row in _entry(shown, str(key), one)]
        case [Mapping(), *_]:
            numbered = enumerate(value, start=1)
            return [row for number, one in numbered for row in _rows(f"{shown} {number}", "", one)]
        case _:
            return [(shown, _text(name, value))]


def _entry(parent: str, key: str, value: object) -> list[tuple[str, str]]:
    return _rows(f"{parent}: {key.replace('_', ' ')}", key, value)


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    match value:
        case None:
            return UNKNOWN
        case float() if math.isnan(value):
            return UNKNOWN
        case list() | Mapping() if not value:
            return NONE
        case bool():
            return "yes" if value else "no"
        case int() | float() if name == "seconds":
            return duration(value)
        case int() | float() if any(share in name for share in SHARES):
            return f"{100 * value:.2f} %"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"
        case [[*_], *_]:
            return ", ".join(f"({_text(name, one)})" for one in value)
        case [int(), int()] if name == "map_size":
            return "x".join(map(str, value))
        case Sequence() if not isinstance(value, str):
            return ", ".join(_text(name, one) for one in value)
    return str(value)
