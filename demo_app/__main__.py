"""The demonstration page on this computer: ``python -m demo_app --model RUN/model``."""

import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import dataclass

import tyro

from demo_app.model_shelf import ModelShelf
from fer_core.hub import ModelError

logger = logging.getLogger("demo_app")


@dataclass(frozen=True)
class Command:
    """Show every face's expression and attention map in the browser."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 lets other computers in."""
    port: int = 7860
    """Port to listen on."""
    model: tuple[str, ...] = ()
    """Folders of saved models (RUN/model) to offer first; the first one is the default."""


def main() -> None:
    """Parse the command line and serve until interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    command = tyro.cli(Command, prog="python -m demo_app")
    try:
        check_address(command.host, command.port)
        shelf = ModelShelf(command.model)
        shelf.take(shelf.names[0])
    except (ModelError, ValueError) as error:
        sys.exit(f"error: {error}")
    try:
        from demo_app.app import build
        from demo_app.look import LAUNCH
    except ImportError as error:
        sys.exit(f"error: the demo needs Gradio ({error}): pip install -e '.[demo]'")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    # Gradio leaves its files behind when it is stopped: a folder of our own goes with the program.
    with tempfile.TemporaryDirectory(prefix="fer-demo-") as files:
        os.environ["GRADIO_TEMP_DIR"] = files
        page = build(shelf)
        options = {"server_name": command.host, "server_port": command.port, "quiet": True}
        try:
            page.launch(prevent_thread_lock=True, **options, **LAUNCH)
        except OSError as error:
            sys.exit(f"error: cannot serve at {command.host}:{command.port}: {error}")
        shown = "127.0.0.1" if command.host == "0.0.0.0" else command.host
        logger.info("The demo is at http://%s:%d (stop it with Ctrl+C)", shown, command.port)
        with contextlib.suppress(KeyboardInterrupt):
            stopped.wait()
        page.close(verbose=False)


def check_address(host: str, port: int) -> None:
    """See that one can listen on the address, before the model is loaded.

    Raises:
        ValueError: when the port is taken or out of range, or the host is not this computer's.
    """
    if not 1 <= port <= 65535:
        raise ValueError(f"port must be in [1, 65535], got {port}")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
    except OSError as error:
        raise ValueError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another with --port"
        ) from error


if __name__ == "__main__":
    main()
