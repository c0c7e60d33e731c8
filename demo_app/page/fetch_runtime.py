"""ONNX Runtime Web for the static page, fetched by npm's own client."""

import gzip
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fer_core.errors import FerError

PACKAGE = "onnxruntime-web"
LOADER, GLUE = "ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs"
PROGRAM = "ort-wasm-simd-threaded.wasm"
PACKED = f"{PROGRAM}.gz"
PATIENCE = 300  # seconds


class FetchError(FerError, ValueError):
    """The runtime cannot be fetched."""


def pinned_version(page: Path) -> str:
    """The exact version in the page's package.json."""
    return json.loads((page / "package.json").read_text("utf-8"))["dependencies"][PACKAGE]


def fetch_runtime(version: str, npm: str = "npm") -> dict[str, bytes]:
    """The three files that a page with WebAssembly alone needs, by name; the program gzipped.

    It is a third of its size then, whatever server sends it: the page inflates it.

    Args:
        version: exact.
        npm: the client's name or path.

    Raises:
        FetchError: when npm is missing or fails, or its package has other files.
    """
    program = shutil.which(npm)
    if program is None:
        raise FetchError(
            f"{npm} is missing: it fetches {PACKAGE} {version}, the page's runtime. Install "
            "Node.js with npm"
        )
    with tempfile.TemporaryDirectory(prefix="fer-npm-") as folder:
        archive = _pack(program, version, Path(folder))
        try:
            with tarfile.open(archive) as files:
                names = LOADER, GLUE, PROGRAM
                loader, glue, content = (_read(files, name) for name in names)
        except (OSError, tarfile.TarError, KeyError) as error:
            raise FetchError(f"{PACKAGE} {version} is not as expected: {error}") from error
    # Without a time in it the same build gives the same file.
    return {LOADER: loader, GLUE: glue, PACKED: gzip.compress(content, 9, mtime=0)}


def _pack(npm: str, version: str, folder: Path) -> Path:
    command = [npm, "pack", f"{PACKAGE}@{version}", "--ignore-scripts", "--prefer-offline"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"npm did not fetch {PACKAGE} within {PATIENCE} seconds") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        reason = reasons[0].removeprefix("npm error").strip() if reasons else "no reason given"
        raise FetchError(f"npm cannot fetch {PACKAGE} {version}: {reason}")
    return archives[0]


def _read(files: tarfile.TarFile, name: str) -> bytes:
    member = files.extractfile(f"package/dist/{name}")
    if member is None:
        raise KeyError(f"{name} is not a file")
    return member.read()
