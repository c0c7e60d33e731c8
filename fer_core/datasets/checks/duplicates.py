"""Images that occur twice in a data set: equal pixel by pixel, or altered copies."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from fer_core.datasets.base import Decoding

THUMBNAIL = Decoding(size=16, channels=1)  # what near-duplicates are compared by
# Looked at by eye, FERPlus val against train: of the pairs from 0.95 to 0.96 all 35 are
# two versions of one photograph, from 0.94 to 0.95 27 of 33, from 0.92 to 0.94 about half.
NEAR_THRESHOLD = 0.95
# In sets whose images are all alike (one studio, one person, drawn faces) the nearest image is no
# copy yet. The default leaves so much of the distance from the median nearest image to a copy; on
# FERPlus, whose median is 0.791, that is the threshold above.
COPY_SHARE = 0.24
FEWEST = 100  # images that a median says something of
FLAT = 2.0  # grey levels of standard deviation; below, a thumbnail is mostly rounding
TEST_BLOCK, TRAIN_BLOCK = 512, 16384  # images a matrix product: 64 MB of similarities


class NearPair(NamedTuple):
    """A test image and the training image that is most like it.

    Attributes:
        train: position in train.
        test: position in test.
        similarity: correlation of the thumbnails' grey values, up to 1.
        mirrored: whether the test image had to be mirrored for it.
    """

    train: int
    test: int
    similarity: float
    mirrored: bool


class NearPairs(NamedTuple):
    """What was found.

    Attributes:
        threshold: least similarity of a pair.
        pairs: at most one for each test image, the most similar first.
    """

    threshold: float
    pairs: list[NearPair]


def equal_groups(digests: np.ndarray) -> list[list[int]]:
    """Positions of equal images, a list for each image that occurs more than once.

    Args:
        digests: (N, 16) uint8, equal for images that are equal pixel by pixel.
    """
    places: dict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(digests):
        places[digest.tobytes()].append(index)
    return [group for group in places.values() if len(group) > 1]


def near_pairs(
    train: np.ndarray, test: np.ndarray, threshold: float | None, *, progress: bool = False
) -> NearPairs:
    """Evaluation images that are a training image encoded, scaled, lit or mirrored differently.

    Each test image is compared with all of train, and once more mirrored; correlation does not
    see brightness and contrast. Flat images are like everything and excluded.

    Args:
        train: (N, S, S) uint8 grey thumbnails.
        test: (M, S, S) uint8 grey thumbnails.
        threshold: least similarity, in (0, 1]; None: by how alike the images of the set are.
        progress: show a bar.
    """
    places, known = _directions(train)
    pairs: list[NearPair] = []
    for start in tqdm(range(0, len(test), TEST_BLOCK), "comparing", disable=not progress):
        part = test[start : start + TEST_BLOCK]
        asked_places, asked = _directions(part)
        mirrored = asked.reshape(-1, *part.shape[1:])[:, :, ::-1].reshape(asked.shape)
        straight_best, straight = _most_similar(asked, known)
        turned_best, turned = _most_similar(mirrored, known)
        for row in range(len(asked) if len(known) else 0):
            turn = bool(turned[row] > straight[row])
            best, value = (turned_best, turned) if turn else (straight_best, straight)
            at = int(places[best[row]]), int(start + asked_places[row])
            pairs.append(NearPair(*at, min(1.0, float(value[row])), turn))
    if threshold is None:
        threshold = copy_threshold(np.array([pair.similarity for pair in pairs]))
    near = [pair for pair in pairs if pair.similarity >= threshold]
    return NearPairs(threshold, sorted(near, key=lambda pair: -pair.similarity))


def copy_threshold(similarities: np.ndarray) -> float:
    """The similarity from which images of a set count as copies, `NEAR_THRESHOLD` or more.

    Args:
        similarities: (M,) of each image to the image that is most like it.
    """
    if len(similarities) < FEWEST:
        return NEAR_THRESHOLD
    return max(NEAR_THRESHOLD, 1 - COPY_SHARE * (1 - float(np.median(similarities))))


def near_groups(thumbnails: np.ndarray, threshold: float | None = None) -> list[list[int]]:
    """Images of one set that are copies of each other, as `near_pairs` finds them between two.

    Every image is joined to the image that is most like it, straight and mirrored, when that is
    like enough.

    Args:
        thumbnails: (N, S, S) uint8 grey thumbnails.
        threshold: least similarity, in (0, 1]; None: by how alike the images are.

    Returns:
        Positions of the images of each group, at least two.
    """
    places, known = _directions(thumbnails)
    nearest = np.zeros((2, len(known)), np.int64)
    similarities = np.full((2, len(known)), -1, np.float32)  # straight, mirrored
    for start in range(0, len(known), TEST_BLOCK):
        asked = known[start : start + TEST_BLOCK]
        own = np.arange(start, start + len(asked))
        mirrored = asked.reshape(-1, *thumbnails.shape[1:])[:, :, ::-1].reshape(asked.shape)
        for view, shown in enumerate((asked, mirrored)):
            nearest[view, own], similarities[view, own] = _most_similar(shown, known, own)
    if threshold is None:
        threshold = copy_threshold(similarities.max(0))
    like = similarities >= threshold
    asked_rows = np.broadcast_to(np.arange(len(known)), like.shape)[like]
    return joined(zip(places[asked_rows].tolist(), places[nearest[like]].tolist(), strict=True))


def joined(groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """The groups of positions, those that share one joined, each in ascending order."""
    parent: dict[int, int] = {}

    def root(place: int) -> int:
        while parent.setdefault(place, place) != place:
            parent[place] = place = parent[parent[place]]
        return place

    for first, *others in groups:
        for other in others:
            parent[root(other)] = root(first)
    members: dict[int, list[int]] = defaultdict(list)
    for place in sorted(parent):
        members[root(place)].append(place)
    return [group for group in members.values() if len(group) > 1]


def _directions(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the n thumbnails that are not flat, and their (n, S * S) float32 unit vectors."""
    vectors = thumbnails.reshape(len(thumbnails), math.prod(thumbnails.shape[1:])).astype(
        np.float32
    )
    vectors -= vectors.mean(1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1)
    places = np.flatnonzero(lengths >= FLAT * np.sqrt(vectors.shape[1]))
    return places, vectors[places] / lengths[places, None]


def _most_similar(
    asked: np.ndarray, known: np.ndarray, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """For each of the (m, D) asked: row of the most similar (n, D) known one, and similarity.

    The (m,) rows ``own`` are the asked themselves, which do not count.
    """
    best, similarity = np.zeros(len(asked), np.int64), np.full(len(asked), -1, np.float32)
    for first in range(0, len(known), TRAIN_BLOCK):
        products = asked @ known[first : first + TRAIN_BLOCK].T  # (m, block)
        if own is not None:
            inside = np.flatnonzero((own >= first) & (own < first + products.shape[1]))
            products[inside, own[inside] - first] = -1
        rows = products.argmax(1)
        values = products[np.arange(len(asked)), rows]
        better = values > similarity
        best[better], similarity[better] = first + rows[better], values[better]
    return best, similarity
