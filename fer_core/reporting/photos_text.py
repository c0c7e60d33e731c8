"""What `fer-core evaluate --photos` prints: tables as plain text, at most 100 columns wide."""

from collections.abc import Iterator, Sequence

from fer_core.evaluation.photo_report import CropFigures, PhotoAssessment
from fer_core.metrics.intervals import Estimate
from fer_core.reporting.data_text import printable, table
from fer_core.reporting.evaluation_text import SHORT, foreign_lines, interval, percent, wrapped
from fer_core.reporting.photos_json import PhotoReport

MOST_NAMED = 5  # photographs in a line
Row = Sequence[str]


def photos_text(report: PhotoReport) -> str:
    """All figures of a model on photographs."""
    found = report.assessment
    parts = [
        _title(report),
        "\n".join(map(wrapped, _remarks(report))),
        table(_main_rows(found)),
        table(_class_rows(found)),
        table(_confusion_rows(found)),
        _crops_text(found.crops),
        wrapped(_times(report)),
    ]
    return "\n\n".join(part for part in parts if part)


def _title(report: PhotoReport) -> str:
    passes = "with flip TTA" if report.subject.mirror else "without TTA"
    return wrapped(
        f"{report.subject.name} on photographs of {report.folder.name}: "
        f"{report.assessment.photos:,} photographs, {len(report.predictions.classes)} classes, "
        f"{passes}"
    )


def _remarks(report: PhotoReport) -> Iterator[str]:
    found, unmapped = report.assessment, report.unmapped
    yield from foreign_lines(report.subject.trained, unmapped)
    if report.unreadable:
        told = [f"{name} ({reason})" for name, reason in report.unreadable.items()]
        yield f"unreadable, in no figure: {_named(told)}"
    for name, count in report.predictions.unknown.items():
        yield f"excluded: {count:,} photographs of {name}, which the model does not know"
    absent = [name for name in report.predictions.absent if name not in unmapped]
    if absent:
        yield (
            f"the folder has no {', '.join(absent)}: such predictions count as wrong "
            "(--shared-classes excludes them)"
        )
    if report.missed:
        yield f"no face found, an error: {_named(report.missed)}"
    if found.several:
        yield f"several faces found in {found.several:,}: the largest one is judged"
    if report.box_faults:
        told = [f"{name} ({fault})" for name, fault in report.box_faults.items()]
        yield f"boxes that do not fit, left out of the comparison below: {_named(told)}"


def _named(names: Sequence[str]) -> str:
    """Their number and the first of them."""
    more = f" and {len(names) - MOST_NAMED:,} more (--predictions names all)"
    rest = more if len(names) > MOST_NAMED else ""
    return f"{len(names):,} ({', '.join(names[:MOST_NAMED])}{rest})"


def _main_rows(found: PhotoAssessment) -> list[Row]:
    return [
        ("figure", "photographs", "value", "95 % interval"),
        _share("accuracy, %", found.photos, found.accuracy),
        _share("  where a face is found, %", found.found, found.accuracy_where_found),
        _share("faces found, %", found.photos, found.detection_rate),
        ("mean class accuracy, %", f"{found.photos:,}", percent(found.mean_class_accuracy), ""),
    ]


def _share(label: str, photos: int, estimate: Estimate | None) -> Row:
    value = percent(estimate.value if estimate else None)
    return (label, f"{photos:,}", value, interval(estimate))


def _class_rows(found: PhotoAssessment) -> list[Row]:
    columns = ("class", "photographs", "faces found", "right", "recall, %", "95 % interval")
    rows: list[Row] = [(*columns, "predictions")]
    for name, of in found.classes.items():
        if of.photos or of.predictions:
            counts = (f"{of.photos:,}", f"{of.found:,}", f"{of.right:,}")
            recall = percent(of.recall.value if of.recall else None)
            cells = (recall, interval(of.recall), f"{of.predictions:,}")
            rows.append((printable(name), *counts, *cells))
    return rows


def _confusion_rows(found: PhotoAssessment) -> list[Row]:
    names = [*found.classes]
    short = (printable(name)[:SHORT] for name in names)
    rows: list[Row] = [("label \\ prediction", *short, "no face")]
    for name, counts in zip(names, found.confusion.tolist(), strict=True):
        if any(counts):
            rows.append((printable(name), *(f"{count:,}" for count in counts)))
    return rows


def _crops_text(crops: CropFigures | None) -> str:
    """What the detector costs, where the faces' boxes are known; nothing without any."""
    if crops is None:
        return ""
    rows: list[Row] = [
        ("the same photographs", "photographs", "value", "95 % interval"),
        _share("accuracy, face found and aligned, %", crops.photos, crops.on_photos),
        _share("accuracy, face cut out at its known box, %", crops.photos, crops.on_crops),
    ]
    test = crops.mcnemar
    difference = 100 * (crops.on_photos.value - crops.on_crops.value)
    told = (
        f"found minus cut out: {difference:+z.2f} points; faces missed: {crops.missed:,}; "
        f"right only when found: {test.only_first:,}, only when cut out: {test.only_second:,}; "
        f"McNemar's test ({test.test}): p = {test.p_value:.3g}"
    )
    return f"{table(rows)}\n{wrapped(told)}"


def _times(report: PhotoReport) -> str:
    seconds = report.assessment.seconds
    model = "" if seconds.model is None else f", alignment and model {1000 * seconds.model:.1f} ms"
    return (
        f"mean time per photograph: detection {1000 * seconds.detection:.1f} ms (cpu){model} "
        f"({report.subject.device}); reading the file not counted"
    )
