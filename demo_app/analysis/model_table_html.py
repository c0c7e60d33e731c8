"""The table of models on labelled photographs, as HTML."""

from collections.abc import Iterable, Sequence
from html import escape

from demo_app.analysis.model_table import ModelResult, ModelTable
from demo_app.language import class_name, say, say_count

MOST_NAMED = 5  # photographs
COLUMNS = ("name", "accuracy", "mean", "found", "against")


def table_html(table: ModelTable) -> str:
    """A row a model; what counts and what does not is said above it."""
    folder = table.folder
    told = say_count("models.told", len(folder.photos), classes=escape(_named(folder.classes)))
    head = "".join(f'<th scope="col">{say(f"models.column_{name}")}</th>' for name in COLUMNS)
    rows = "".join(_row(one) for one in table.results)
    label = escape(say("models.title"))
    if table.unreadable:
        names = escape(_some(table.unreadable))
        told += f" {say_count('models.unreadable', len(table.unreadable), names=names)}"
    return (
        f'<p>{told}</p><div class="wide" role="region" tabindex="0" aria-label="{label}">'
        f"<table><tr>{head}</tr>{rows}</table></div>"
    )


def _row(one: ModelResult) -> str:
    name = f'<th scope="row">{escape(one.name)}</th>'
    found = one.assessment
    if found is None:
        return f'<tr>{name}<td colspan="{len(COLUMNS) - 1}">{escape(one.problem)}</td></tr>'
    value, low, high = (f"{100 * share:.1f}" for share in found.accuracy)
    accuracy = say("models.accuracy", value=value, low=low, high=high)
    test = one.against_first
    against = "" if test is None else _p_value(test.p_value)
    cells = (
        f"{accuracy} ({found.right}/{found.photos})",
        f"{100 * found.mean_class_accuracy:.1f} %",
        f"{found.found}/{found.photos}",
        against,
    )
    notes = [] if one.predictions is None else [
        say(f"models.{kind}", classes=escape(_named(names)))
        for kind, names in (
            ("absent", one.predictions.absent),
            ("unknown", tuple(one.predictions.unknown)),
        )
        if names
    ]  # fmt: skip
    shown = "".join(f"<td>{cell}</td>" for cell in cells)
    more = "".join(f'<tr class="note"><td colspan="5">{note}</td></tr>' for note in notes)
    return f"<tr>{name}{shown}</tr>{more}"


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f", … (+{more})" if more > 0 else "")


def _named(classes: Iterable[str]) -> str:
    return ", ".join(class_name(name) for name in classes)


def _p_value(value: float) -> str:
    return "&lt;0.001" if value < 0.001 else f"{value:.3f}"
