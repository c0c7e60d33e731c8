"""The base of the project's own errors, and how a command ends when one of them stops it."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # the exit code of a command stopped with Ctrl-C
TERMINATED = 143  # and with SIGTERM


class FerError(Exception):
    """Something that whoever called can mend; the message says what, in one sentence.

    Every error class of the project derives from it and from the built-in that it also is, so that
    ``except ValueError`` catches what it always caught: ``class DataError(FerError, ValueError)``.
    An argument out of its range is a plain ValueError.
    """


class Terminated(KeyboardInterrupt):
    """SIGTERM: a scheduler, ``kill`` or a machine that shuts down asks the program to end."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Run a command: what the user can mend ends it with a sentence, not with a traceback.

    A `FerError`, a ValueError (an option out of range) and an OSError (a file that cannot be read
    or written) end the program with ``error: ...`` and exit code 1, Ctrl-C with 130, `Terminated`
    with 143; a reader of the output that has seen enough, such as ``head``, is not an error.

    Raises:
        SystemExit: in place of these.
    """
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal lacks letters for
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _print_no_more()
    except SystemExit:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _print_no_more()
        raise
    except (FerError, ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    except Terminated:
        raise SystemExit(TERMINATED) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _print_no_more() -> None:
    """Let what is still to be printed go nowhere: nobody reads it, and Python would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# Import name of a package -> the extra that installs it (docs/installation.md). ``pip install
# fer-core`` brings what `Predictor` needs.
EXTRAS = {
    "accelerate": "train",
    "filelock": "train",
    "psutil": "train",
    "rich": "train",
    "scipy": "train",
    "tqdm": "train",
    "tyro": "train",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "av": "video",
    "cleanlab": "audit",
    "pillow_heif": "heif",
    "datasets": "hf",
    "transformers": "transformers",
    "matplotlib": "figures",
    "ray": "ray",
    "tensorboard": "tensorboard",
    "ai_edge_litert": "landmarks",
    "trackio": "trackio",
    "wandb": "wandb",
}


def missing_package(error: ImportError, what: str) -> str | None:
    """The sentence for a package that is not installed; None when it belongs to no extra.

    Args:
        error: what the import raised.
        what: needs the package, for example ``fer-core train``.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    return (
        f"{what} needs {package}, which is not installed: pip install 'fer-core[{EXTRAS[package]}]'"
    )
