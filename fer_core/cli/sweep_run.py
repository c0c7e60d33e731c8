"""One attempt at a run of a sweep, in a process of its own: ``fer-core sweep-run CONFIG FOLDER``.

It goes on from the run's checkpoint where there is one, else it starts over; a finished run is left
alone. The training itself is `fer-core train`. While it works it holds the run's lock, so that no
second process writes into the same record. An attempt that `fer-core sweep` starts also watches its
standard input, a pipe whose other end only the sweep holds: when the sweep is gone, however it
ended, so is the pipe, and the attempt ends as well.
"""

import argparse
import json
import logging
import os
from pathlib import Path
from threading import Thread

from fer_core.cli import train
from fer_core.config import RunConfig, from_json
from fer_core.errors import told_in_a_sentence
from fer_core.records.lock import lock_run
from fer_core.records.run import RUN_FILE, read_run
from fer_core.training.restart import make_ready

logger = logging.getLogger(__name__)
STANDARD_INPUT = 0
PATIENCE = 60.0  # seconds that an earlier attempt has to notice that its sweep is gone


@told_in_a_sentence()
def main() -> None:
    """Attempt the run that the command line names."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    command = _read_command_line()
    if command.end_with_sweep:
        Thread(target=_end_with_the_sweep, daemon=True).start()
    with lock_run(command.folder, PATIENCE):
        _work(command.config_file, command.folder, command.options)


def _work(config_file: Path, folder: Path, options: list[str]) -> None:
    if is_finished(folder):
        logger.info("the run in %s is finished", folder)
        return
    goes_on = make_ready(folder, _read_config(config_file))
    start = ["--resume", folder] if goes_on else ["--config-file", config_file, "--out", folder]
    print(train.result_line(train.run(train.parse([*map(str, start), *options]))))


def _read_command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fer-core sweep-run",
        description="Start or resume one run of a sweep; a finished run is left alone.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "config_file", type=Path, metavar="CONFIG", help="configuration, as sweep wrote it"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the record")
    parser.add_argument(
        "options", nargs=argparse.REMAINDER, metavar="...", help="options of fer-core train"
    )
    parser.add_argument("--end-with-sweep", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def is_finished(folder: Path) -> bool:
    """Whether an earlier attempt, waited for, has finished the run in ``folder`` after all."""
    return (folder / RUN_FILE).exists() and read_run(folder).status == "finished"


def _read_config(file: Path) -> RunConfig:
    return from_json(json.loads(file.read_text(encoding="utf-8")))


def _end_with_the_sweep() -> None:
    while os.read(STANDARD_INPUT, 1):
        pass  # nothing is ever written into the pipe: it only ends
    os.write(2, b"the sweep has ended, and this run with it\n")
    os._exit(1)


if __name__ == "__main__":
    main()
