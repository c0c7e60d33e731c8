"""The faces of an image near where they are expected: MTCNN without its first network."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from PIL import Image

from fer_core.faces import area_sums, mtcnn, mtcnn_networks
from fer_core.faces.detect import (
    LEAST_SCORE,
    MARGIN_GREY,
    MARGIN_SHARE,
    SAME_FACE,
    found_face,
)
from fer_core.faces.face import Face
from fer_core.faces.scales import overlap

# By how much of its longer side the squares around a face are moved.
MOVES = ((0.0, 0.0), (-0.15, 0.0), (0.15, 0.0), (0.0, -0.15), (0.0, 0.15))
AROUND = 2  # pixels more than the squares


def follow_faces(
    photo: Image.Image, faces: Sequence[Face], device: str = "cpu"
) -> list[Face] | None:
    """The same faces in the next image, the largest first; None where one is lost.

    Args:
        photo: RGB image of the same size.
        faces: of the image before.
        device: of the networks, see `fer_core.faces.mtcnn_networks.networks`.
    """
    margin = min(photo.size) // MARGIN_SHARE
    squares = [squares_around(face) for face in faces]
    parts = [_part(photo, of_face, margin) for of_face in squares]
    corners = [corner for _, corner in parts]
    found = mtcnn.find_near(
        [area_sums.summed(np.asarray(image)) for image, _ in parts],
        [of_face - np.tile(corner, 2) for of_face, corner in zip(squares, corners, strict=True)],
        mtcnn_networks.networks(device),
    )
    followed: list[Face] = []
    for of_face, corner in zip(found, corners, strict=True):
        best = max(of_face, key=lambda one: one.score, default=None)
        if best is None or best.score < LEAST_SCORE:
            return None
        face = found_face(best, corner, photo.size)
        if face.box[0] >= face.box[2] or face.box[1] >= face.box[3]:
            return None
        followed.append(face)
    if any(overlap(one.box, other.box) > SAME_FACE for one, other in combinations(followed, 2)):
        return None
    return sorted(followed, key=lambda face: face.box[0] - face.box[2])


def squares_around(face: Face) -> np.ndarray:
    """(N, 4) squares x0, y0, x1, y1 in which a face may be next, float32."""
    x0, y0, x1, y1 = face.box
    centre, longer = np.array([(x0 + x1) / 2, (y0 + y1) / 2]), max(x1 - x0, y1 - y0)
    corners = centre + longer * (np.array(MOVES) - 0.5)
    return np.concatenate([corners, corners + longer], 1).astype(np.float32)


def _part(photo: Image.Image, squares: np.ndarray, margin: int) -> tuple[Image.Image, np.ndarray]:
    """The part of a photograph, with its margin of grey, that squares cover; its corner (2,)."""
    low = np.maximum(np.floor(squares[:, :2].min(0)).astype(int) - AROUND, -margin)
    high = np.ceil(squares[:, 2:].max(0)).astype(int) + AROUND
    high = np.maximum(np.minimum(high, np.add(photo.size, margin)), low + 1)
    inner, outer = np.maximum(low, 0), np.minimum(high, photo.size)
    part = photo.crop((*inner.tolist(), *np.maximum(inner, outer).tolist()))
    if (low < 0).any() or (high > photo.size).any():
        whole = Image.new("RGB", tuple((high - low).tolist()), (MARGIN_GREY,) * 3)
        whole.paste(part, tuple((inner - low).tolist()))
        part = whole
    return part, low.astype(np.float32)
