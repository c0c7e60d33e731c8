"""The page of one run: its options, facts and files, and the command that repeats it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dashboard.analysis.record_text import fact_rows
from dashboard.data.sources import RecordSource
from fer_core.config import RunConfig, defaults_of, flat_options
from fer_core.config.methods import option_names
from fer_core.records.predictions import COMPRESSED_FILE, PREDICTIONS_FILE
from fer_core.records.provenance import Origin
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RunRecord
from fer_core.records.schema import FORMER_FILES, NOISY_LABELS_FILE
from fer_core.reporting.map_files import MAPS_FILE
from fer_core.reporting.option_text import option_text

FILES = {
    "checkpoint": "latest state, for --resume",
    "model": "safetensors and config.json",
    **dict.fromkeys([NOISY_LABELS_FILE, *FORMER_FILES], "the noisy training labels"),
    "log.txt": "log of the sweep",
}
RECORD = (RUN_FILE, EPOCHS_FILE, PREDICTIONS_FILE, COMPRESSED_FILE, MAPS_FILE)
# A record keeps only the last part of these paths.
PATHS = ("data", "pretrained", "noise_file", "exclude", "confusions", "method_source", "teachers")
_NO_PATHS = ("none", "hub", "people")


def option_table(config: Mapping[str, Any]) -> pd.DataFrame:
    """Every option with its value and default: the method, then the changed options first."""
    defaults = defaults_of(str(config["method"]))
    values = flat_options(config)
    texts = {
        name: (option_text(one), option_text(defaults.get(name))) for name, one in values.items()
    }
    rows = [(name, *both) for name, both in texts.items()]
    table = pd.DataFrame(rows, columns=["option", "value", "default"])
    first = table["option"] == "method"
    changed = table["value"] != table["default"]
    parts = [table[first], table[changed & ~first], table[~changed & ~first]]
    return pd.concat(parts, ignore_index=True)


def shown_options(record: RunRecord) -> pd.DataFrame:
    """`option_table`; for an imported run only the options that were stated."""
    table = option_table(record.config)
    if record.imported is None:
        return table
    stated = [name for name, value in flat_options(record.config).items() if value is not None]
    return table[table["option"].isin(stated)]


def import_table(imported: Mapping[str, Any]) -> pd.DataFrame:
    """The facts of an import: its file, the columns that were read, and those that were not."""
    columns = [(f"read as {figure}", column) for figure, column in imported["columns"].items()]
    facts = [(name, imported[name]) for name in ("file", "kind", "sha256", "suite", "at")]
    left = [("not read", name) for name in imported["left"]]
    notes = [("note", note) for note in imported["notes"]]
    rows = [(name, str(value)) for name, value in (*facts, *columns, *left, *notes) if value]
    return pd.DataFrame(rows, columns=["fact", "value"])


def fact_table(*parts: Mapping[str, Any], leave_out: Sequence[str] = ()) -> pd.DataFrame:
    """Facts of a record as rows of name and value, without those named in ``leave_out``."""
    rows = [
        row
        for part in parts
        for name, value in part.items()
        if name not in leave_out
        for row in fact_rows(name, value)
    ]
    return pd.DataFrame(rows, columns=["fact", "value"])


def transition_table(record: RunRecord, shares: bool) -> pd.DataFrame | None:
    """(K, K) table of the label noise: rows = true label, columns = noisy label.

    Args:
        record: of the run.
        shares: percent of each true label instead of counts.

    Returns:
        None if the record has no table of the right size.
    """
    counts, size = record.noise.get("transition"), len(record.classes)
    if not isinstance(counts, list) or len(counts) != size:
        return None
    if any(not isinstance(row, list) or len(row) != size for row in counts):
        return None
    index = pd.Index(list(record.classes), name="true label")
    table = pd.DataFrame(counts, index=index, columns=list(record.classes), dtype=float)
    return (
        100 * table.div(table.sum(axis=1).where(lambda total: total > 0), axis=0)
        if shares
        else table
    )


def file_table(record: RunRecord, source: RecordSource) -> pd.DataFrame:
    """The record and the other files in the folder of the run."""
    present = [name for name in RECORD if (record.path / name).exists()]
    rows = [("record", str(record.path), ", ".join(present))]
    rows += [
        (name, str(record.path / name), what)
        for name, what in FILES.items()
        if (record.path / name).exists()
    ]
    table = pd.DataFrame(rows, columns=["what", "where", "content"])
    return table if not source.link else table.head(1).assign(where=hub_link(record.path, source))


def hub_link(path: Path, source: RecordSource) -> str:
    """The page of a record on the Hub; empty for a folder of this computer."""
    below = path.relative_to(source.folder).as_posix() if source.link else "."
    return source.link if below == "." else f"{source.link}/{below}"


def repeat_command(record: RunRecord) -> str:
    """The command line that repeats the training, with the options that are not defaults."""
    known = known_options(record.config)
    defaults = defaults_of(str(record.config["method"])) | {"method": RunConfig.method}
    options = {
        name: value
        for name, value in flat_options(record.config).items()
        if name in known and value != defaults.get(name)
    }
    processes = int(record.environment.get("processes") or 1)
    start = "fer-core train"
    if processes > 1:
        start = f"accelerate launch --num_processes {processes} -m fer_core.cli.train"
    words = [word for name, value in options.items() for word in _option(name, value)]
    threads = record.environment.get("threads")
    if threads and record.environment.get("device") == "cpu":
        words += ["--device", "cpu", "--threads", str(threads)]
    return f"{start} {shlex.join(words)}".rstrip()


def known_options(config: Mapping[str, Any]) -> set[str]:
    """The names of all options of this version and of the method of the run."""
    method = str(config["method"])
    return {*defaults_of(method), *option_names(method, config)}


def repeat_notes(record: RunRecord) -> list[str]:
    """Facts that matter for repeating a run exactly."""
    config, environment = flat_options(record.config), record.environment
    paths = [name for name in PATHS if _has_path(name, config.get(name))]
    notes = []
    if paths:
        names = ", ".join(f"`{name}`" for name in paths)
        notes.append(f"Records keep only the last part of a path: complete {names}.")
    commit = str(environment.get("commit") or "")
    if not commit:
        notes.append("The commit of the code was not recorded.")
    elif commit.endswith("-dirty"):
        notes.append(f"The code was commit `{commit.removesuffix('-dirty')}` with local changes.")
    else:
        notes.append(f"The code was commit `{commit}`.")
    digest = record.model.get("pretrained_sha256")
    if digest:
        origin = Origin.from_json(record.model.get("pretrained_origin"))
        stated = f" {origin.phrase()}." if origin else ""
        notes.append(f"SHA-256 of the starting weights: `{digest}`.{stated}")
    unknown = sorted(set(config) - known_options(record.config) - {"note"})
    if unknown:
        notes.append(f"This version does not know {', '.join(f'`{name}`' for name in unknown)}.")
    return notes


def _has_path(name: str, value: object) -> bool:
    if not value or value in _NO_PATHS:
        return False
    if name == "method_source":
        return ".py:" in str(value)
    if name == "teachers":
        return value != ["bundled"]
    return name != "data" or (":" in str(value) and not str(value).startswith("hf:"))


def _option(name: str, value: object) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag if value else f"--no-{name.replace('_', '-')}"]
    if isinstance(value, list | tuple):
        return [flag, *(str(one) for one in value)]
    return [flag, str(value)]
