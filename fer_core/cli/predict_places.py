"""Where ``fer-core predict --out`` writes the files of each video."""

from collections.abc import Sequence
from pathlib import Path

from fer_core.cli.video_files import STATE, SUMMARY, WRITTEN
from fer_core.inference.inputs import PredictionInput

ENDINGS = (*WRITTEN, SUMMARY, STATE)


def report_places(inputs: Sequence[PredictionInput], folder: Path) -> list[Path]:
    """A place for the files of each input, whose stem they take; no two videos share a file.

    Videos of one name are numbered in the order of the command line, as overlays are, so that the
    same command finds its files again.

    Args:
        inputs: all of a command line; images have no such files.
        folder: of the files; the folders below a named folder are kept.
    """
    taken: set[str] = set()
    places = []
    for one in inputs:
        place = first = folder / one.below
        if one.kind == "video":
            number = 1
            while taken & _files(place):
                number += 1
                place = first.with_name(f"{first.stem}-{number}{first.suffix}")
            taken |= _files(place)
        places.append(place)
    return places


def _files(place: Path) -> set[str]:
    return {str(place.with_suffix(suffix).resolve()).casefold() for suffix in ENDINGS}
