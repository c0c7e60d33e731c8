"""What Python tells the static page of the face landmarker: its settings and its tables."""

from typing import Any

from demo_app.analysis.live_movements import LASTS, SHARE
from fer_core.landmarks import landmarker
from fer_core.landmarks.analysis import COLUMNS, MOST_PITCH, MOST_YAW
from fer_core.landmarks.movements import BLENDSHAPES, MOVEMENTS
from fer_core.landmarks.task_file import Task


def movement_facts(task: Task) -> dict[str, Any]:
    """Everything but the files, as JSON values.

    Args:
        task: the landmarker's model file.
    """
    return {
        "side": landmarker.SIDE,
        "places": landmarker.PLACES.tolist(),
        "most_oversampling": landmarker.MOST_OVERSAMPLING,
        "least_presence": landmarker.LEAST_PRESENCE,
        "eyes": list(landmarker.EYES),
        "room": landmarker.ROOM,
        "subset": landmarker.SUBSET.tolist(),
        "head": [
            {"at": int(at), "place": task.head[at].tolist(), "weight": float(task.weights[at])}
            for at in task.weights.nonzero()[0]
        ],
        "blendshapes": list(BLENDSHAPES),
        "table": [
            {
                "least": one.least,
                "words": one.words,
                "unit": one.unit,
                "of": [BLENDSHAPES.index(name) for name in one.blendshapes],
            }
            for one in MOVEMENTS
        ],
        "most_yaw": MOST_YAW,
        "most_pitch": MOST_PITCH,
        "columns": list(COLUMNS),
        "share": SHARE,
        "lasts": 1000 * LASTS,  # milliseconds
    }
