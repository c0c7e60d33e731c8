"""ONNX and ONNX Runtime, which are optional: importing them, and opening a network on the CPU."""

import os
import threading
from types import ModuleType
from typing import Any

from fer_core.errors import FerError

EXPORTING = threading.Lock()  # PyTorch's exporter keeps its state in global variables


class ExportError(FerError, ValueError):
    """A model that cannot be written as ONNX, or whose file would compute other outputs."""


def require(name: str) -> ModuleType:
    """Import an optional package.

    Raises:
        ExportError: naming the extra, when it is missing.
    """
    if name == "onnxruntime":
        # Version 1.29 and later report to their maker how they are used, on Linux too, from the
        # import on. Nothing leaves the machine unless its owner wants it: 0 switches that on.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        return __import__(name)
    except ImportError as error:
        raise ExportError(f"ONNX needs {name} ({error}): pip install 'fer-core[onnx]'") from error


def open_session(content: bytes, threads: int) -> Any:  # noqa: ANN401 - of an optional package
    """An ONNX Runtime session on the CPU.

    Args:
        content: of an ONNX file.
        threads: that share one pass.

    Raises:
        ExportError: when onnxruntime is missing, or refuses the file.
    """
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait awake take the cores from the other networks and from PyTorch
    # (docs/onnx.md).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has a dozen of its own, with no base but Exception
        raise ExportError(f"ONNX Runtime refuses the model: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """What an error says first."""
    return (str(error).strip() or repr(error)).splitlines()[0]
