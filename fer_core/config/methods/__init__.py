"""The bundled methods, one file each: their options and facts, for which no torch is needed.

What a method computes is in the file of the same name in `fer_core.methods`.
"""

from importlib import import_module
from pkgutil import iter_modules

from fer_core.config.methods.registry import (
    METHODS,
    MethodOptions,
    MethodSpec,
    Paper,
    find_method,
    method_title,
    option_names,
    owners,
    paper_of,
    register_method,
)

__all__ = [
    "METHODS",
    "MethodOptions",
    "MethodSpec",
    "Paper",
    "find_method",
    "method_title",
    "option_names",
    "owners",
    "paper_of",
    "register_method",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
