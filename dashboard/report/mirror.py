"""The figure of the landing page: maps of a face and of its mirror image, of two models.

``python -m dashboard.report.mirror`` computes it with the shipped models and stores it for
`dashboard.data.mirror`.
"""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from dashboard.analysis.map_choices import DEFAULT_PAIR, FaceChoice
from dashboard.analysis.map_process import MapCache, ModelMaps
from dashboard.data.mirror import FILE, MirrorFigure, mirror_json
from fer_core.errors import told_in_a_sentence
from fer_core.io.files import write_whole
from fer_core.weights import shipped_models

FACE = "synthetic surprise"  # which both models recognise


@told_in_a_sentence()
def main() -> None:
    """Compute the maps and store the figure.

    Raises:
        MapsError: when the maps of a model cannot be computed.
    """
    models = shipped_models()
    found, failed = MapCache().get({name: models[name] for name in DEFAULT_PAIR}, FaceChoice())
    for error in failed.values():
        raise error
    write_whole(FILE, mirror_json(mirror_of(found, FACE)).encode())
    print(f"{FILE}: {', '.join(found)}")  # noqa: T201 - the result of the command


def mirror_of(found: Mapping[str, ModelMaps], face: str) -> list[MirrorFigure]:
    """The maps of one face by each model, and how far those of all faces agree.

    Args:
        found: maps by model, on the same faces.
        face: name of the face.
    """
    figures = []
    for model, maps in found.items():
        index = maps.names.index(face)
        check, predicted = maps.check(index), maps.prediction(index)
        grey = np.asarray(Image.fromarray(maps.crops[index]).convert("L"))
        everywhere = [
            maps.check(one).map_agreement(maps.prediction(one)) for one in range(len(maps.names))
        ]
        figures.append(
            MirrorFigure(
                model,
                face,
                np.repeat(grey[..., None], 3, axis=-1),
                check.maps[:, predicted],
                maps.classes[predicted],
                round(float(check.map_agreement(predicted)), 3),
                round(float(np.mean(everywhere)), 3),
                len(everywhere),
            )
        )
    return figures


if __name__ == "__main__":
    main()
