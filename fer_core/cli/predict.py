"""Explain photographs and videos: ``fer-core predict PHOTO... --json --overlay DIR``."""

import argparse
import json
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from fer_core.cli.predict_batch import BatchPhoto, photo_batches, predict_batch
from fer_core.cli.predict_output import Form, Printer, face_rows
from fer_core.errors import FerError, told_in_a_sentence
from fer_core.foreign.resolve import resolve_any
from fer_core.inference.any_predictor import AnyPredictor, load_predictor
from fer_core.inference.backends import BackendName
from fer_core.inference.devices import DeviceName
from fer_core.inference.foreign_predictor import ForeignPredictor
from fer_core.inference.inputs import LIST, PredictionInput, list_inputs, overlay_names
from fer_core.io.files import write_whole
from fer_core.models.pretrained import ModelError
from fer_core.taxonomy import Taxonomy
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


@dataclass(frozen=True)
class Command:
    """Find the faces in photographs and videos, name their expressions, draw attention maps."""

    photos: tuple[str, ...]
    """Photographs, videos, folders of them, patterns, web addresses, or - for a list of these."""
    model: str | None = None
    """Folder of a run or of a saved model, or USER/NAME[@REVISION] of one on the Hugging Face Hub;
    by default the bundled one. An image classifier of transformers or timm whose labels name
    emotions is taken too: its folder, or hf:USER/NAME."""
    json: bool = False
    """Print JSON instead of text."""
    csv: bool = False
    """Print CSV instead of text."""
    cropped: bool = False
    """Each image is a face already."""
    backend: BackendName = "torch"
    """What computes the outputs: torch, onnx (ONNX Runtime), or auto, the faster of both, measured
    at the start."""
    device: DeviceName = "auto"
    """Of the model."""
    overlay: Path | None = None
    """Folder for the photographs with the attention maps drawn on them, and annotated videos."""
    maps: bool = False
    """Also draw attention maps on annotated videos."""
    batch: int = 8
    """Photographs, or frames of a video, that are analysed at once."""
    rate: str = "10"
    """Frames of a second of video that are analysed, or all."""
    out: Path | None = None
    """Folder for the table and the JSON file of each video."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and print one result per face."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    reading = logging.getLogger("fer_core.io.images")
    reading.setLevel(logging.INFO)  # how pixels of other ranges are read
    reading.addFilter(Once())
    command = _read_command_line()
    if command.json and command.csv:
        sys.exit("error: choose one of --json and --csv")
    if command.batch < 1:
        raise PredictError(f"--batch must be at least 1, got {command.batch}")
    if command.maps and command.overlay is None:
        raise PredictError("--maps draws on annotated videos: name their folder with --overlay")
    inputs = list_inputs(command.photos, sys.stdin if LIST in command.photos else ())
    sys.exit(_run(command, inputs))


def _run(command: Command, inputs: list[PredictionInput]) -> int:
    rate = _rate(command.rate)
    for folder in (command.overlay, command.out):
        if folder is not None:
            _check_folder(folder)
    overlays = overlay_names(inputs, command.overlay or Path())
    predictor = _load(command)
    videos = any(one.kind == "video" for one in inputs)
    form: Form = "json" if command.json else "csv" if command.csv else "text"
    printer = Printer(form, _taxonomy(predictor).names, videos=videos)
    pairs = zip(inputs, overlays, strict=True)
    failed = False
    for batch in photo_batches(pairs, command.batch):
        predict_batch(predictor, batch, cropped=command.cropped)
        for photo in batch:
            try:
                if photo.fault is not None:
                    raise photo.fault
                if photo.source.kind == "video":
                    _predict_video(command, predictor, photo.source, photo.overlay, rate, printer)
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


def _show_photo(command: Command, photo: BatchPhoto, printer: Printer) -> None:
    printer.photo(photo.source.name, photo.faces)
    if command.overlay is not None and photo.image is not None:
        drawn = photo.image
        for face in photo.faces:
            drawn = face.overlay_on(drawn)
        photo.overlay.parent.mkdir(parents=True, exist_ok=True)
        drawn.save(photo.overlay)


def _predict_video(
    command: Command,
    predictor: AnyPredictor,
    one: PredictionInput,
    overlay: Path,
    rate: float,
    printer: Printer,
) -> None:
    from fer_core.video.analysis import analyse_frames
    from fer_core.video.annotate import write_annotated
    from fer_core.video.reader import Video

    if command.cropped:
        raise PredictError("--cropped is for images that are faces, not for videos")
    if not one.path.is_file():
        raise PredictError("there is no such file")
    video = Video(one.path, float("inf"), rate)
    kept: list[VideoMoment] = []
    state = None
    if command.out is not None:
        state = command.out / one.below.with_suffix(".moments.jsonl")
        state.parent.mkdir(parents=True, exist_ok=True)
    model = str(command.model or "bundled")
    taxonomy = _taxonomy(predictor)
    options = {"model": model, "state": state, "batch": command.batch, "maps": command.maps}
    for moment in analyse_frames(predictor, video, taxonomy, **options):
        faces = [tracked.face for tracked in moment.faces]
        numbers = [tracked.number for tracked in moment.faces]
        printer.moment(one.name, moment.time, moment.frame, faces, numbers)
        if command.out is not None or command.overlay is not None:
            kept.append(moment)
        _progress(video, one.name, moment.time)
    _end_progress()
    if command.out is not None:
        _write_report(command.out / one.below, video, kept, one.name, predictor)
    if command.overlay is not None:
        overlay.parent.mkdir(parents=True, exist_ok=True)
        write_annotated(video, kept, overlay, opacity=OPACITY if command.maps else 0.0)


def _write_report(
    place: Path,
    video: "Video",
    moments: list["VideoMoment"],
    name: str,
    predictor: AnyPredictor,
) -> None:
    """The table of a video as CSV, and its summary with the rows as JSON."""
    from fer_core.video.analysis import summarise

    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as stream:
        table = Printer("csv", _taxonomy(predictor).names, videos=True, out=stream)
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
    content = {**facts, "moments": len(moments), "faces": summarise(moments), "rows": rows}
    write_whole(place.with_suffix(".json"), (json.dumps(content, indent=1) + "\n").encode())


def _progress(video: "Video", name: str, time: float) -> None:
    if sys.stderr.isatty():
        length = f" of {video.facts.seconds:.0f}" if video.facts.seconds else ""
        print(f"\r{name}: second {time:.1f}{length}", end="", file=sys.stderr, flush=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _taxonomy(predictor: AnyPredictor) -> Taxonomy:
    if isinstance(predictor, ForeignPredictor):
        return predictor.taxonomy
    return predictor.trained.taxonomy


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


def _load(command: Command) -> AnyPredictor:
    """The model, which may be another project's: that one has neither maps nor backends."""
    found = resolve_any(command.model or BUNDLED.name)
    if found.foreign and command.overlay is not None:
        raise ModelError(
            f"{found.text} is a model of another project and has no maps for --overlay"
        )
    return load_predictor(found, device=command.device, backend=command.backend)


def _read_command_line() -> Command:
    """The command, read by argparse: tyro is not installed with the base package."""
    parser = argparse.ArgumentParser(
        prog="fer-core predict", description=Command.__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="photograph, video, folder of these (at any depth), pattern, web address of a "
        "photograph, or - for a list of these, one a line, on standard input",
    )
    parser.add_argument(
        "--model",
        help="folder of a run or of a saved model, or USER/NAME[@REVISION] of one on the Hugging "
        "Face Hub; by default the bundled one; hf:USER/NAME also takes an image classifier of "
        "transformers or timm, without maps",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--csv", action="store_true", help="print CSV instead of text")
    parser.add_argument(
        "--cropped",
        action="store_true",
        help="each image is a face already, as the crops of a data set: no face is searched for",
    )
    parser.add_argument(
        "--backend",
        choices=get_args(BackendName),
        default=Command.backend,
        help="what computes the predictions: torch, onnx (ONNX Runtime), or auto, the faster of "
        "both, measured at the start (default: %(default)s)",
    )
    parser.add_argument(
        "--device",
        choices=get_args(DeviceName),
        default=Command.device,
        help="of the model; auto: the GPU where there is one (default: %(default)s)",
    )
    parser.add_argument(
        "--overlay",
        type=Path,
        metavar="FOLDER",
        help="folder for the photographs with the attention maps drawn on them, and for annotated "
        "videos",
    )
    parser.add_argument(
        "--maps",
        action="store_true",
        help="with --overlay: draw the attention maps on annotated videos too",
    )
    parser.add_argument(
        "--batch",
        type=int,
        default=Command.batch,
        metavar="N",
        help="photographs, or frames of a video, that are analysed at once (default: %(default)s); "
        "1 prints each result before the next is begun",
    )
    parser.add_argument(
        "--rate",
        default=Command.rate,
        help="frames of a second of video that are analysed, or all (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder for NAME.csv and NAME.json of each video, and for what a stopped analysis "
        "goes on from (the same command again)",
    )
    options = vars(parser.parse_args())
    return Command(photos=tuple(options.pop("photos")), **options)


if __name__ == "__main__":
    main()
