"""Explain photographs and videos: ``fer-core predict PHOTO... --json --overlay DIR``."""

import functools
import io
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.cli.overlay_files import MARK, overlay_places, save_overlay
from fer_core.cli.predict_batch import BatchPhoto, photo_batches, predict_batch
from fer_core.cli.predict_options import Command, read_command_line
from fer_core.cli.predict_output import Form, Printer, face_rows
from fer_core.cli.predict_places import report_places
from fer_core.cli.video_files import STATE, TABLE, VideoFiles, refuse_foreign
from fer_core.cli.video_review import add_review, check_review
from fer_core.errors import FerError, told_in_a_sentence
from fer_core.foreign.resolve import ResolvedModel, resolve_any
from fer_core.inference.any_predictor import AnyPredictor, load_predictor
from fer_core.inference.face_prediction import FacePrediction
from fer_core.inference.inputs import LIST, PredictionInput, list_inputs
from fer_core.landmarks.landmarker import Landmarker
from fer_core.models.face_embedding import FaceEmbedder
from fer_core.models.saved_model import WEIGHTS_FILE, ModelError
from fer_core.records.provenance import weights_digest
from fer_core.weights import BUNDLED

if TYPE_CHECKING:
    from fer_core.video.analysis import VideoMoment
    from fer_core.video.reader import Video

ALL_FRAMES = "all"
OPACITY = 0.55  # of the maps on an annotated video, as on photographs


class PredictError(FerError, ValueError):
    """Options of the command that do not go together, or a place that cannot be written."""


class Once(logging.Filter):
    """Passes what is said of many images the first time alone."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it was not said before."""
        new = record.getMessage() not in self._said
        self._said.add(record.getMessage())
        return new


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and print one result per face."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    reading = logging.getLogger("fer_core.io.eight_bits")
    reading.setLevel(logging.INFO)  # how pixels of other ranges are read
    command = read_command_line()
    if command.json and command.csv:
        sys.exit("error: choose one of --json and --csv")
    if command.batch < 1:
        raise PredictError(f"--batch must be at least 1, got {command.batch}")
    if command.maps and command.overlay is None:
        raise PredictError("--maps draws on annotated videos: name their folder with --overlay")
    inputs = list_inputs(command.photos, sys.stdin if LIST in command.photos else ())
    once = Once()
    reading.addFilter(once)
    try:
        sys.exit(_run(command, inputs))
    finally:
        reading.removeFilter(once)


def _run(command: Command, inputs: list[PredictionInput]) -> int:
    rate = _rate(command.rate)
    if command.out is not None and inputs and all(_is_photo(one) for one in inputs):
        raise PredictError(
            "--out is for videos, and none is given: for images, redirect the output of --csv"
        )
    for folder in (command.overlay, command.out):
        if folder is not None:
            _check_folder(folder)
    overlays = [Path()] * len(inputs)
    if command.overlay is not None:
        overlays = overlay_places(inputs, command.overlay)
    reports = report_places(inputs, command.out or Path())
    if command.out is not None:
        for one, report in zip(inputs, reports, strict=True):
            if one.kind == "video":
                refuse_foreign(report)
    model = resolve_any(command.model or BUNDLED.name)
    predictor = _load(command, model)
    if command.identity is not None:
        _embedder(command.identity)  # a file that is none ends the command here
    if (command.event or command.exclude) and command.out is None:
        raise PredictError("--event and --exclude need --out FOLDER, where their files go")
    names = predictor.taxonomy.names
    check_review(command.event, command.exclude, names)
    videos = any(one.kind == "video" for one in inputs)
    form: Form = "json" if command.json else "csv" if command.csv else "text"
    printer = Printer(form, names, videos=videos, analyses=command.landmarks)
    places = zip(inputs, overlays, reports, strict=True)
    resumes = videos and command.out is not None and command.identity is None
    weights = weights_digest(str(model.folder / WEIGHTS_FILE)) if resumes else None
    failed = False
    whole = command.overlay is not None or command.cropped
    for batch in photo_batches(places, command.batch, None if whole else predictor):
        predict_batch(predictor, batch, cropped=command.cropped)
        for photo in batch:
            try:
                if photo.fault is not None:
                    raise photo.fault
                if photo.source.kind == "video":
                    _predict_video(command, predictor, photo, rate, printer, weights or "")
                else:
                    _show_photo(command, photo, printer)
            except ValueError as error:
                failed = True
                name = photo.source.name
                named = str(error) if name in str(error) else f"{name}: {error}"
                print(f"error: {named}", file=sys.stderr)
                printer.problem(name, str(error))
    printer.close()
    return int(failed)


def _is_photo(one: PredictionInput) -> bool:
    return one.kind != "video" and not one.problem


def _show_photo(command: Command, photo: BatchPhoto, printer: Printer) -> None:
    printer.photo(photo.source.name, photo.faces)
    if command.overlay is not None and photo.opened is not None:
        drawn = photo.opened.image
        for face in photo.faces:
            drawn = face.overlay_on(drawn)
        photo.overlay.parent.mkdir(parents=True, exist_ok=True)
        save_overlay(drawn, photo.overlay)


def _predict_video(
    command: Command,
    predictor: AnyPredictor,
    photo: BatchPhoto,
    rate: float,
    printer: Printer,
    weights: str,
) -> None:
    """Print the faces of a video, and write its files; ``weights`` is the digest of the model's."""
    from fer_core.video.analysis import analyse_frames
    from fer_core.video.annotate import write_annotated
    from fer_core.video.identity import PersonJoiner
    from fer_core.video.reader import Video

    one = photo.source
    if command.cropped:
        raise PredictError("--cropped is for images that are faces, not for videos")
    if not one.path.is_file():
        raise PredictError("there is no such file")
    video = Video(one.path, float("inf"), rate)
    kept: list[VideoMoment] = []
    state = None
    persons = None if command.identity is None else PersonJoiner(_embedder(command.identity))
    if command.out is not None:
        photo.report.parent.mkdir(parents=True, exist_ok=True)
        state = photo.report.with_suffix(STATE) if persons is None else None
    model = str(command.model or "bundled")
    taxonomy = predictor.taxonomy
    moments = analyse_frames(
        predictor,
        video,
        taxonomy,
        model=model,
        weights=weights,
        analyses=command.landmarks,
        persons=persons,
        state=state,
        batch=command.batch,
        maps=command.maps,
    )
    for moment in moments:
        printer.moment(one.name, moment.time, moment.frame, *_shown(moment))
        if command.out is not None or command.overlay is not None:
            kept.append(_without_raw(moment))
        _progress(video, one.name, moment.time)
    _end_progress()
    if command.out is not None:
        _write_report(command, photo.report, video, kept, one.name, predictor)
    if command.overlay is not None:
        photo.overlay.parent.mkdir(parents=True, exist_ok=True)
        opacity = OPACITY if command.maps else 0.0
        write_annotated(video, kept, photo.overlay, opacity=opacity, comment=MARK)


def _write_report(
    command: Command,
    place: Path,
    video: "Video",
    moments: list["VideoMoment"],
    name: str,
    predictor: AnyPredictor,
) -> None:
    """The tables of a video as CSV, for ELAN, and its summary with the rows as JSON."""
    from fer_core.video.analysis import summarise

    names, analyses = predictor.taxonomy.names, predictor.analyser is not None
    files = VideoFiles(place)
    text = io.StringIO(newline="")
    table = Printer("csv", names, videos=True, analyses=analyses, out=text)
    for moment in moments:
        table.moment(name, moment.time, moment.frame, *_shown(moment))
    files.add(TABLE, text.getvalue().encode())
    facts = {"video": place.name, "path": name, "width": video.size[0], "height": video.size[1]}
    facts |= {"seconds": video.facts.seconds, "damaged_parts": video.damaged}
    review = add_review(
        *(files, video.path.name, moments, names, video.rate), command.event, command.exclude
    )
    content = {**facts, "moments": len(moments), "faces": summarise(moments), **review}
    rows = (
        {
            **{"time_s": round(moment.time, 3), "frame": moment.frame},
            "faces": face_rows(*_shown(moment)),
        }
        for moment in moments
    )
    files.write(content, rows)


def _without_raw(moment: "VideoMoment") -> "VideoMoment":
    """The moment in less memory, without each face's prediction on this frame alone."""
    return moment._replace(faces=tuple(one._replace(raw=one.face) for one in moment.faces))


def _shown(moment: "VideoMoment") -> tuple[list[FacePrediction], list[int]]:
    """Faces of a moment and their numbers."""
    return [one.face for one in moment.faces], [one.number for one in moment.faces]


def _progress(video: "Video", name: str, time: float) -> None:
    if sys.stderr.isatty():
        length = f" of {video.facts.seconds:.0f}" if video.facts.seconds else ""
        print(f"\r{name}: second {time:.1f}{length}", end="", file=sys.stderr, flush=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


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


def _load(command: Command, found: ResolvedModel) -> AnyPredictor:
    """The model, which may be another project's: that one has neither maps nor backends."""
    if command.landmarker is not None and not command.landmarks:
        raise PredictError("--landmarker names the model file of --landmarks: give both")
    analyser = Landmarker(command.landmarker) if command.landmarks else None
    if found.foreign and command.overlay is not None:
        raise ModelError(
            f"{found.text} is a model of another project and has no maps for --overlay"
        )
    backend, device = command.backend, command.device
    return load_predictor(found, device=device, backend=backend, analyser=analyser)


if __name__ == "__main__":
    main()
