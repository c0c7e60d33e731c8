"""The two folders of an alignment: photographs to read and crops to write.

The folder of crops repeats the sub-folders of the photographs; ``align.json`` in it says how the
crops are cut and from what, so that a run that goes on does not mix two kinds.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fer_core.faces.crops import AlignmentError, Photo, Settings
from fer_core.io.files import displayed, remove_leftovers, write_whole
from fer_core.io.images import IMAGE_SUFFIXES

SETTINGS_FILE = "align.json"
FAILURES_FILE = "failures.csv"


def list_photos(folder: Path, out: Path) -> list[Photo]:
    """The photographs of a folder at any depth, sorted; names with a dot in front are excluded.

    Args:
        folder: of the photographs; links to folders are followed.
        out: folder of the crops.

    Raises:
        AlignmentError: when there is no folder or no photograph, or ``out`` lies inside.
    """
    photos: list[Photo] = []
    try:
        if not folder.is_dir():
            wrong = "is a file" if folder.exists() else "does not exist"
            raise AlignmentError(f"{displayed(folder)} {wrong}: name the folder of the photographs")
        for entered, files in _walk(folder, ()):
            if out.resolve().is_relative_to(entered):
                raise AlignmentError(
                    f"{displayed(out)} lies in the photographs' folder {displayed(entered)}: the "
                    "next run would take the crops for photographs; name a folder outside"
                )
            for file, name in zip(files, crop_names([file.name for file in files]), strict=True):
                below = file.relative_to(folder)
                photos.append(Photo(file, displayed(below.as_posix()), out / below.parent / name))
    except OSError as error:
        raise AlignmentError(f"{displayed(folder)} cannot be read: {error}") from error
    if not photos:
        raise AlignmentError(
            f"{displayed(folder)} holds no images: expected files that end in "
            f"{', '.join(IMAGE_SUFFIXES)}, at any depth"
        )
    return photos


def crop_names(names: list[str]) -> list[str]:
    """Names of the crops, without ``.png``, for the photographs of one folder.

    The photograph's name without its suffix; with it where two would otherwise share a crop, which
    names that differ in case only do on many file systems.
    """
    chosen = {name: Path(name).stem for name in names}
    while True:
        counts = Counter(crop.casefold() for crop in chosen.values())
        shared = [n for n, crop in chosen.items() if counts[crop.casefold()] > 1 and crop != n]
        if not shared:
            return list(chosen.values())
        chosen.update((name, name) for name in shared)


def open_folder(out: Path, photographs: Path, settings: Settings, failures_file: Path) -> None:
    """Make the folder of crops, or go on with one cut from the same photographs the same way.

    Args:
        out: folder of the crops.
        photographs: folder they are cut from.
        settings: of the crops.
        failures_file: to be written at the end; its folder is made now.

    Raises:
        AlignmentError: when ``out`` holds anything else, or something cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise AlignmentError(f"{displayed(out)} is a file: name a folder for the crops")
    values = asdict(settings) | {"photographs": displayed(photographs.resolve())}
    text = json.dumps(values, indent=1) + "\n"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / SETTINGS_FILE).exists():
            _refuse_other_settings(out / SETTINGS_FILE, json.loads(text))
        elif any(not path.name.startswith(".") for path in out.iterdir()):
            raise AlignmentError(
                f"{displayed(out)} holds files but no {SETTINGS_FILE}: they are of something else; "
                "name a new or an empty folder"
            )
        remove_leftovers(out, below=True)
        write_whole(out / SETTINGS_FILE, text.encode())
        if failures_file.is_dir():
            raise AlignmentError(
                f"{displayed(failures_file)} is a folder: name a file for --failures"
            )
        failures_file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = error.filename or out
        raise AlignmentError(f"{displayed(place)} cannot be written: {error.strerror}") from error


def write_failures(file: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write the CSV list of photographs without a crop.

    Args:
        file: replaced where it is there.
        failures: photograph and reason.

    Raises:
        AlignmentError: when it cannot be written.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("image", "reason"), *failures])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.getvalue().encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise AlignmentError(f"{displayed(file)} cannot be written: {error.strerror}") from error


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, list[Path]]]:
    """Every folder, without links, and its images; a link to a folder above ends there."""
    entered = folder.resolve()
    if entered in above:
        return
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    images = [path for path in entries if path.suffix.lower() in IMAGE_SUFFIXES]
    # A link that leads nowhere is listed, so that it is reported.
    yield entered, [path for path in images if path.is_file() or not path.exists()]
    for path in entries:
        if path.is_dir():
            yield from _walk(path, (*above, entered))


def _refuse_other_settings(file: Path, wanted: dict[str, Any]) -> None:
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        changed = [
            f"{name} {written.get(name)!r} -> {value!r}"
            for name, value in wanted.items()
            if written.get(name) != value
        ]
    except (ValueError, AttributeError) as error:
        raise AlignmentError(f"{displayed(file)} is broken ({error}): name a new folder") from error
    if changed:
        raise AlignmentError(
            f"the crops in {displayed(file.parent)} were made with different settings "
            f"({'; '.join(changed)}): run with the options in {SETTINGS_FILE}, or name a new folder"
        )
