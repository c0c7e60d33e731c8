"""When a reduced copy of a large photograph is enough to find its faces and to look at them.

Most photographs of a telephone have 12 megapixels and a face that fills a good part of them. The
detector looks at 1280 pixels, a model takes about 100 of a face: such a JPEG is decoded at a half
of its sides, in a fraction of the time. Where a face is small, or none is found, it is not enough.
"""

from collections.abc import Sequence

from fer_core.faces.face import Face, narrowest
from fer_core.faces.scales import is_near, searches

READ_SIDE = 1600  # pixels that the longer side keeps; the detector takes 1280 of them
LEAST_WIDTH = 224  # pixels of a face in the copy that are enough for every model


def are_all(faces: Sequence[Face], size: tuple[int, int], factor: float) -> bool:
    """Whether a search of the whole photograph would end with the faces of its copy.

    Args:
        faces: that the quick searches of the copy found, in its pixels.
        size: width and height of the copy.
        factor: how many times wider the photograph is.
    """
    whole = (round(size[0] * factor), round(size[1] * factor))
    quick = len(list(searches(whole, thorough=False)))
    further = list(searches(whole, thorough=True))[quick:]
    if not faces or not further:
        return bool(faces)
    return not is_near(factor * narrowest(faces), further[0].coarser)


def least_width(size: int) -> int:
    """Pixels of a face in the copy that are enough for a model whose input has so many a side."""
    return min(LEAST_WIDTH, 2 * size)


def are_large(faces: Sequence[Face], least: int = LEAST_WIDTH) -> bool:
    """Whether each face is at least so many pixels wide in the copy."""
    return narrowest(faces) >= least
