"""What `fer-core evaluate --photos` found, and its files: docs/evaluation.md describes both."""

import csv
import io
from typing import Any, NamedTuple

from fer_core.evaluation.photo_folder import PhotoFolder
from fer_core.evaluation.photo_report import PhotoAssessment
from fer_core.evaluation.photos import PhotoPrediction, PhotoPredictions
from fer_core.evaluation.report import to_json
from fer_core.io.csv_cells import no_formula
from fer_core.reporting.evaluation_json import (
    EvaluatedModel,
    environment_json,
    subject_json,
    unmapped_predictions,
)
from fer_core.taxonomy import column_names

SCHEMA_VERSION = 1
COLUMNS = (
    *("image", "true_label", "predicted", "reason", "faces", "left", "top", "right", "bottom"),
    *("crop_predicted", "detection_seconds", "model_seconds"),
)


class PhotoReport(NamedTuple):
    """All that a command found.

    Attributes:
        subject: the model.
        folder: the photographs.
        predictions: of the model on them.
        assessment: the figures.
    """

    subject: EvaluatedModel
    folder: PhotoFolder
    predictions: PhotoPredictions
    assessment: PhotoAssessment

    @property
    def unreadable(self) -> dict[str, str]:
        """Photograph that cannot be read -> why."""
        known = self.predictions.classes
        return {
            row.photo.name: row.reason
            for row in self.predictions.rows
            if not row.counted and row.photo.label in known
        }

    @property
    def missed(self) -> tuple[str, ...]:
        """Photographs in which no face is found."""
        rows = self.predictions.rows
        return tuple(row.photo.name for row in rows if row.counted and row.reason)

    @property
    def box_faults(self) -> dict[str, str]:
        """Photograph whose known box does not fit -> why."""
        return {row.photo.name: row.box_fault for row in self.predictions.rows if row.box_fault}

    @property
    def unmapped(self) -> dict[str, int]:
        """See `Measured.unmapped`."""
        given = {name: of.predictions for name, of in self.assessment.classes.items()}
        return unmapped_predictions(self.subject.trained, given)


def photos_json(report: PhotoReport, options: dict[str, Any]) -> dict[str, Any]:
    """The report as plain JSON values; only the times differ from one run to the next.

    Args:
        report: what was found.
        options: what the figures depend on besides model and photographs.
    """
    predictions = report.predictions
    return {
        "schema_version": SCHEMA_VERSION,
        "options": options,
        "photos": {"name": report.folder.name, "classes": list(report.folder.classes)},
        "model": {
            **subject_json(report.subject, report.unmapped),
            "answers": list(predictions.classes),
            "absent_classes": list(predictions.absent),
            "unknown_classes": predictions.unknown,
        },
        "unreadable": report.unreadable,
        "missed": list(report.missed),
        "box_faults": report.box_faults,
        "figures": to_json(report.assessment),
        "environment": environment_json(report.subject.device),
    }


def photos_csv(predictions: PhotoPredictions) -> str:
    """One line a photograph: what was found in it, the prediction, or why there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [*COLUMNS, *column_names(predictions.classes, COLUMNS)]
    writer.writerow([no_formula(name) for name in header])
    rows = (_cells(row, predictions.classes) for row in predictions.rows)
    writer.writerows([no_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cells(row: PhotoPrediction, classes: tuple[str, ...]) -> list[str]:
    of_photo, of_crop = row.probabilities, row.crop_probabilities
    return [
        row.photo.name,
        row.photo.label,
        "" if of_photo is None else classes[of_photo.argmax()],
        row.reason,
        str(row.faces) if row.counted else "",
        *(("",) * 4 if row.box is None else (f"{value:.1f}" for value in row.box)),
        "" if of_crop is None else classes[of_crop.argmax()],
        f"{row.detection_seconds:.4f}" if row.counted else "",
        "" if of_photo is None else f"{row.model_seconds:.4f}",
        *(("",) * len(classes) if of_photo is None else (f"{value:.6f}" for value in of_photo)),
    ]
