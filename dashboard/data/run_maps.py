"""What a run's attention maps are worth: ``maps.json`` beside its record.

``fer-core evaluate runs/RUN --data URI --maps --json runs/RUN/maps.json`` writes it.
"""

from pathlib import Path

from dashboard.data.sources import RecordSource, guarded_root, lies_outside
from fer_core.reporting.map_files import MAPS_FILE, MapMeasurement, find_maps


def read_run_maps(folder: Path, source: RecordSource) -> MapMeasurement | None:
    """The measures of a run's maps; None without a file.

    Raises:
        ValueError: when the file holds no such measures, those of two models, or is a link to a
            file outside of a source that strangers see.
    """
    file = folder / MAPS_FILE
    if lies_outside(file, guarded_root(source)):
        raise ValueError(f"{file} is a link to a file outside of the runs folder: copy it")
    return find_maps([folder])
