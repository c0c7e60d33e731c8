"""Files of ``fer-core evaluate --robustness --json FILE``: where they lie, and what they hold."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dashboard.data.sources import RecordSource, guarded_root, lies_outside
from fer_core.io.files import displayed, parse_json
from fer_core.records.run import RUN_FILE
from fer_core.reporting.robustness_data import (
    ROBUSTNESS_FILE,
    RobustnessComparison,
    compare_robustness,
    read_models,
)
from fer_core.weights import BUNDLED
from fer_core.weights import FOLDER as WEIGHTS

LARGEST = 10_000_000  # bytes; a file of two models has 0.1 MB


class RobustnessFile(NamedTuple):
    """A file that may hold figures under corruption.

    Attributes:
        path: of the file.
        name: to show: its path below the runs folder.
        size: in bytes; -1 if it cannot be found.
        modified: in nanoseconds.
        root: the folder that its content must lie in; None: anywhere.
        expected: whether the name says that it holds such figures.
    """

    path: Path
    name: str
    size: int
    modified: int
    root: Path | None
    expected: bool


class RobustnessFiles(NamedTuple):
    """What some files hold: comparisons, and a sentence for each file that cannot be read."""

    comparisons: list[RobustnessComparison]
    problems: list[str]


def find_files(
    source: RecordSource, records: Mapping[str, Sequence[tuple[str, int, int]]]
) -> list[RobustnessFile]:
    """The files of a source: those in run folders, then every JSON file directly in its folder.

    Args:
        source: the runs folder.
        records: run folder -> name, size and time of its files.
    """
    found = [
        Path(folder) / ROBUSTNESS_FILE
        for folder, files in records.items()
        if any(name == ROBUSTNESS_FILE for name, *_ in files)
    ]
    beside = (path for path in source.folder.glob("*.json") if path.name != RUN_FILE)
    found += sorted(path for path in beside if path not in found and not path.is_dir())
    root = guarded_root(source)
    return [
        _file(path, f"{source.name}/{path.relative_to(source.folder).as_posix()}", root)
        for path in found
    ]


def shipped_files() -> list[RobustnessFile]:
    """Those beside the weights that come with the project, the bundled model first."""
    paths = WEIGHTS.glob(f"*/{ROBUSTNESS_FILE}")
    return [
        _file(path, f"weights/{path.parent.name}/{ROBUSTNESS_FILE}", None)
        for path in sorted(paths, key=lambda path: (path.parent.name != BUNDLED.name, path))
    ]


def read_files(files: Iterable[RobustnessFile]) -> RobustnessFiles:
    """The models of the files, together where they were shown the same corrupted images.

    A JSON file with another content counts only if its name says that it should hold figures under
    corruption.
    """
    measured, problems = [], []
    for file in files:
        try:
            _check(file)
            if file.expected or _holds_figures(file.path):
                measured += read_models(file.path)
        except (ValueError, OSError) as error:
            reason = str(error).removeprefix("records: ").replace(displayed(file.path), file.name)
            problems.append(reason if file.name in reason else f"{file.name}: {reason}")
    return RobustnessFiles(compare_robustness(measured), problems)


def _file(path: Path, name: str, root: Path | None) -> RobustnessFile:
    try:
        stat = path.stat()
    except OSError:  # a broken link: reading it says so
        return RobustnessFile(path, name, -1, -1, root, expected=True)
    expected = "robustness" in path.name.lower()
    return RobustnessFile(path, name, stat.st_size, stat.st_mtime_ns, root, expected)


def _check(file: RobustnessFile) -> None:
    if lies_outside(file.path, file.root):
        raise ValueError(f"{file.name} is a link to a file outside of the runs folder: copy it")
    if not file.path.is_file():
        raise ValueError(f"{file.name} is not a file, or a link to one that is gone")
    if file.size > LARGEST:
        raise ValueError(
            f"{file.name} has {file.size / 1e6:.0f} MB; an evaluation under corruption has at most "
            f"{LARGEST / 1e6:.0f}"
        )


def _holds_figures(path: Path) -> bool:
    """Whether a JSON file has figures under corruption; True if it is broken and may have had."""
    try:
        report = parse_json(path.read_bytes())
    except (ValueError, RecursionError):
        return True
    if not isinstance(report, dict):
        return False
    models = [report.get("model"), report.get("against")]
    return any(isinstance(model, dict) and model.get("robustness") is not None for model in models)
