"""What `fer-core evaluate` prints: tables as plain text, at most 100 columns wide."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from fer_core.evaluation.compare import Comparison
from fer_core.evaluation.report import Assessment, Calibration
from fer_core.foreign.labels import MOST_NAMED
from fer_core.foreign.model import ForeignModel
from fer_core.metrics.intervals import Estimate
from fer_core.models.pretrained import TrainedModel
from fer_core.reporting.data_text import printable, table
from fer_core.reporting.evaluation_json import EvaluationReport, Measured
from fer_core.reporting.map_fidelity import map_fidelity_rows
from fer_core.reporting.robustness_text import robustness_parts

WIDTH = 100  # columns
SHORT = 4  # letters of a class name over a column of the confusion matrix


def report_text(report: EvaluationReport) -> str:
    """All figures of the first model, the main ones of the second, and their comparison."""
    first = report.first
    parts = [
        _title(report, first),
        *_remarks(report, first),
        table(_main_rows(report, first)),
        table(_class_rows(first.assessment)),
        table(_confusion_rows(first.assessment)),
        *_slices(first.assessment),
    ]
    if report.second is not None and report.comparison is not None:
        parts += [
            _title(report, report.second),
            *_remarks(report, report.second),
            table(_main_rows(report, report.second)),
            _comparison_text(first, report.second, report.comparison),
        ]
    measured = [first] if report.second is None else [first, report.second]
    parts += robustness_parts(measured)
    parts += _map_parts(measured)
    return "\n\n".join(parts)


def _map_parts(measured: Sequence[Measured]) -> list[str]:
    found = [(one.subject.name, one.maps) for one in measured if one.maps is not None]
    if not found:
        return []
    images = " and ".join(sorted({f"{maps.images:,}" for _, maps in found}))
    about = f"Attention maps of the predicted class on {images} images, with 95 % intervals"
    return [wrapped(about), table(map_fidelity_rows(found))]


def percent(share: float | None) -> str:
    """A share in percent with two decimals; nothing where there is none."""
    return "" if share is None else f"{100 * share:.2f}"


def interval(estimate: Estimate | None) -> str:
    """The 95 % interval of a share in percent; nothing where there is none."""
    return "" if estimate is None else f"{100 * estimate.low:.2f} - {100 * estimate.high:.2f}"


def _title(report: EvaluationReport, measured: Measured) -> str:
    passes = "with flip TTA" if measured.subject.mirror else "without TTA"
    data, split = report.listing.name, measured.predictions.split.name
    place = data if data == split else f"{data} {split}"
    return wrapped(
        f"{measured.subject.name} on {place}: {measured.assessment.images:,} images, "
        f"{len(measured.predictions.classes)} classes, {passes}"
    )


def _remarks(report: EvaluationReport, measured: Measured) -> Iterator[str]:
    predictions, unmapped = measured.predictions, measured.unmapped
    lines = [*foreign_lines(measured.subject.trained, unmapped)]
    lines += [
        f"excluded: {count:,} images of {name}, which the model does not know"
        for name, count in predictions.unknown.items()
    ]
    absent = [name for name in predictions.absent if name not in unmapped]
    if absent:
        lines.append(
            f"the data set has no {', '.join(absent)}: such predictions count as wrong "
            "(--shared-classes excludes them)"
        )
    if measured.subject.saw_split == (report.listing.name, predictions.split.name):
        lines.append("the model was trained on a split of this name: this does not test it")
    if lines:
        yield "\n".join(map(wrapped, lines))


def foreign_lines(
    trained: TrainedModel | ForeignModel, unmapped: Mapping[str, int]
) -> Iterator[str]:
    """How the labels of another project's model were read, and what is not known of it.

    Args:
        trained: the model; one of this project has no such lines.
        unmapped: label that names no class -> images predicted as it.
    """
    if not isinstance(trained, ForeignModel):
        return
    network = trained.network
    yield (
        f"a model of {network.library} ({network.architecture}) with its own preprocessing; it has "
        "no attention maps here, and its training images are not known: some may be among these"
    )
    pairs = [f"{label} = {name}" for label, name in trained.mapping.to_json().items() if name]
    yield f"labels read as {', '.join(pairs)} (--labels changes that)"
    if unmapped:
        count = len(unmapped)
        named = ", ".join([*unmapped][:MOST_NAMED])
        more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
        labels = "label that names" if count == 1 else "labels that name"
        yield (
            f"{count} {labels} no class ({named}{more}): predicted on {sum(unmapped.values()):,} "
            "images, which count as wrong (--shared-classes excludes such predictions)"
        )


def _main_rows(report: EvaluationReport, measured: Measured) -> list[Sequence[str]]:
    found = measured.assessment
    rows: list[Sequence[str]] = [
        ("figure", "value", "95 % interval"),
        ("accuracy, %", percent(found.accuracy.value), interval(found.accuracy)),
        (
            "mean class accuracy, %",
            percent(found.mean_class_accuracy.value),
            interval(found.mean_class_accuracy),
        ),
        ("macro F1, %", percent(found.macro_f1), ""),
    ]
    train = printable(report.listing.train.name)
    if found.unseen is not None and not found.unseen.left_out:
        rows.append((f"images also in {train}", "0", ""))
    elif found.unseen is not None:
        label = f"accuracy without {found.unseen.left_out:,} images also in {train}, %"
        share = found.unseen.accuracy
        rows.append((label, percent(share.value if share else None), interval(share)))
    rows += [
        ("cross-entropy", f"{found.nll:.4f}", ""),
        ("calibration error (ECE, 15 bins), %", percent(found.ece), ""),
    ]
    if found.calibration is None:
        rows.append(("temperature: too few images to fit one", "", ""))
        return rows
    rows += [
        (f"temperature, {_fitted(found.calibration)}", _temperatures(found.calibration), ""),
        ("  cross-entropy with it", f"{found.calibration.nll:.4f}", ""),
        ("  calibration error with it, %", percent(found.calibration.ece), ""),
    ]
    return rows


def _fitted(calibration: Calibration) -> str:
    if calibration.fitted_on == "other half":
        return "of either half fitted on the other"
    repeated = f", {calibration.repeated:,} also here" if calibration.repeated else ""
    return f"fitted on {calibration.images:,} other images{repeated}"


def _temperatures(calibration: Calibration) -> str:
    return ", ".join(f"{temperature:.3f}" for temperature in calibration.temperatures)


def _class_rows(found: Assessment) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("class", "images", "predictions", "recall, %", "95 % interval", "precision, %", "F1, %")
    ]
    for name, of in found.classes.items():
        if not of.images and not of.answers:
            continue
        recall = percent(of.recall.value if of.recall else None)
        cells = (recall, interval(of.recall), percent(of.precision), percent(of.f1))
        rows.append((name, f"{of.images:,}", f"{of.answers:,}", *cells))
    return rows


def _confusion_rows(found: Assessment) -> list[Sequence[str]]:
    names = list(found.classes)
    rows: list[Sequence[str]] = [("label \\ prediction", *(name[:SHORT] for name in names))]
    for name, counts in zip(names, found.confusion.tolist(), strict=True):
        if any(counts):
            rows.append((name, *(f"{count:,}" for count in counts)))
    return rows


def _slices(found: Assessment) -> Iterator[str]:
    for attribute, groups in found.slices.items():
        rows: list[Sequence[str]] = [(attribute, "images", "accuracy, %", "95 % interval")]
        for value, group in groups.items():
            share = group.accuracy
            rows.append((value, f"{group.images:,}", percent(share.value), interval(share)))
        yield table([[printable(cell) for cell in row] for row in rows])


def _comparison_text(first: Measured, second: Measured, found: Comparison) -> str:
    names = _two_names(first, second)
    rows: list[Sequence[str]] = [
        (f"both on {found.images:,} images, %", *names, "difference", "95 % interval")
    ]
    for label, pair, difference in (
        ("accuracy", found.accuracies, found.difference),
        ("mean class accuracy", found.mean_class_accuracies, found.mean_class_accuracy_difference),
    ):
        ends = f"{100 * difference.low:+z.2f} .. {100 * difference.high:+z.2f}"
        rows.append((label, *map(percent, pair), f"{100 * difference.value:+z.2f}", ends))
    test = found.mcnemar
    statistic = "" if test.statistic is None else f", {test.statistic:.3f}"
    p_value = f"p = {test.p_value:.3g}" if test.p_value else "p < 1e-300"
    return (
        f"{table(rows)}\n"
        f"only {names[0]} is right: {test.only_first:,}, only {names[1]}: {test.only_second:,}\n"
        f"McNemar's test ({test.test}{statistic}): {p_value}"
    )


def wrapped(text: str) -> str:
    """Printable text in lines of at most `WIDTH` columns."""
    return textwrap.fill(printable(text), WIDTH)


def _two_names(first: Measured, second: Measured) -> tuple[str, str]:
    """The models' names, or first and second where these are equal or too long for a column."""
    one, other = (printable(measured.subject.name) for measured in (first, second))
    return (one, other) if one != other and len(one + other) <= 30 else ("first", "second")
