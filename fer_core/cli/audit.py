"""Training images whose label is probably wrong: ``fer-core audit URI`` (docs/audit.md)."""

import logging
import shlex
import time
from dataclasses import replace
from pathlib import Path

import torch
import tyro

from fer_core.audit.folder import audit_csv, check_folder, read_audit, write_audit
from fer_core.audit.gallery import shown_rows, write_gallery
from fer_core.audit.labels import audit_outputs
from fer_core.audit.lists import Lists, decided_lists, flagged_lists, write_lists
from fer_core.audit.measure import FIRSTS
from fer_core.audit.result import Audit
from fer_core.audit.text import summary
from fer_core.audit.thumbnails import make_thumbnails
from fer_core.cli.audit_options import Command, check, run_folder
from fer_core.cli.audit_subject import ask, facts, unseen
from fer_core.cli.targets import check_target
from fer_core.datasets import Decoding, FaceData, list_data, parse_uri
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import displayed, write_whole
from fer_core.io.wording import counted
from fer_core.reporting.data_text import printable
from fer_core.training.labels import draw_noisy_labels

ABOUT = "Rank training images by how likely their label is wrong, and suggest better ones."


@told_in_a_sentence()
def main() -> None:
    """Parse the command line, audit, write the folder, and print what was found."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    command = tyro.cli(
        Command, prog="fer-core audit", description=ABOUT, config=(tyro.conf.OmitArgPrefixes,)
    )
    check(command)
    if command.decisions is not None:
        folder = Path(command.subject)
        audit = read_audit(folder)
        _write_lists(folder, audit, decided_lists(audit, command.decisions))
        return
    if command.threads is not None:
        torch.set_num_threads(command.threads)
    folder = command.out or _default_folder(command)
    table_alone = folder.suffix == ".csv"
    read = (command.subject, command.training.exclude, command.noise_file, command.predictions)
    check_target(folder if table_alone else None, *read)
    if not table_alone:
        check_folder(folder)
    audit, data = _audit(command, folder.with_suffix("") if table_alone else folder)
    print(summary(audit))
    if table_alone:
        write_whole(folder, audit_csv(audit).encode())
        print(f"\nall {len(audit.names):,} images: {printable(displayed(folder))}")
        return
    write_audit(folder, audit)
    print(f"\nall {len(audit.names):,} images: {printable(displayed(folder / 'audit.csv'))}")
    if command.gallery:
        rows = shown_rows(audit, command.gallery)
        gallery = write_gallery(folder, audit, make_thumbnails(data.train, rows))
        print(f"{len(rows):,} of them to look at in a browser: {printable(displayed(gallery))}")
    _write_lists(folder, audit, flagged_lists(audit))


def _default_folder(command: Command) -> Path:
    run = run_folder(command)
    kind = parse_uri(command.subject).kind
    return Path("runs") / f"audit-{kind}" if run is None else run / "audit"


def _audit(command: Command, folder: Path) -> tuple[Audit, FaceData]:
    asked = ask(command, folder)
    noisy, outputs = draw_noisy_labels(asked.config, asked.data), asked.outputs
    if command.folds:
        start = time.perf_counter()
        outputs = outputs._replace(out_of_fold=unseen(command, asked, noisy, folder / "folds"))
        asked.seconds["folds"] = time.perf_counter() - start
    audit = audit_outputs(
        outputs,
        asked.data.train,
        noisy.noisy_labels,
        asked.data.classes,
        truth_known=asked.config.noise != "none",
        ranking=command.rank_by,
        flag=command.flag,
        firsts=tuple(sorted({*FIRSTS, command.first})),
        resamples=command.bootstrap,
    )
    return replace(audit, facts=facts(asked, audit.facts["seconds"])), asked.data


def _write_lists(folder: Path, audit: Audit, lists: Lists) -> None:
    """Write the lists, and print how a run takes them."""
    uri = audit.facts["data"]["uri"]
    listed = None
    if parse_uri(uri).kind == "rafdb":
        listed = list_data(uri, Decoding(48, 3)).eval
    files = write_lists(folder, lists, audit.names, audit.classes, rafdb_test=listed)
    changed = int((lists.labels != audit.noisy_labels).sum())
    shown = [printable(displayed(file)) for file in files]
    exclude, labels = (shlex.quote(file) for file in shown[:2])
    earlier = f" besides the {len(lists.earlier):,} of --exclude" if lists.earlier else ""
    dropped, corrected = counted(len(lists.excluded), "image"), counted(changed, "label")
    print(f"{dropped} to drop{earlier}: fer-core train --exclude {exclude}")
    print(f"{corrected} corrected: fer-core train --noise file --noise-file {labels}")
    for file in shown[2:]:
        print(f"the same as RAF-DB's own label list: {file}")


if __name__ == "__main__":
    main()
