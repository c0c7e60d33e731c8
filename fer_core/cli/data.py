"""Check data before training: ``fer-core data check URI``, ``noise URI``, ``cache``."""

import json
import logging
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from fer_core.cli.photo_warning import whole_photos
from fer_core.cli.targets import check_target
from fer_core.config import NoiseKind, RunConfig
from fer_core.config.renamed import current_flags
from fer_core.datasets import DataError, Decoding, Listing, list_data
from fer_core.datasets.cache.folder import clear_cache, list_entries
from fer_core.datasets.cache.store import cache_folder
from fer_core.datasets.checks.check import check_data, write_fix_list
from fer_core.datasets.checks.report import CheckReport, to_json
from fer_core.datasets.exclude import read_exclude_list, without_files
from fer_core.datasets.loading import refuse_problems
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import displayed, write_whole
from fer_core.io.wording import counted
from fer_core.noise.generate import noise_facts
from fer_core.noise.label_files import write_noise_list
from fer_core.reporting.data_text import cache_text, noise_text, printable, report_text

ABOUT = "Check data before training."
DRAWN = Decoding(48, 3)  # as a run without options draws the synthetic faces


@dataclass(frozen=True)
class Check:
    """Read every image and label of a data set and say what is wrong with it.

    Exit code 0: a run can train on it, duplicates or not; 1: a run refuses it.
    """

    uri: tyro.conf.Positional[str]
    """Data set as for fer-core train --data, for example ferplus:PATH?classes=7."""
    fix_list: Path | None = None
    """Write the names of all files that a run would refuse, for fer-core train --exclude; the
    file is empty if there are none. Names given with --exclude stay in the new list."""
    exclude: Path | None = None
    """Check what is left without the files of this list."""
    json: Path | None = None
    """Write the whole report with every name; '-' prints it and nothing else."""
    near: bool = False
    """Also search for evaluation images that are a training image encoded, scaled, lit or flipped
    differently: seconds for 30,000 images."""
    near_threshold: float | None = None
    """Similarity threshold in (0, 1]; by default 0.95, more if images are alike; implies --near."""


@dataclass(frozen=True)
class Noise:
    """Draw the label noise of a run and show what it does; no image is read."""

    uri: tyro.conf.Positional[str]
    """Data set as for fer-core train --data."""
    noise: NoiseKind
    """Kind of noise; this and the next five as for fer-core train."""
    noise_rate: float | None = None
    """Share of the training labels to change; symmetric and asymmetric noise need it."""
    confusions: str = "people"
    """Asymmetric noise: which class is taken for which, a preset or a CSV table."""
    noise_file: Path | None = None
    """List of noisy labels, for noise file."""
    seed: int = 0
    """Seed of the run."""
    exclude: Path | None = None
    """List of files that the run excludes."""
    out: Path | None = None
    """Write the labels as a list in RAF-DB format, for fer-core train --noise file --noise-file
    OUT."""


@dataclass(frozen=True)
class Cache:
    """Show or clear the cache of decoded images."""

    cache: Path | None = None
    """Its folder; by default FER_CORE_CACHE, or fer_core in the user's cache folder."""
    clear: bool = False
    """Delete all decoded images; later runs decode them again."""


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, do it, and exit with its code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = _bare_uri(current_flags(sys.argv[1:], {"leave_out": "exclude"}))
    command = tyro.cli(
        Check | Noise | Cache, args=arguments, prog="fer-core data", description=ABOUT
    )
    match command:
        case Check():
            code = _check(command)
        case Noise():
            code = _noise(command)
        case Cache():
            code = _cache(command)
    sys.exit(code)


def _bare_uri(arguments: list[str]) -> list[str]:
    """Let the data set stand behind --data too, as in the other commands."""
    return [word.removeprefix("--data=") for word in arguments if word != "--data"]


def _check(command: Check) -> int:
    alone = command.json == Path("-")
    check_target(command.fix_list, command.uri)  # it may continue an exclude list
    if not alone:
        check_target(command.json, command.uri, command.exclude)
    near = command.near_threshold
    if near is None and command.near:
        near = "auto"
    listing = list_data(command.uri, DRAWN, without=command.exclude)
    report = check_data(listing, near=near, progress=True)
    if command.json is not None:
        text = json.dumps({"data": command.uri, **to_json(report)}, indent=1) + "\n"
        if alone:
            print(text, end="")
        else:
            write_whole(command.json, text.encode())
    if not alone:
        print(report_text(report))
        if warning := whole_photos(listing.train if report.train.sizes else listing.eval):
            print(f"\n{warning}")
    if command.fix_list is not None:
        print(_fix(command, listing, report), file=sys.stderr if alone else sys.stdout)
    return int(report.refused)


def _fix(command: Check, listing: Listing, report: CheckReport) -> str:
    """Write the exclude list; gives a sentence on it."""
    names = frozenset(problem.name for problem in report.problems)
    earlier = read_exclude_list(command.exclude) if command.exclude else frozenset()
    path = command.fix_list or Path()
    write_fix_list(path, names | earlier)
    file = printable(displayed(path))
    if not names | earlier:
        return f"nothing to exclude: {file} is empty"
    left, count = without_files(listing, names), len(names | earlier)
    return (
        f"{counted(count, 'name')} to exclude in {file}; "
        f"{len(left.train.true_labels):,} + "
        f"{len(left.eval.true_labels):,} images are left with the run option "
        f"--exclude {shlex.quote(file)}"
    )


def _noise(command: Noise) -> int:
    from fer_core.training.setup import (
        draw_noisy_labels,  # torch takes seconds; the others need none
    )

    config = RunConfig(
        data=command.uri,
        exclude=str(command.exclude) if command.exclude else None,
        noise=command.noise,
        noise_rate=command.noise_rate,
        confusions=command.confusions,
        noise_file=str(command.noise_file) if command.noise_file else None,
        seed=command.seed,
    )
    check_target(command.out, command.uri, command.exclude, command.noise_file)
    listing = list_data(command.uri, DRAWN, without=command.exclude)
    refuse_problems(listing)
    train, classes = listing.train, listing.classes
    noisy = draw_noisy_labels(config, listing)
    facts = noise_facts(
        config.noise, config.noise_rate or 0.0, noisy, train.true_labels, len(classes)
    )
    print(noise_text(f"{listing.name} {train.name}", classes, config, facts))
    if command.out is not None:
        write_noise_list(command.out, train.names, noisy.noisy_labels, classes)
        file = printable(displayed(command.out))
        option = f"--noise file --noise-file {shlex.quote(file)}"
        print(f"{counted(len(train.names), 'label')} in {file}: {option}")
    return 0


def _cache(command: Cache) -> int:
    folder = cache_folder(command.cache)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"the cache {displayed(folder)} is not a folder")
    print(cache_text(folder, list_entries(folder)))
    if command.clear:
        cleared = clear_cache(folder)
        print(f"deleted {cleared.entries} entries, freed {cleared.bytes / 1e6:,.1f} MB")
        for path in cleared.kept:
            print(f"kept {path.name[:17]}: a run is writing it")
    return 0


if __name__ == "__main__":
    main()
