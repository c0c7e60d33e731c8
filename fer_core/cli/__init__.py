"""``fer-core COMMAND``: the commands, one module each, imported only when called."""

import importlib
import sys
from collections.abc import Sequence

from fer_core import __doc__ as about
from fer_core import __version__

WRONG_USE = 2  # the exit code of a command line that names no command
COMMANDS = {  # each is the module of its name, with _ in place of -
    "predict": "faces in photographs: expression, probabilities, attention map",
    "train": "train one model",
    "evaluate": "evaluate a model on labelled faces, alone or against another",
    "data": "check data, draw label noise, show or clear the cache",
    "sweep": "train every run in a plan, on this machine, with Ray, or as commands for SLURM",
    "sweep-run": "run one entry of a sweep, as printed by `sweep --print-commands`",
    "align": "crop and align faces from photographs",
    "audit": "rank training images by how likely their label is wrong",
    "export": "write a model as one ONNX file",
    "maps": "attention maps of several faces, as arrays",
    "report": "tables from run records",
    "figures": "figures from run records, and of models on corrupted images",
    "attention-figure": "a figure of the attention maps of two models",
    "publish": "put a model on the Hugging Face Hub",
    "publish-results": "put run records on the Hugging Face Hub",
    "import-runs": "run records of other programs' metrics: CSV, TensorBoard",
    "collect": "copy finished run records, without weights",
    "bundle": "make a run the bundled model",
    "convert-weights": "weights of another project, for train --pretrained",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the command line names.

    Args:
        arguments: the words behind ``fer-core``; by default those of this process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        print(usage(), file=sys.stderr)
        sys.exit(WRONG_USE)
    name, *rest = words
    if name in ("-h", "--help"):
        print(usage())
    elif name == "--version":
        print(f"fer-core {__version__}")
    elif name in COMMANDS:
        _call(name, rest)
    else:
        print(f"error: {_unknown(name)}", file=sys.stderr)
        sys.exit(WRONG_USE)


def usage() -> str:
    """The help of the command without a name."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, line in COMMANDS.items()]
    return "\n".join(
        [
            "usage: fer-core [-h] [--version] COMMAND ...",
            "",
            str(about),
            "",
            "commands:",
            *lines,
            "",
            "`fer-core COMMAND --help` lists the options of a command.",
        ]
    )


def _call(name: str, arguments: Sequence[str]) -> None:
    sys.argv = [f"fer-core {name}", *arguments]
    try:
        importlib.import_module(f"{__name__}.{name.replace('-', '_')}").main()
    except ModuleNotFoundError as error:
        from fer_core.errors import missing_package

        sentence = missing_package(error, f"fer-core {name}")
        if sentence is None:
            raise
        sys.exit(f"error: {sentence}")


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean {near[0]}?" if near else "`fer-core --help` lists the commands"
    return f"unknown command {name!r}: {hint}"
