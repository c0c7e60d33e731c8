"""The base of the project's own errors, and how a command ends when one of them stops it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # the exit code of a command stopped with Ctrl-C


class FerError(Exception):
    """Something that whoever called can mend; the message says what, in one sentence.

    Every error of the project derives from it and from the built-in that it also is, so that
    ``except ValueError`` catches what it always caught: ``class DataError(FerError, ValueError)``.
    """


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Run a command: what the user can mend ends it with a sentence, not with a traceback.

    A `FerError`, a ValueError (an option out of range) and an OSError (a file that cannot be read
    or written) end the program with ``error: ...`` and exit code 1, Ctrl-C with 130; a reader of
    the output that has seen enough, such as ``head``, is no error.

    Raises:
        SystemExit: in place of these.
    """
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (FerError, ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
