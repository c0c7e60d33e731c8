"""What attention maps are worth, from files of ``fer-core evaluate --maps --json``; without torch.

`fer_core.explain.fidelity` defines the measures. A run keeps its file as `MAPS_FILE` beside its
record, and a shipped model beside its weights.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from fer_core.config.data import DATA_NAMES
from fer_core.io.files import displayed, parse_json
from fer_core.metrics.intervals import Estimate
from fer_core.records.groups import group_runs
from fer_core.records.run import RUN_FILE, read_run
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.tables import table

MAPS_FILE = "maps.json"
ASKED_FOR = "fer-core evaluate MODEL --data URI --maps --json FILE writes one"
ORDERS = {
    "map": "the map",
    "grad_cam": "Grad-CAM",
    "centre": "distance to the centre",
    "random": "random",
}
# Those that say most, by their names in a file.
HEADLINE = {
    "locality": "locality",
    "occlusion": "correlation with occlusion",
    "fixed": "fixed pattern of the class",
    "mirror": "mirror agreement",
}
EXPLANATION = (
    "Maps of the predicted class, with 95 % intervals over the images; one model each, so no "
    "interval covers seeds. Locality: 0.25 is not local, 1 is local. Correlation with occlusion: "
    "rank correlation of the map with the effect of hiding each region. Fixed pattern of the "
    "class: share of the maps' spatial variance that says nothing about the image."
)


class MapMeasurement(NamedTuple):
    """The maps of one model on some images.

    Attributes:
        model: its name.
        data: of the images, with the split.
        images: number of images.
        values: a measure's name, or ``deletion.map`` and the like -> its estimate. The ends of
            ``completeness`` are nan, as is all of a measure that flat maps do not have.
    """

    model: str
    data: str
    images: int
    values: Mapping[str, Estimate]

    def text(self, name: str) -> str:
        """A measure with its interval, for readers."""
        return _text(self.values[name])


def read_maps(file: Path) -> list[MapMeasurement]:
    """The model of a file, or both that it compares.

    Raises:
        ValueError: when the file is no evaluation with measures of maps.
    """
    try:
        report = parse_json(file.read_bytes())
        models = [one for one in (report["model"], report["against"]) if one is not None]
        name, split = (str(report["data"][key]) for key in ("name", "split"))
        data = f"{DATA_NAMES.get(name, name)} {split}"
        return [_measurement(model, data) for model in models]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{displayed(file)} holds no measures of attention maps ({error!r}): {ASKED_FOR}"
        ) from error


def find_maps(folders: Iterable[Path]) -> MapMeasurement | None:
    """The measures that the first of the folders with a `MAPS_FILE` has; None: no folder has one.

    Raises:
        ValueError: when the file holds no such measures, or those of two models.
    """
    for folder in folders:
        file = folder / MAPS_FILE
        if not (file.exists() or file.is_symlink()):
            continue
        found = read_maps(file)
        if len(found) > 1:
            raise ValueError(
                f"{displayed(file)} compares {' and '.join(one.model for one in found)}: beside a "
                "model or a run, keep an evaluation of it alone, without --against"
            )
        return found[0]
    return None


def map_values(found: Mapping[str, Any]) -> dict[str, Estimate]:
    """The measures in a file's ``maps``, by name.

    Raises:
        KeyError, TypeError, ValueError: when one is missing or is no figure.
    """
    names = ("completeness", "locality", "occlusion", "mirror", "randomisation", "fixed")
    values = {name: _estimate(found[name]) for name in names}
    areas = product(("deletion", "insertion"), ORDERS)
    return values | {f"{kind}.{order}": _estimate(found[kind][order]) for kind, order in areas}


def map_rows(values: Mapping[str, Estimate]) -> dict[str, str]:
    """Every measure as a title and a text, in the order to show them in."""
    areas = {
        f"{kind} in the order of {title} ({better} is better)": _text(values[f"{kind}.{order}"])
        for kind, better in (("deletion", "lower"), ("insertion", "higher"))
        for order, title in ORDERS.items()
    }
    return {
        "completeness: largest relative gap": f"{values['completeness'].value:.0e}",
        "locality (0.25: not local; 1: local)": _text(values["locality"]),
        "correlation with the effect of hiding each region": _text(values["occlusion"]),
        **areas,
        "share that is one fixed pattern of the class": _text(values["fixed"]),
        "agreement with the mirror image": _text(values["mirror"]),
        "correlation with random weights (0 is best)": _text(values["randomisation"]),
    }


def maps_table(files: Sequence[Path]) -> str:
    """A Markdown table with a row for each model and the measures of HEADLINE.

    Raises:
        ReportError: for a file without such measures.
    """
    found = _all(files)
    rows = [[one.model, *(one.text(name) for name in HEADLINE), str(one.images)] for one in found]
    return f"{table(['model', *HEADLINE.values(), 'images'], rows)}\n\n{_notes(found, files)}"


def all_maps_table(files: Sequence[Path]) -> str:
    """A Markdown table with a row for each measure and a column for each model.

    Raises:
        ReportError: for a file without such measures.
    """
    found = _all(files)
    columns = [map_rows(one.values) for one in found]
    rows = [[title, *(column[title] for column in columns)] for title in columns[0]]
    rows.append(["images", *(str(one.images) for one in found)])
    header = ["measure", *(one.model for one in found)]
    return f"{table(header, rows)}\n\n{_notes(found, files)}"


def _all(files: Sequence[Path]) -> list[MapMeasurement]:
    try:
        return [one for file in files for one in read_maps(file)]
    except ValueError as error:
        raise ReportError(str(error)) from error


def _notes(found: Sequence[MapMeasurement], files: Sequence[Path]) -> str:
    """What the measures are, whose images, and which EAC the runs beside the files are."""
    runs = [read_run(file.parent) for file in files if (file.parent / RUN_FILE).exists()]
    images = ", ".join(dict.fromkeys(one.data for one in found))
    return f"{EXPLANATION} Images of {images}. {which_eac(group_runs(runs))}".strip()


def _measurement(model: Mapping[str, Any], data: str) -> MapMeasurement:
    maps = model["maps"]
    return MapMeasurement(str(model["name"]), data, int(maps["images"]), map_values(maps))


def _estimate(value: object) -> Estimate:
    """A figure of a file: a number, a number with the ends of its interval, or null."""
    numbers = value if isinstance(value, list) else [value, None, None]
    return Estimate(*(math.nan if one is None else float(one) for one in numbers))


def _text(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "-"
    if math.isnan(estimate.low):
        return f"{estimate.value:z.2f}"
    return f"{estimate.value:z.2f} ({estimate.low:z.2f} to {estimate.high:z.2f})"
