"""A built Space is started once before it is pushed: one that ends at once is found here."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from demo_app.spaces.manifest import Space
from fer_core.errors import FerError

PATIENCE = 180.0  # seconds until it must answer


class TrialError(FerError, RuntimeError):
    """A built Space that does not start; the message has its last words."""


def start_once(space: Space, folder: Path, patience: float = PATIENCE) -> None:
    """Start a built Space, wait for its first answer, and stop it. A static one is not started.

    Args:
        space: of the Spacefile.
        folder: of the built Space.
        patience: seconds.

    Raises:
        TrialError: when it ends, or does not answer in time.
    """
    if not space.run:
        return
    port = _free_port()
    gradio = space.card.sdk == "gradio"
    words = ["app.py"] if gradio else ["-m", *_at_port(space.run, port)]
    environment = {**os.environ, **space.env, "PYTHONPATH": "", "GRADIO_SERVER_PORT": str(port)}
    address = f"http://127.0.0.1:{port}{'' if gradio else '/_stcore/health'}"
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, env=environment, stdout=said, stderr=said
        )
        try:
            fault = _wait(process, address, patience)
        finally:
            process.kill()
            process.wait()
        if fault:
            said.seek(0)
            last = [line.strip() for line in said if line.strip()][-1:]
            raise TrialError(f"the built {space.name} Space {fault}: {' '.join(last) or 'silent'}")


def _wait(process: "subprocess.Popen[bytes]", address: str, patience: float) -> str | None:
    """Why there is no answer; None when there is one."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if process.poll() is not None:
            return f"ends at once with code {process.returncode}"
        try:
            httpx.get(address, timeout=5, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return None
    return f"does not answer within {patience:.0f} seconds"


def _at_port(run: tuple[str, ...], port: int) -> list[str]:
    words = list(run)
    words[words.index("--server.port") + 1] = str(port)
    words[words.index("--server.address") + 1] = "127.0.0.1"
    return words


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
