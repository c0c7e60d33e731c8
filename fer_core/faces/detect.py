"""Find the faces of a photograph.

Detector: MTCNN (`fer_core.faces.mtcnn`), whose weights come with the wheel of facenet-pytorch.
Coordinates are pixels (x, y) with the origin at the top left corner of the image.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from fer_core.faces import area_sums, mtcnn, mtcnn_networks
from fer_core.faces.face import Face, FaceDetector, narrowest
from fer_core.faces.scales import (
    DETECTION_SIDE,
    LEAST_FACE,
    LEAST_SIDE,
    Region,
    Search,
    is_near,
    overlap,
    searches,
)

__all__ = [
    "DETECTION_SIDE",
    "LEAST_SIDE",
    "Face",
    "FaceDetector",
    "detect_faces",
    "detect_faces_in",
    "found_face",
]

REDUCING_GAP = 1.1  # reduced by whole numbers first: half the time, landmarks stay to a thousandth
LEAST_SCORE = 0.9
PIXELS_TOGETHER = 8e6  # of the photographs that go through the networks together, for the memory
SAME_FACE = 0.3  # overlap of two boxes (intersection by the smaller one) from which they are one
# A margin of grey around the image, a sixth of its shorter side: without it faces at the edge are
# missed, or their landmarks are wrong (benchmarks/face_margin.py).
MARGIN_SHARE = 6
MARGIN_GREY = 128


def detect_faces(photo: Image.Image, *, thorough: bool = True, device: str = "cpu") -> list[Face]:
    """All faces of a photograph, the largest first.

    Faces down to about an eighth of the shorter side are looked for; when there is none, down to a
    twentieth. Then, as long as none is found or the smallest one is near the limit, as in a
    photograph of a group, further down, to 32 pixels of the photograph (`fer_core.faces.scales`).
    Faces that touch the edge are found too, and those that it cuts by up to about a third.

    Args:
        photo: any mode; upright (apply the EXIF rotation before).
        thorough: look for faces smaller than a twentieth; otherwise one search or two, for frames
            of a video.
        device: of the detector's networks, see `fer_core.faces.mtcnn_networks.networks`.
    """
    return detect_faces_in([photo], thorough=thorough, device=device)[0]


def detect_faces_in(
    photos: Sequence[Image.Image], *, thorough: bool = True, device: str = "cpu"
) -> list[list[Face]]:
    """The faces of each of several photographs, as `detect_faces` finds them.

    Small ones of one size, such as the frames of a video, go through the networks together.

    Args:
        photos: as for `detect_faces`.
        thorough: likewise.
        device: likewise.
    """
    found: list[list[Face]] = [[] for _ in photos]
    rows: dict[tuple[int, int], list[int]] = {}
    for row, photo in enumerate(photos):
        rows.setdefault(photo.size, []).append(row)
    by = mtcnn_networks.networks(device)
    for (width, height), of_size in rows.items():
        together = max(1, int(PIXELS_TOGETHER // max(1, width * height)))
        for start in range(0, len(of_size), together):
            part = of_size[start : start + together]
            images = [_rgb(photos[row]) for row in part]
            for row, faces in zip(part, _detect_together(images, thorough, by), strict=True):
                found[row] = sorted(faces, key=lambda face: face.box[0] - face.box[2])
    return found


def _rgb(photo: Image.Image) -> Image.Image:
    return photo if photo.mode == "RGB" else photo.convert("RGB")


def _detect_together(
    images: Sequence[Image.Image], thorough: bool, by: mtcnn_networks.Networks
) -> list[list[Face]]:
    """The faces of images of one size; every image is searched as far as it has to be."""
    faces: list[list[Face]] = [[] for _ in images]
    prepared: list[dict[Region, Prepared]] = [{} for _ in images]
    rest = list(range(len(images)))
    for search in searches(images[0].size, thorough=thorough):
        rest = [
            row for row in rest if not faces[row] or is_near(narrowest(faces[row]), search.coarser)
        ]
        if not rest:
            break
        found = _search(
            [images[row] for row in rest],
            search,
            [prepared[row] for row in rest],
            [faces[row] for row in rest],
            by,
        )
        for row, of_image in zip(rest, found, strict=True):
            known = faces[row]
            faces[row] = known + [face for face in of_image if not _is_known(face, known)]
    return faces


class Prepared(NamedTuple):
    """A part of a photograph as the detector takes it; searches of one reduction share it.

    Attributes:
        reduction: of the part.
        margin: pixels of grey around it.
        sums: see `fer_core.faces.area_sums.summed`.
    """

    reduction: float
    margin: int
    sums: np.ndarray


def _search(
    images: Sequence[Image.Image],
    search: Search,
    prepared: Sequence[dict[Region, Prepared]],
    known: Sequence[Sequence[Face]],
    by: mtcnn_networks.Networks,
) -> list[list[Face]]:
    """The faces of each part of each photograph, in its own pixels; none twice.

    Args:
        images: of one size.
        search: of them.
        prepared: the parts of the searches before, of each image; of a photograph in one part it
            is kept there.
        known: faces that searches before have found, of each image.
        by: the networks.
    """
    faces: list[list[Face]] = [[] for _ in images]
    for box in search.parts:
        ready = [
            _ready(image, box, search, kept) for image, kept in zip(images, prepared, strict=True)
        ]
        size = (box[2] - box[0], box[3] - box[1])
        boxes = [_boxes_in(box, one, of_image) for one, of_image in zip(ready, known, strict=True)]
        found = _detect([one.sums for one in ready], search.least, by, boxes)
        for of_image, one, so_far in zip(found, ready, faces, strict=True):
            for face in of_image:
                placed = _move(face, one.margin, search.reduction, size)
                moved = _shifted(placed, box[0], box[1])
                inside = placed.box[0] < placed.box[2] and placed.box[1] < placed.box[3]
                if inside and not _is_known(moved, so_far):
                    so_far.append(moved)
    return faces


def _ready(
    image: Image.Image, box: Region, search: Search, kept: dict[Region, Prepared]
) -> Prepared:
    """A part of a photograph, prepared now or by the search before."""
    ready = kept.get(box)
    if ready is None or ready.reduction != search.reduction:
        ready = _prepare(image if box == (0, 0, *image.size) else image.crop(box), search)
        kept.clear()
        kept[box] = ready
    return ready


def _prepare(part: Image.Image, search: Search) -> Prepared:
    small = part
    if search.reduction > 1:
        size = [max(1, round(length / search.reduction)) for length in part.size]
        small = part.resize(size, reducing_gap=REDUCING_GAP)
    share = min(small.size) // MARGIN_SHARE
    margin = share if search.margin is None else min(share, search.margin)
    padded = ImageOps.expand(small, margin, (MARGIN_GREY,) * 3)
    return Prepared(search.reduction, margin, area_sums.summed(np.asarray(padded)))


def _boxes_in(part: Region, ready: Prepared, faces: Sequence[Face]) -> np.ndarray:
    """(N, 4) boxes of the photograph's faces in a part as it is prepared."""
    boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
    return (boxes - np.tile(part[:2], 2)) / ready.reduction + ready.margin


def _shifted(face: Face, left: int, top: int) -> Face:
    if not (left or top):
        return face
    x0, y0, x1, y1 = face.box
    box = (x0 + left, y0 + top, x1 + left, y1 + top)
    return Face(box, face.landmarks + np.array([left, top], face.landmarks.dtype), face.score)


def _is_known(face: Face, known: Sequence[Face]) -> bool:
    """Whether a face was found before: in a coarser search, or in the part next to this one."""
    return any(overlap(face.box, other.box) > SAME_FACE for other in known)


def _detect(
    images: Sequence[np.ndarray],
    least_face: int,
    by: mtcnn_networks.Networks,
    known: Sequence[np.ndarray],
) -> list[list[Face]]:
    # Rounded to a few sizes: another size moves the landmarks a little.
    size = int(2 ** (np.floor(2 * np.log2(least_face)) / 2))
    return [
        [
            Face(
                _box(*face.box),
                three_landmarks(face.points.astype(float)).astype(np.float32),
                face.score,
            )
            for face in found
            if face.score >= LEAST_SCORE
        ]
        for found in mtcnn.find_in_each(images, max(LEAST_FACE, size), by, known)
    ]


def found_face(found: mtcnn.Detection, corner: np.ndarray, size: tuple[int, int]) -> Face:
    """A face that was found in a part of an image, in pixels of the image.

    Args:
        found: in pixels of the part.
        corner: (2,) x, y of the part in the image.
        size: of the image, at whose edges the box is cut.
    """
    low = np.clip(found.box[:2] + corner, 0, size)
    high = np.clip(found.box[2:] + corner, 0, size)
    landmarks = three_landmarks(found.points.astype(float)) + corner
    return Face(_box(*low, *high), landmarks.astype(np.float32), found.score)


def three_landmarks(five: np.ndarray) -> np.ndarray:
    """Eye, eye, mouth centre of MTCNN's five points (eye, eye, nose, mouth corner, corner)."""
    return np.stack([five[0], five[1], (five[3] + five[4]) / 2])


def _move(face: Face, margin: int, factor: float, size: tuple[int, int]) -> Face:
    """A face of a padded, reduced image in the photograph of ``size``, its box cut at the edges."""
    x0, y0, x1, y1 = ((value - margin) * factor for value in face.box)
    width, height = size
    box = _box(max(0.0, x0), max(0.0, y0), min(width, x1), min(height, y1))
    return Face(box, (face.landmarks - margin) * factor, face.score)


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return float(x0), float(y0), float(x1), float(y1)
