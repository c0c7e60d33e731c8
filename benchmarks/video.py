"""How long the analysis of a video takes, and which part of it takes how much.

    python -m benchmarks.video PHOTO... --json benchmarks/results/video.json

A clip of 640 x 480 pixels, 25 frames a second, moves over the photographs, a new one every five
seconds; without photographs, over drawn portraits. It is analysed as `fer-core predict` does it, at
10 moments a second. Seconds by the clock and of CPU time, for a minute of video.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
import tyro
from PIL import Image

from benchmarks.result import write_result
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.backends import BackendName
from fer_core.inference.photos import open_photo
from fer_core.inference.predictor import Predictor
from fer_core.machine import cores
from fer_core.video.analysis import analyse_frames
from fer_core.video.reader import Video
from fer_core.video.shots import CutDetector
from fer_core.video.writer import VideoWriter

SIZE, FRAMES_A_SECOND, SHOT = (640, 480), 25, 5.0


@dataclass(frozen=True)
class Options:
    """What is measured."""

    photos: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Photographs; by default drawn portraits."""
    seconds: float = 20.0
    """Length of the clip; all times are given for a minute."""
    rate: float = 10.0
    """Moments a second."""
    batch: int = 8
    """Moments that go through the networks together."""
    backend: BackendName = "torch"
    """What computes the predictions."""
    threads: int = cores()
    """CPU threads."""
    rounds: int = 3
    """Analyses."""
    json: Path | None = None
    """Also write the result to this file."""


def frames_of(photos: list[Image.Image], seconds: float) -> Iterator[tuple[Image.Image, float]]:
    """Frames of a camera that moves over each photograph in turn, with their times."""
    width, height = SIZE
    for number in range(int(seconds * FRAMES_A_SECOND)):
        moment = number / FRAMES_A_SECOND
        shot, within = divmod(moment, SHOT)
        photo = photos[int(shot) % len(photos)]
        scale = max(width / photo.width, height / photo.height)
        share = 0.9 + 0.1 * np.cos(within)  # of the largest part of the photograph of this shape
        part = np.array([width, height]) / scale * share
        room = np.array(photo.size) - part
        left, top = room * (0.5 + 0.3 * np.sin([within, 0.7 * within]))
        box = (left, top, left + part[0], top + part[1])
        yield photo.resize(SIZE, Image.Resampling.BILINEAR, box), moment


def write_clip(photos: list[Image.Image], seconds: float, file: Path) -> None:
    """Write the clip."""
    with VideoWriter(file) as writer:
        for image, moment in frames_of(photos, seconds):
            writer.write(image, moment)


def drawn() -> list[Image.Image]:
    """Portraits in front of a wall."""
    photos = []
    for index, emotion in enumerate(("happiness", "surprise", "anger")):
        photo = Image.new("RGB", (960, 720), "#8899aa")
        photo.paste(draw_portrait(emotion, 480, np.random.default_rng(index)), (240, 120))
        photos.append(photo)
    return photos


def reading_seconds(clip: Path, rate: float) -> float:
    """CPU seconds of reading all frames and looking for cuts."""
    began, cuts = time.process_time(), CutDetector()
    for frame in Video(clip, rate=rate).frames():
        cuts.is_cut(frame.image)
    return time.process_time() - began


def parts(predictor: Predictor, clip: Path, options: Options) -> dict[str, float]:
    """CPU seconds of each part, one after the other."""
    images = [frame.image for frame in Video(clip, rate=options.rate).frames() if frame.due]
    seconds = {"reading and cuts": reading_seconds(clip, options.rate)}
    batches = [images[at : at + options.batch] for at in range(0, len(images), options.batch)]
    began = time.process_time()
    found = [predictor.find_faces_in(batch, thorough=False) for batch in batches]
    seconds["faces found"] = time.process_time() - began
    began = time.process_time()
    for batch, faces in zip(batches, found, strict=True):
        for image, of_image in zip(batch, faces, strict=True):
            predictor.predict_faces(image, of_image)
    seconds["faces classified, frame by frame"] = time.process_time() - began
    return seconds


def main() -> None:
    """Measure and print JSON."""
    options = tyro.cli(Options, prog="python -m benchmarks.video")
    torch.set_num_threads(options.threads)
    photos = [open_photo(path) for path in options.photos] or drawn()
    predictor = Predictor(backend=options.backend)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(photos, options.seconds, clip)
        wall, cpu, moments = [], [], []
        for _ in range(options.rounds + 1):  # the first makes what is made on first use
            began, used = time.perf_counter(), time.process_time()
            video = Video(clip, rate=options.rate)
            moments = list(
                analyse_frames(predictor, video, predictor.taxonomy, batch=options.batch)
            )
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - used)
        of_parts = parts(predictor, clip, options)
    a_minute = 60 / options.seconds
    shown = {name: str(value) for name, value in asdict(options).items() if name != "json"}
    shown["photos"] = str(len(options.photos))
    figures = {
        "options": shown,
        "moments": len(moments),
        "faces": sum(len(moment.faces) for moment in moments),
        "seconds_a_minute": round(a_minute * median(wall[1:]), 2),
        "cpu_seconds_a_minute": round(a_minute * median(cpu[1:]), 2),
        "cpu_seconds_a_minute_of_parts": {
            name: round(a_minute * value, 2) for name, value in of_parts.items()
        },
    }
    write_result(figures, options.json)


if __name__ == "__main__":
    main()
