from itertools import pairwise

import pytest

from fer_core.faces.scales import (
    DETECTION_SIDE,
    LEAST_FACE,
    LEAST_SIDE,
    SMALLEST,
    overlap,
    searches,
)

SIZES = [
    (4000, 3000),
    (3000, 4000),
    (1280, 960),
    (640, 480),
    (120, 120),
    (20000, 300),
    (8000, 6000),
]


@pytest.mark.parametrize("size", SIZES)
def test_every_search_covers_the_photograph_with_parts_that_overlap(size):
    for search in searches(size, thorough=True):
        assert min(part[0] for part in search.parts) == min(part[1] for part in search.parts) == 0
        assert max(part[2] for part in search.parts) == size[0]
        assert max(part[3] for part in search.parts) == size[1]
        for axis in (0, 1):
            spans = sorted({(part[axis], part[axis + 2]) for part in search.parts})
            for (_, end), (start, _) in pairwise(spans):
                assert end - start >= SMALLEST * 2


@pytest.mark.parametrize("size", SIZES)
def test_searches_go_from_coarse_to_fine(size):
    limits = [search.least * search.reduction for search in searches(size, thorough=True)]
    assert limits == sorted(limits, reverse=True)
    coarser = [search.coarser for search in searches(size, thorough=True)]
    assert coarser == [0.0, *limits[:-1]]


@pytest.mark.parametrize("size", [(4000, 3000), (1280, 960), (20000, 300), (3000, 4000)])
def test_faces_down_to_32_pixels_of_the_photograph_are_looked_for(size):
    *_, last = searches(size, thorough=True)
    assert last.least * last.reduction <= SMALLEST


def test_of_a_huge_photograph_the_time_is_bounded_and_not_the_size_of_faces():
    *_, last = searches((20000, 15000), thorough=True)
    assert 20000 * 15000 / last.reduction**2 <= 12.1e6


def test_frames_of_a_video_are_searched_twice_at_most():
    for size in SIZES:
        assert len([*searches(size, thorough=False)]) <= 2


def test_a_long_strip_is_searched_in_parts_at_its_own_scale():
    first, *_ = searches((20000, 300), thorough=False)
    assert first.reduction == 1
    assert len(first.parts) > 10


def test_a_photograph_that_is_too_small_is_not_searched():
    assert [*searches((LEAST_SIDE - 1, 100), thorough=True)] == []
    assert [*searches((LEAST_SIDE, LEAST_SIDE), thorough=True)]


def test_a_photograph_is_reduced_for_large_faces():
    first, *_ = searches((4000, 3000), thorough=True)
    assert first.reduction == 4000 / DETECTION_SIDE
    assert first.least > LEAST_FACE


def test_the_overlap_is_a_share_of_the_smaller_box():
    assert overlap((0, 0, 10, 10), (0, 0, 5, 5)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(0.5)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
