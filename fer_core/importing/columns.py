"""Which column of another program is which figure of ``epochs.jsonl``, by the words in its name."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from fer_core.importing.series import SourceError
from fer_core.records.schema import EPOCH

FIGURES = (
    "learning_rate",
    "train_loss",
    "train_accuracy_noisy_labels",
    "eval_loss",
    "eval_accuracy",
    "eval_mean_class_accuracy",
    "holdout_loss",
    "holdout_accuracy",
    "holdout_mean_class_accuracy",
    "train_seconds",
    "eval_seconds",
)
SHORT = {
    "accuracy": "eval_accuracy",
    "mean_class_accuracy": "eval_mean_class_accuracy",
    "class_mean": "eval_mean_class_accuracy",  # its former name
    "lr": "learning_rate",
}
TEST, VALIDATION = {"test", "testing"}, {"val", "valid", "validation", "eval", "dev"}
TRAIN = {"train", "training"}
_ACCURACY = {"acc", "accuracy", "top1", "acc1", "prec1", "war"}
_MEAN_CLASS_ACCURACY = {"uar", "bacc"}
_LOSS = {"loss"}
# Words that change nothing; a name with any other word is another figure.
_FILLING = {
    *("epoch", "mean", "avg", "average", "overall", "total", "top", "1", "prec", "metric"),
    *("metrics", "categorical", "sparse", "multiclass", "evaluation", "vs", "iterations", "split"),
}


class Columns(NamedTuple):
    """What was made of the columns of a file.

    Attributes:
        taken: figure -> column.
        left: the columns that are no figure of a record.
        split: the word of the columns that the evaluation figures come from, ``val`` for example.
    """

    taken: dict[str, str]
    left: list[str]
    split: str


def match_columns(names: Iterable[str], chosen: Mapping[str, str]) -> Columns:
    """Match columns to figures.

    Test images are those that are evaluated; images called validation are the holdout beside them,
    and are evaluated where there are no others.

    Args:
        names: of the columns.
        chosen: figure -> column, of `read_choices`; these come first, then columns whose names are
            those of figures.

    Raises:
        SourceError: when a chosen column is absent, or none is the accuracy on held-out images.
    """
    names = list(names)
    absent = [column for column in chosen.values() if column not in names]
    if absent:
        near = get_close_matches(absent[0], names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SourceError(f"no column {absent[0]!r} among {', '.join(names)}{hint}")
    own = {name: name for name in names if name in FIGURES and name not in chosen.values()}
    chosen = own | dict(chosen)
    guessed: dict[tuple[str, str], str] = {}
    for name in sorted(names, key=len):  # the shorter of two names is the plainer figure
        found = _meaning(name)
        if found is not None and name not in chosen.values():
            guessed.setdefault(found, name)
    tested = any(role == "eval" for role, _ in guessed)
    taken: dict[str, str] = {}
    for (role, figure), name in guessed.items():
        if role == "holdout" and not tested:
            role = "eval"
        key = figure if role == "" else f"{role}_{figure}"
        key = {"train_accuracy": "train_accuracy_noisy_labels"}.get(key, key)
        if key in FIGURES and key not in chosen:
            taken[key] = name
    taken |= chosen
    if "eval_accuracy" not in taken:
        raise SourceError(
            "no column is the accuracy on test or validation images: name it, as --map "
            f"accuracy=COLUMN; there are {', '.join(names)}"
        )
    words = [word for word in _words(taken["eval_accuracy"]) if word in TEST | VALIDATION]
    taken = {key: taken[key] for key in FIGURES if key in taken}
    left = [name for name in names if name not in taken.values()]
    return Columns(taken, left, words[0] if words else "")


def read_choices(texts: Iterable[str]) -> dict[str, str]:
    """Figure -> column, of texts as ``accuracy=val_acc``.

    Raises:
        SourceError: for a text without ``=``, an unknown figure, or one that is named twice.
    """
    chosen: dict[str, str] = {}
    for text in texts:
        figure, equals, column = text.partition("=")
        key = EPOCH.get(figure, SHORT.get(figure, figure))
        if not equals or not column or key not in FIGURES or key in chosen:
            raise SourceError(
                f"map must be FIGURE=COLUMN, each figure once, with FIGURE one of "
                f"{', '.join([*SHORT, *FIGURES])}, got {text!r}"
            )
        chosen[key] = column
    return chosen


def is_percent(name: str) -> bool:
    """Whether a column's name says that it is in percent, which top1 does not."""
    return bool({"percent", "percentage", "pct"} & set(_words(name))) or "%" in name


def _meaning(name: str) -> tuple[str, str] | None:
    """Role (train, eval, holdout or none) and figure of a column; None for any other."""
    words = _words(name)
    if "lr" in words or {"learning", "rate"} <= set(words):
        return "", "learning_rate"
    rest = set(words) - _FILLING
    roles = {
        role
        for role, known in (("train", TRAIN), ("eval", TEST), ("holdout", VALIDATION))
        if rest & known
    }
    rest -= TRAIN | TEST | VALIDATION
    role = next(iter(roles), "train")
    if len(roles) > 1:
        return None
    if rest and rest <= _LOSS:
        return role, "loss"
    if rest and (
        rest <= _MEAN_CLASS_ACCURACY or rest in ({"balanced", "accuracy"}, {"balanced", "acc"})
    ):
        return role, "mean_class_accuracy"
    return (role, "accuracy") if rest and rest <= _ACCURACY else None


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+1?|\d+", name.lower())
