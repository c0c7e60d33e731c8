"""A process that keeps models and faces in memory, for pages that show maps without PyTorch.

``python -m fer_core.cli.map_worker`` reads questions, one a line: a JSON list of commands, each the
list of the options of ``fer-core maps``. It runs the commands of a question and answers with one
line, the JSON list of their errors: a sentence, or an empty text. It ends with its input. What
libraries print goes to the standard error.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Timer
from typing import TextIO

import tyro

from fer_core.cli.map_faces import MOST_FACES, FoundFaces, find_crops
from fer_core.cli.maps import (
    SYNTHETIC,
    Command,
    asked_faces,
    check_command,
    classify_faces,
    write_maps,
)
from fer_core.errors import FerError
from fer_core.inference.predictor import Predictor
from fer_core.io.images import images_below

KEPT_MODELS = 4
KEPT_FACES = 8  # choices of faces
PAUSE = 1.5  # seconds without a question
Stamps = tuple[tuple[str, int, int], ...]


def start() -> None:
    """Answer the questions of the standard input until it ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin, answers)


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer each line of ``questions`` with a line of ``answers``.

    Once nothing has been asked for PAUSE seconds, the synthetic faces of the next seed are made,
    which take longer than the models. Sooner they would keep the page from being drawn.
    """
    waiting = Timer(0, _prepare_next)
    for line in iter(questions.readline, ""):
        waiting.cancel()
        commands = json.loads(line)
        errors = [run(words) for words in commands]
        answers.write(json.dumps(errors) + "\n")
        answers.flush()
        done = [words for words, error in zip(commands, errors, strict=True) if not error]
        waiting = Timer(PAUSE, _prepare_next, (done,))
        waiting.daemon = True
        waiting.start()
    waiting.cancel()


def run(words: Sequence[str]) -> str:
    """Run ``fer-core maps`` with these options; its error as a sentence, or an empty text."""
    try:
        command = _parse(words)
        check_command(command)
        folder = Path(command.model)
        predictor = _predictor(command.model, _stamps(folder.iterdir() if folder.is_dir() else ()))
        write_maps(classify_faces(predictor, _faces_of(command)), command.out)
    except (FerError, ValueError, OSError) as error:
        return str(error)
    except SystemExit:  # tyro has explained itself on the standard error
        return f"fer-core maps does not understand {' '.join(words)}"
    except Exception as error:  # one model that breaks must not end the process for the others
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return ""


def _parse(words: Sequence[str]) -> Command:
    return tyro.cli(Command, prog="fer-core maps", args=list(words))


def _prepare_next(commands: Sequence[Sequence[str]]) -> None:
    for seed in {_parse(words).seed + 1 for words in commands if SYNTHETIC[0] in words}:
        _found(SYNTHETIC[0], seed, False, ())


def _faces_of(command: Command) -> FoundFaces:
    """The faces of a command; those of a folder again only if it has changed."""
    if command.faces in SYNTHETIC:
        return _found(SYNTHETIC[0], command.seed, False, ())
    images = _stamps(images_below(Path(command.faces), MOST_FACES))
    return _found(command.faces, 0, command.aligned, images)


@lru_cache(KEPT_FACES)
def _found(faces: str, seed: int, aligned: bool, stamps: Stamps) -> FoundFaces:
    del stamps  # only a key of the cache
    command = Command(out=Path("maps.npz"), faces=faces, seed=seed)
    return find_crops(asked_faces(command), aligned=aligned)


@lru_cache(KEPT_MODELS)
def _predictor(model: str, stamps: Stamps) -> Predictor:
    del stamps  # only a key of the cache
    return Predictor(model)


def _stamps(files: Iterable[Path]) -> Stamps:
    """Names, sizes and times of some files."""
    states = ((file, file.stat()) for file in sorted(files))
    return tuple((str(file), state.st_size, state.st_mtime_ns) for file, state in states)


if __name__ == "__main__":
    start()
