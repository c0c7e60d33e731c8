"""Explain photographs and videos: ``fer-core predict PHOTO... --json --overlay DIR``."""

import functools
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.cli.predict_options import Command, read_command_line
from fer_core.cli.predict_output import Form, Printer, face_rows
from fer_core.cli.video_review import check_review, write_review
from fer_core.errors import FerError, told_in_a_sentence
from fer_core.foreign.model import is_foreign
from fer_core.hub.download import find_classifier
from fer_core.inference.foreign_predictor import ForeignPredictor, load_foreign_predictor
from fer_core.inference.inputs import LIST, PredictionInput, list_inputs, overlay_names
from fer_core.inference.photos import open_photo
from fer_core.inference.predictor import Predictor
from fer_core.io.files import write_whole
from fer_core.landmarks.landmarker import Landmarker
from fer_core.models.face_embedding import FaceEmbedder
from fer_core.models.pretrained import ModelError
from fer_core.taxonomy import Taxonomy

if TYPE_CHECKING:
    from PIL import Image

    from fer_core.video.analysis import VideoMoment
    from fer_core.video.reader import Video

ALL_FRAMES = "all"


class PredictError(FerError, ValueError):
    """Options of the command that do not go together, or a place that cannot be written."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and print one result per face."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    command = read_command_line()
    if command.json and command.csv:
        sys.exit("error: choose one of --json and --csv")
    inputs = list_inputs(command.photos, sys.stdin if LIST in command.photos else ())
    sys.exit(_run(command, inputs))


def _run(command: Command, inputs: list[PredictionInput]) -> int:
    rate = _rate(command.rate)
    for folder in (command.overlay, command.out):
        if folder is not None:
            _check_folder(folder)
    overlays = overlay_names(inputs, command.overlay or Path())
    predictor = _load(command)
    if command.identity is not None:
        _embedder(command.identity)  # a file that is none ends the command here
    if (command.event or command.exclude) and command.out is None:
        raise PredictError("--event and --exclude need --out FOLDER, where their files go")
    check_review(command.event, command.exclude, _taxonomy(predictor).names)
    videos = any(one.kind == "video" for one in inputs)
    form: Form = "json" if command.json else "csv" if command.csv else "text"
    names = _taxonomy(predictor).names
    printer = Printer(form, names, videos=videos, analyses=command.landmarks)
    failed = False
    for one, overlay in zip(inputs, overlays, strict=True):
        try:
            if one.problem:
                raise PredictError(one.problem)
            if one.kind == "video":
                _predict_video(command, predictor, one, overlay, rate, printer)
            else:
                _predict_photo(command, predictor, one, overlay, printer)
        except ValueError as error:
            failed = True
            named = str(error) if one.name in str(error) else f"{one.name}: {error}"
            print(f"error: {named}", file=sys.stderr)
            printer.problem(one.name, str(error))
    printer.close()
    return int(failed)


def _predict_photo(
    command: Command,
    predictor: Predictor | ForeignPredictor,
    one: PredictionInput,
    overlay: Path,
    printer: Printer,
) -> None:
    photo = _fetch(one.name) if one.kind == "address" else open_photo(one.path)
    faces = predictor.predict(photo, cropped=command.cropped)
    printer.photo(one.name, faces)
    if command.overlay is not None:
        for face in faces:
            photo = face.overlay_on(photo)
        overlay.parent.mkdir(parents=True, exist_ok=True)
        photo.save(overlay)


def _fetch(address: str) -> "Image.Image":
    from fer_core.io.safe_fetch import fetch_image  # few command lines name an address

    return fetch_image(address)


def _predict_video(
    command: Command,
    predictor: Predictor | ForeignPredictor,
    one: PredictionInput,
    overlay: Path,
    rate: float,
    printer: Printer,
) -> None:
    from fer_core.video.analysis import analyse_frames
    from fer_core.video.annotate import write_annotated
    from fer_core.video.identity import PersonJoiner
    from fer_core.video.reader import Video

    if command.cropped:
        raise PredictError("--cropped is for images that are faces, not for videos")
    if not one.path.is_file():
        raise PredictError("there is no such file")
    video = Video(one.path, float("inf"), rate)
    kept: list[VideoMoment] = []
    state = None
    persons = None if command.identity is None else PersonJoiner(_embedder(command.identity))
    if command.out is not None and persons is None:
        state = command.out / one.below.with_suffix(".moments.jsonl")
        state.parent.mkdir(parents=True, exist_ok=True)
    model = str(command.model or "bundled")
    taxonomy = _taxonomy(predictor)
    moments = analyse_frames(
        predictor,
        video,
        taxonomy,
        model=model,
        analyses=command.landmarks,
        persons=persons,
        state=state,
    )
    for moment in moments:
        faces = [tracked.face for tracked in moment.faces]
        numbers = [tracked.number for tracked in moment.faces]
        printer.moment(one.name, moment.time, moment.frame, faces, numbers)
        if command.out is not None or command.overlay is not None:
            kept.append(moment)
        _progress(video, one.name, moment.time)
    _end_progress()
    if command.out is not None:
        _write_report(command, command.out / one.below, video, kept, one.name, predictor)
    if command.overlay is not None:
        overlay.parent.mkdir(parents=True, exist_ok=True)
        write_annotated(video, kept, overlay)


def _write_report(
    command: Command,
    place: Path,
    video: "Video",
    moments: list["VideoMoment"],
    name: str,
    predictor: Predictor | ForeignPredictor,
) -> None:
    """The tables of a video as CSV, for ELAN, and its summary with the rows as JSON."""
    from fer_core.video.analysis import summarise

    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as stream:
        names, analyses = _taxonomy(predictor).names, predictor.analyser is not None
        table = Printer("csv", names, videos=True, analyses=analyses, out=stream)
        rows = []
        for moment in moments:
            faces = [one.face for one in moment.faces]
            numbers = [one.number for one in moment.faces]
            table.moment(name, moment.time, moment.frame, faces, numbers)
            where = {"time_s": round(moment.time, 3), "frame": moment.frame}
            rows.append({**where, "faces": face_rows(faces, numbers)})
        stream.seek(0)
        write_whole(place.with_suffix(".csv"), stream.read().encode())
    facts = {"video": place.name, "width": video.size[0], "height": video.size[1]}
    facts |= {"seconds": video.facts.seconds, "damaged_parts": video.damaged}
    classes = _taxonomy(predictor).names
    review = write_review(place, moments, classes, video.rate, command.event, command.exclude)
    content = {**facts, "moments": len(moments), "faces": summarise(moments), **review}
    content["rows"] = rows
    write_whole(place.with_suffix(".json"), (json.dumps(content, indent=1) + "\n").encode())


def _progress(video: "Video", name: str, time: float) -> None:
    if sys.stderr.isatty():
        length = f" of {video.facts.seconds:.0f}" if video.facts.seconds else ""
        print(f"\r{name}: second {time:.1f}{length}", end="", file=sys.stderr, flush=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _taxonomy(predictor: Predictor | ForeignPredictor) -> Taxonomy:
    if isinstance(predictor, ForeignPredictor):
        return predictor.taxonomy
    return predictor.trained.taxonomy


@functools.cache
def _embedder(weights: Path) -> FaceEmbedder:
    return FaceEmbedder(weights)


def _rate(text: str) -> float:
    from fer_core.video.reader import MOST_FRAMES

    if text == ALL_FRAMES:
        return MOST_FRAMES
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= MOST_FRAMES:
        raise PredictError(
            f"--rate must be above 0 and at most {MOST_FRAMES:.0f} frames a second, or all, got "
            f"{text!r}"
        )
    return rate


def _check_folder(folder: Path) -> None:
    """Find a place that cannot be written before the first prediction."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PredictError(
            f"{folder} cannot be written: {os.strerror(error.errno or 0)}"
        ) from error


def _load(command: Command) -> Predictor | ForeignPredictor:
    """The model, which may be another project's: that one has neither maps nor backends."""
    text, analyser = command.model, None
    if command.landmarker is not None and not command.landmarks:
        raise PredictError("--landmarker names the model file of --landmarks: give both")
    if command.landmarks:
        analyser = Landmarker(command.landmarker)
    folder = None if text is None else find_classifier(text)
    if text is None or folder is None or not is_foreign(folder):
        backend, device = command.backend, command.device
        return Predictor(folder, backend=backend, device=device, analyser=analyser)
    if command.overlay is not None:
        raise ModelError(f"{text} is a model of another project and has no maps for --overlay")
    if command.backend == "onnx":
        raise ModelError(f"{text} is a model of another project and runs on torch alone")
    return load_foreign_predictor(folder, text, device=command.device, analyser=analyser)


if __name__ == "__main__":
    main()
