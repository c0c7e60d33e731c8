"""Whether images that should be cut-out faces are whole photographs."""

from collections.abc import Iterable
from statistics import median

from PIL import Image

from fer_core.faces.detect import detect_faces

LEAST_SHARE = 0.4  # of the shorter side that the face of a crop is wide
LEAST_FACES = 2


def face_share(images: Iterable[Image.Image]) -> float | None:
    """The median width of the largest face as a share of the shorter side.

    Args:
        images: a few of a set.

    Returns:
        None where there are fewer than two images with a face.
    """
    shares = []
    for image in images:
        faces = detect_faces(image, thorough=False)
        if faces:
            shares.append((faces[0].box[2] - faces[0].box[0]) / min(image.size))
    return median(shares) if len(shares) >= LEAST_FACES else None


def whole_photos_text(share: float | None) -> str:
    """A warning for images of which faces take too little; empty where they are crops."""
    if share is None or share >= LEAST_SHARE:
        return ""
    return (
        f"the images look like whole photographs: a face takes {share:.0%} of their width, and "
        "models are trained on cropped faces. Crop them with fer-core align, or measure a model "
        "with fer-core evaluate MODEL --photos FOLDER"
    )
