"""Training methods: one paper, one file; a method of your own is one file as well."""

import importlib
from typing import TYPE_CHECKING, Any

from fer_core.config.methods import METHODS, MethodOptions, Paper, register_method

if TYPE_CHECKING:
    from fer_core.methods.base import Batch, Method, StepOutput, create_method

__all__ = [
    "METHODS",
    "Batch",
    "Method",
    "MethodOptions",
    "Paper",
    "StepOutput",
    "create_method",
    "register_method",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public object
    """What needs torch, on first use."""
    if name not in __all__:
        raise AttributeError(f"module 'fer_core.methods' has no attribute {name!r}")
    return getattr(importlib.import_module("fer_core.methods.base"), name)
