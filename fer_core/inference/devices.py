"""The device on which faces are classified."""

from typing import Literal

import torch

from fer_core.inference.backends import BackendError, BackendName

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def choose_device(text: str, backend: BackendName = "torch") -> torch.device:
    """The device of the classifier.

    Args:
        text: ``auto`` (the CUDA GPU where there is one and PyTorch computes the outputs), or any
            device of torch.
        backend: of the classifier; ONNX Runtime works on the CPU.

    Raises:
        BackendError: for a device that torch does not know, or does not find here.
    """
    if text == "auto":
        return torch.device("cuda" if torch.cuda.is_available() and backend != "onnx" else "cpu")
    try:
        device = torch.device(text)
    except RuntimeError as error:
        raise BackendError(
            f"device must be auto, cpu, cuda, cuda:N, mps or another device of torch, got {text!r}"
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BackendError(f"device {text!r}: torch finds no GPU here, use auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise BackendError(f"device {text!r}: torch finds no Apple GPU here, use auto or cpu")
    return device
