"""Whole photographs to aligned face crops: ``fer-core align IN OUT``.

Faces are found, turned and cut as the predictor does it. A run that was stopped goes on where it
was when the same command is run again.
"""

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro
from tqdm import tqdm

from fer_core.errors import INTERRUPTED, told_in_a_sentence
from fer_core.faces.crop_folder import FAILURES_FILE, list_photos, open_folder, write_failures
from fer_core.faces.crops import AlignmentError, Photo, Settings, align_photo
from fer_core.hub.download import resolve_model
from fer_core.io.files import displayed
from fer_core.machine import cores
from fer_core.models.pretrained import load_model

Report = Callable[[Photo, str], None]


@dataclass(frozen=True)
class Command:
    """Crop and align faces from photographs; sub-folders are kept, so folder:OUT is a data set."""

    photographs: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IN")]
    """Folder of photographs, with any sub-folders."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder of the crops, outside IN; IN/train/happy/x.jpg becomes OUT/train/happy/x.png."""
    size: int = 224
    """Side length of a crop in pixels."""
    model: str | None = None
    """Put eyes and mouth where the training crops of this model have them: folder of a run or of a
    model, 'bundled', or USER/NAME[@REVISION] of the Hugging Face Hub."""
    faces: Literal["largest", "all"] = "largest"
    """Which faces to crop: the largest in a photograph, or all: x_1.png (largest), x_2.png, ..."""
    grey: bool = False
    """Write grey crops."""
    workers: int | None = None
    """Processes, about 800 MB each; by default one for each CPU core."""
    failures: Path | None = None
    """CSV list of the photographs without a crop and why; by default OUT/failures.csv."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, align, and print how many photographs have crops."""
    command = tyro.cli(Command, prog="fer-core align")
    code = _run(command)
    sys.exit(code)


def _run(command: Command) -> int:
    workers = cores() if command.workers is None else command.workers
    if workers < 1:
        raise AlignmentError(f"workers must be at least 1, got {workers}")
    settings = Settings(command.size, command.faces, command.grey)
    if command.model is not None:
        places = load_model(resolve_model(command.model), command.model).input.landmarks
        settings = dataclasses.replace(settings, landmarks=places)
    failures_file = command.failures or command.out / FAILURES_FILE
    photos = list_photos(command.photographs, command.out)
    open_folder(command.out, command.photographs, settings, failures_file)

    waiting = [photo for photo in photos if not photo.is_aligned(settings)]
    there = len(photos) - len(waiting)
    reasons: dict[Photo, str] = {}
    failed: list[tuple[str, str]] = []
    interrupted = False
    with tqdm(total=len(photos), initial=there, unit=" images") as bar:

        def report(photo: Photo, reason: str) -> None:
            reasons[photo] = reason
            bar.update()

        try:
            align_photos(waiting, settings, workers, report)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            failed += [(photo.name, reasons[photo]) for photo in waiting if reasons.get(photo)]
            write_failures(failures_file, failed)
    aligned = len(reasons) - len(failed)
    print(f"{aligned} aligned, {there} already there, {len(failed)} failed ", end="")
    print(f"({displayed(failures_file)})")
    if interrupted:
        print("interrupted: run the same command again to go on", file=sys.stderr)
        return INTERRUPTED
    return 0 if aligned + there else 1


def align_photos(photos: Sequence[Photo], settings: Settings, workers: int, report: Report) -> None:
    """Align photographs, each in one process with one thread.

    Args:
        photos: without those that are aligned.
        settings: of the crops.
        workers: processes; with 1, this one does it.
        report: takes each photograph and why it has no crop (empty: it has), in any order.

    Raises:
        AlignmentError: when crops cannot be written, or a process died.
    """
    if min(workers, len(photos)) < 2:
        torch.set_num_threads(1)
        for photo in photos:
            report(photo, align_photo(photo, settings))
        return
    pool = ProcessPoolExecutor(
        min(workers, len(photos)), multiprocessing.get_context("spawn"), _start_worker
    )
    running: dict[Future[str], Photo] = {}
    try:
        for photo in photos:
            # Few at a time: a million waiting photographs would fill the memory.
            if len(running) >= 2 * workers:
                _report_finished(running, report)
            with _no_interrupt():
                running[pool.submit(align_photo, photo, settings)] = photo
        while running:
            _report_finished(running, report)
    except BrokenProcessPool as error:
        names = ", ".join(sorted(photo.name for photo in running.values()))
        raise AlignmentError(
            f"a process died, probably for lack of memory, at one of {names}. What is written "
            "stays: run again with fewer --workers, or without that photograph"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
        for future, photo in running.items():
            if not future.cancelled() and future.exception() is None:
                report(photo, future.result())


def _report_finished(running: dict[Future[str], Photo], report: Report) -> None:
    """Wait for a photograph; one that raised stays in ``running``."""
    finished, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in finished:
        reason = future.result()
        report(running.pop(future), reason)


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C: they finish their photograph and end with us."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start_worker() -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the command was killed; it would wait for photographs for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


if __name__ == "__main__":
    main()
