import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from fer_core.datasets.cache.decode import fit
from fer_core.datasets.checks.duplicates import (
    NEAR_THRESHOLD,
    TEST_BLOCK,
    THUMBNAIL,
    copy_threshold,
    equal_groups,
    joined,
    near_groups,
    near_pairs,
)


def photograph(seed, side=48):
    """Soft random shapes: like a photograph, most of it stays in a thumbnail."""
    coarse = np.random.default_rng(seed).integers(40, 200, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def thumbnails(*images):
    return np.stack([fit(image, THUMBNAIL)[..., 0] for image in images])


def encoded(image):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=60)
    return Image.open(stream).convert("RGB")


def mirrored(image):
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def test_equal_images_are_grouped_in_the_order_they_stand():
    digests = np.array([[1] * 16, [2] * 16, [3] * 16, [2] * 16, [1] * 16, [2] * 16], np.uint8)
    assert equal_groups(digests) == [[0, 4], [1, 3, 5]]
    assert equal_groups(digests[:3]) == []
    assert equal_groups(digests[:0]) == []


@pytest.mark.parametrize(
    "alter",
    [
        encoded,
        mirrored,
        lambda image: ImageEnhance.Brightness(image).enhance(1.2),
        lambda image: ImageEnhance.Contrast(image).enhance(0.7),
        lambda image: image.resize((224, 224)),
        lambda image: image.resize((24, 24)),
        lambda image: image.convert("L").convert("RGB"),
        lambda image: encoded(mirrored(image).resize((100, 90))),
    ],
)
def test_an_altered_copy_is_found_among_other_images(alter):
    train = thumbnails(*map(photograph, range(20)))
    test = thumbnails(photograph(100), alter(photograph(7)), photograph(101))
    (pair,) = near_pairs(train, test, NEAR_THRESHOLD).pairs
    assert (pair.train, pair.test) == (7, 1)
    assert NEAR_THRESHOLD <= pair.similarity <= 1


def test_a_mirrored_copy_is_called_so():
    train = thumbnails(photograph(1), photograph(2))
    test = thumbnails(mirrored(photograph(2)), photograph(1))
    found = {pair.test: pair for pair in near_pairs(train, test, NEAR_THRESHOLD).pairs}
    assert (found[0].train, found[0].mirrored) == (1, True)
    assert (found[1].train, found[1].mirrored) == (0, False)


def test_a_test_image_gets_its_most_similar_training_image_and_the_best_come_first():
    original = photograph(3)
    train = thumbnails(ImageEnhance.Brightness(original).enhance(1.3), original)
    weak = ImageEnhance.Brightness(original).enhance(1.25)
    pairs = near_pairs(train, thumbnails(weak, original), 0.8).pairs
    assert [(pair.train, pair.test) for pair in pairs] == [(1, 1), (0, 0)]
    assert pairs[0].similarity > pairs[1].similarity


def test_flat_images_are_like_no_other():
    grey, noisy = np.full((16, 16), 90, np.uint8), np.full((16, 16), 90, np.uint8)
    noisy[0, 0] = 95
    flat = np.stack([grey, noisy])
    other = thumbnails(photograph(0))
    assert near_pairs(flat, flat, 0.5).pairs == []
    assert near_pairs(flat, other, 0.1).pairs == []
    places = near_pairs(np.concatenate([flat, other]), np.concatenate([flat, other]), 0.9).pairs
    assert [(pair.train, pair.test) for pair in places] == [(2, 2)]


def test_nothing_compared_with_nothing_is_nothing():
    none, some = np.empty((0, 16, 16), np.uint8), thumbnails(photograph(0))
    assert near_pairs(none, some, 0.5).pairs == near_pairs(some, none, 0.5).pairs == []


def test_positions_are_right_beyond_the_first_block(monkeypatch):
    monkeypatch.setattr("fer_core.datasets.checks.duplicates.TRAIN_BLOCK", 8)
    generator = np.random.default_rng(0)
    test = generator.integers(0, 256, (TEST_BLOCK + 5, 16, 16), dtype=np.uint8)
    train = generator.integers(0, 256, (20, 16, 16), dtype=np.uint8)
    train[19], train[2] = test[TEST_BLOCK + 3], test[1]
    pairs = near_pairs(train, test, 0.9).pairs
    assert sorted((pair.train, pair.test) for pair in pairs) == [(2, 1), (19, TEST_BLOCK + 3)]


def test_copies_within_a_set_are_grouped_however_many_blocks_they_are_apart(monkeypatch):
    monkeypatch.setattr("fer_core.datasets.checks.duplicates.TEST_BLOCK", 4)
    monkeypatch.setattr("fer_core.datasets.checks.duplicates.TRAIN_BLOCK", 5)
    images = [*map(photograph, range(12))]
    found = thumbnails(*images, encoded(images[3]), mirrored(images[3]), encoded(images[8]))
    assert near_groups(found, NEAR_THRESHOLD) == [[3, 12, 13], [8, 14]]
    assert near_groups(found[:12], NEAR_THRESHOLD) == []
    assert near_groups(found[:1], NEAR_THRESHOLD) == []


def test_groups_that_share_a_position_are_joined():
    assert joined([(4, 1), (2, 7), (1, 9), (5,)]) == [[1, 4, 9], [2, 7]]


def test_images_that_are_all_alike_are_no_copies_of_each_other():
    generator = np.random.default_rng(0)
    face = generator.integers(40, 216, (16, 16))
    train, test = (
        np.uint8(face + generator.normal(0, 8, (120, 16, 16))).clip(0, 255) for _ in range(2)
    )
    test[5] = train[70]
    assert len(near_pairs(train, test, NEAR_THRESHOLD).pairs) == 120
    found = near_pairs(train, test, None)
    assert [(pair.train, pair.test) for pair in found.pairs] == [(70, 5)]
    assert NEAR_THRESHOLD < found.threshold < 1
    assert near_groups(np.concatenate([train, test])) == [[70, 125]]


def test_the_threshold_is_that_of_ferplus_where_images_are_no_more_alike():
    assert copy_threshold(np.full(200, 0.791)) == pytest.approx(NEAR_THRESHOLD, abs=1e-3)
    assert copy_threshold(np.full(200, 0.5)) == NEAR_THRESHOLD
    assert copy_threshold(np.full(20, 0.99)) == NEAR_THRESHOLD  # too few to say so
