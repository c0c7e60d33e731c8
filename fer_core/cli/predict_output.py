"""What ``fer-core predict`` prints, as it comes: text, one JSON list, or one CSV table."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any, Literal, TextIO

from fer_core.inference.face_prediction import FacePrediction
from fer_core.io.wording import counted
from fer_core.landmarks.analysis import COLUMNS, cells
from fer_core.taxonomy import column_names

NO_FACE = "no face found"
FIRST = ("photo", "face", "score", "emotion", "confidence", "x0", "y0", "x1", "y1")
LAST = ("problem",)
MOMENT = ("time_s", "frame")  # columns of videos
Form = Literal["text", "json", "csv"]


class Printer:
    """Prints every result at once, so that what is there when a run is stopped is of use."""

    def __init__(
        self,
        form: Form,
        classes: Sequence[str],
        *,
        videos: bool,
        analyses: bool = False,
        out: TextIO | None = None,
    ) -> None:
        """Begin: a CSV table always has its header, a JSON list its bracket.

        Args:
            form: text, json or csv.
            classes: of the model.
            videos: whether there are videos among the inputs, whose rows have a time.
            analyses: whether faces have an analysis, with its columns.
            out: where to; by default standard output.
        """
        self.form, self.classes = form, tuple(classes)
        self.out = sys.stdout if out is None else out
        self._count = 0
        more = (*(COLUMNS if analyses else ()), *(MOMENT if videos else ()), *LAST)
        columns = column_names(list(self.classes), [*FIRST, *more])
        self._columns = [*FIRST, *columns, *more]
        # Standard output turns each line end into that of the system.
        self._table = csv.DictWriter(self.out, self._columns, restval="", lineterminator="\n")
        if form == "csv":
            self._table.writeheader()
        elif form == "json":
            self._write("[")

    def photo(self, name: str, faces: Sequence[FacePrediction]) -> None:
        """The faces of a photograph; without one, a row that says so."""
        self._result(name, faces, "" if faces else NO_FACE, {})
        if self.form == "text":
            self._write(f"{name}: {counted(len(faces), 'face')}\n")
            for number, face in enumerate(faces, start=1):
                self._write(f"  {_in_words(number, face)}\n")

    def moment(
        self,
        name: str,
        time: float,
        frame: int,
        faces: Sequence[FacePrediction],
        numbers: Sequence[int],
    ) -> None:
        """The faces of a moment of a video; ``numbers`` are those of their tracks."""
        where = {"time_s": round(time, 3), "frame": frame}
        self._result(name, faces, "" if faces else NO_FACE, where, numbers)
        if self.form == "text":
            shown = ", ".join(_in_words(*pair) for pair in zip(numbers, faces, strict=True))
            self._write(f"{name} {time:.2f} s: {shown or NO_FACE}\n")

    def problem(self, name: str, problem: str) -> None:
        """An input that cannot be read; text says it on standard error alone."""
        self._result(name, (), problem, {})

    def close(self) -> None:
        """End the JSON list."""
        if self.form == "json":
            self._write("\n]\n" if self._count else "]\n")

    def _result(
        self,
        name: str,
        faces: Sequence[FacePrediction],
        problem: str,
        where: dict[str, Any],
        numbers: Sequence[int] | None = None,
    ) -> None:
        rows = face_rows(faces, numbers)
        if self.form == "json":
            value = {"photo": name, **where, "faces": rows, "problem": problem or None}
            text = json.dumps(value, indent=1)
            self._write(f"{',' if self._count else ''}\n{text}")
        elif self.form == "csv":
            for row in rows:
                self._table.writerow(self._flat(name, row, where))
            if not rows:
                self._table.writerow({"photo": name, **where, "problem": problem})
            self.out.flush()
        self._count += 1

    def _flat(self, name: str, row: dict[str, Any], where: dict[str, Any]) -> dict[str, Any]:
        values = dict(row)
        box = dict(zip(("x0", "y0", "x1", "y1"), values.pop("box"), strict=True))
        chances = values.pop("probabilities").values()
        names = self._columns[len(FIRST) : len(FIRST) + len(self.classes)]
        values |= dict(zip(names, chances, strict=True))
        if "blendshapes" in values:
            values |= cells(values)
            del values["blendshapes"], values["head_pose"]
        return {"photo": name, **values, **box, **where}

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


def _in_words(number: int, face: FacePrediction) -> str:
    """A face in a line, such as "1. happiness 93 % (lip corners pulled)"."""
    said = f"{number}. {face.emotion} {100 * face.confidence:.0f} %"
    if face.analysis is None:
        return said
    return f"{said} ({'; '.join(filter(None, (face.analysis.text, face.analysis.note)))})"


def face_rows(
    faces: Sequence[FacePrediction], numbers: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """One row a face, its numbers rounded; boxes in pixels of the photograph."""
    return [
        {
            "face": number,
            "box": [round(value, 1) for value in face.box],
            "score": round(face.score, 4),
            "emotion": face.emotion,
            "confidence": round(face.confidence, 4),
            "probabilities": {
                name: round(float(p), 4)
                for name, p in zip(face.classes, face.probabilities, strict=True)
            },
            **({} if face.analysis is None else face.analysis.to_dict()),
        }
        for number, face in zip(numbers or range(1, len(faces) + 1), faces, strict=True)
    ]
