"""The demonstration page on this computer: ``python -m demo_app --model RUN/model``."""

import contextlib
import importlib.util
import logging
import os
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from demo_app.serving.auth import Accounts, check_address, is_private, read_accounts
from fer_core.errors import told_in_a_sentence

if TYPE_CHECKING:
    from demo_app.analysis.model_pool import ModelPool

logger = logging.getLogger("demo_app")


@dataclass(frozen=True)
class DemoOptions:
    """Show every face's predicted expression and attention maps in the browser."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 lets other computers in. Visitors can then choose the offered
    models and public ones on the Hugging Face Hub, but no folders."""
    port: int = 7860
    """Port to listen on."""
    model: tuple[str, ...] = ()
    """Models to offer first, the default before the others: folders of saved models (RUN/model),
    USER/NAME[@REVISION] of the Hugging Face Hub, or bundled. Image classifiers of other projects (a
    folder, or hf:USER/NAME[@REVISION]) are offered for comparison."""
    backend: Literal["auto", "torch", "onnx"] = "auto"
    """What runs the models: torch, onnx (ONNX Runtime), or auto, the faster of the two, measured
    when a model is loaded; torch where ONNX Runtime is not installed."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Of the models; auto: the CUDA GPU where there is one."""
    max_video_seconds: float = 60.0
    """Longest video that is analysed."""
    max_file_megabytes: int = 200
    """Largest file that can be uploaded."""
    auth: Path | None = None
    """File with one NAME:PASSWORD per line; only these may log in. The environment variable
    FER_DEMO_AUTH may have the same lines instead."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the page is reached, besides localhost and this computer's own: that of a
    proxy in front of it, for example. Requests for other names are refused."""
    mcp: bool = False
    """Also offer the endpoints as tools of the Model Context Protocol (MCP)."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line and serve until interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    command = tyro.cli(DemoOptions, prog="python -m demo_app")
    _check(command)
    check_address(command.host, command.port)
    accounts = read_accounts(command.auth)
    _serve(command, accounts)


def _check(command: DemoOptions) -> None:
    if not 0 < command.max_video_seconds < float("inf"):
        raise ValueError(
            f"max_video_seconds must be a number above 0, got {command.max_video_seconds:g}"
        )
    if command.max_file_megabytes < 1:
        raise ValueError(f"max_file_megabytes must be at least 1, got {command.max_file_megabytes}")
    if command.mcp and importlib.util.find_spec("mcp") is None:
        raise ValueError("--mcp needs the package mcp: pip install --group mcp")


def _serve(command: DemoOptions, accounts: Accounts) -> None:
    """Build the page and serve it; what takes seconds to import is imported here.

    Raises:
        ValueError: when a model cannot be loaded.
    """
    # Not PyTorch, which takes as long as all the rest: that is imported once the page is served.
    from demo_app.analysis.model_pool import ModelPool
    from fer_core.landmarks.landmarker import find_landmarker

    pool = ModelPool(
        command.model,
        free_choice=is_private(command.host),
        backend=command.backend,
        device=command.device,
        analyser=find_landmarker(),
    )
    # Gradio leaves its files behind when it stops: a folder of our own is deleted with the program.
    # Some of its modules read the variable when they are imported, so it is set first.
    with tempfile.TemporaryDirectory(prefix="fer-demo-") as files:
        os.environ["GRADIO_TEMP_DIR"] = files
        _open_page(command, accounts, pool, Path(files))


def _open_page(command: DemoOptions, accounts: Accounts, pool: "ModelPool", files: Path) -> None:
    try:
        from demo_app.app import build
        from demo_app.serving.cleanup import keep_sweeping
        from demo_app.serving.launch import launch_options
        from demo_app.tabs.controls import Limits
    except ImportError as error:
        sys.exit(f"error: the demo needs Gradio ({error}): pip install -e '.[video]' --group demo")
    limits = Limits(command.max_video_seconds, command.max_file_megabytes)
    # A Space is behind a proxy, which hands on its own names alone.
    hosts = None if "SPACE_ID" in os.environ else (*command.allowed_hosts, command.host)
    options: dict[str, Any] = {
        **launch_options(hosts),
        "server_name": command.host,
        "server_port": command.port,
        "max_file_size": f"{command.max_file_megabytes}mb",
        "auth": accounts or None,
        "mcp_server": command.mcp,
        "quiet": True,
    }
    stopped, warming = threading.Event(), threading.Event()

    def stop(*_: object) -> None:
        stopped.set()
        if warming.is_set():
            raise KeyboardInterrupt  # which ends a loading that takes seconds

    signal.signal(signal.SIGTERM, stop)
    page = build(pool, limits)
    try:
        page.launch(prevent_thread_lock=True, **options)
    except OSError as error:
        sys.exit(f"error: cannot serve at {command.host}:{command.port}: {error}")
    shown = "127.0.0.1" if command.host == "0.0.0.0" else command.host
    keep_sweeping(files, stopped)
    logger.info("The demo is at http://%s:%d (stop it with Ctrl+C)", shown, command.port)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            if not stopped.is_set():
                warming.set()
                _warm_up(pool)
                warming.clear()
            stopped.wait()
    finally:
        page.close(verbose=False)


def _warm_up(pool: "ModelPool") -> None:
    """Load the default model and let it predict once, while the first visitors read the page.

    Raises:
        ValueError: when it cannot be loaded.
    """
    from demo_app.analysis.examples import load_examples

    pool.get(pool.names[0])
    pool.predict(pool.names[0], load_examples()[0].image)


if __name__ == "__main__":
    main()
