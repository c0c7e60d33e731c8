from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_core.config import RunConfig
from fer_core.transforms.functional import region_masks
from fer_core.transforms.sampling import draw_corruptions, draw_epoch, draw_erased_regions

ALL = RunConfig(
    flip_probability=0.5,
    pixel_noise=30.0,
    rotation=10,
    zoom=0.1,
    shift=0.1,
    jitter=0.2,
    mixup=0.4,
    corruption=0.5,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(config=ALL, labels=None, seed=0):
    labels = torch.zeros(40, dtype=torch.long) if labels is None else labels
    return draw_epoch(config, labels, 32, 32, generator(seed))


def test_the_same_seed_draws_alike_and_another_does_not():
    for one, same, other in zip(drawn(), drawn(), drawn(seed=1), strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, other)


def test_what_is_switched_off_is_not_drawn():
    nothing = drawn(RunConfig())
    off = (nothing.matrices, nothing.light, nothing.shares, nothing.noisy, nothing.corruptions)
    assert off == (None, None, None, None, None)


def test_every_image_is_drawn_once():
    assert sorted(drawn().order.tolist()) == list(range(40))


def test_rows_are_those_of_the_whole_epoch():
    whole = drawn()
    for column, part in zip(whole, whole.rows(8, 20), strict=True):
        assert torch.equal(column[8:20], part)
    assert drawn(RunConfig()).rows(0, 3).light is None


def test_the_second_hole_is_another_one_and_no_other_draw_depends_on_the_method():
    certain = drawn(replace(ALL, erase_probability=1.0))
    assert (certain.regions != certain.other_regions).any(1).float().mean() > 0.9
    plain = drawn(replace(ALL, method="cross_entropy"))
    assert all(torch.equal(one, other) for one, other in zip(drawn(), plain, strict=True))


@pytest.mark.parametrize("soft", [False, True])
def test_balanced_sampling_draws_every_class_equally_often(soft):
    labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    targets = torch.eye(3)[labels] if soft else labels
    config = RunConfig(balance="sampling")
    order = torch.cat([drawn(config, targets, seed).order for seed in range(5)])
    shares = torch.bincount(labels[order], minlength=3) / len(order)
    assert torch.allclose(shares, torch.full((3,), 1 / 3), atol=0.03)
    assert len(drawn(config, targets).order) == 1000


@given(st.floats(0.05, 5), st.integers(0, 1000))
@pytest.mark.slow
def test_an_image_leads_its_own_mixture(alpha, seed):
    shares = drawn(RunConfig(mixup=alpha), seed=seed).shares
    assert shares.min() >= 0.5
    assert shares.max() <= 1


def test_mixing_shares_have_the_spread_of_their_beta_distribution():
    labels = torch.zeros(20000, dtype=torch.long)
    shares = drawn(RunConfig(mixup=1.0), labels).shares.numpy()
    # Beta(1, 1) is uniform, so is the larger of a share and its rest over [0.5, 1].
    assert np.quantile(shares, [0.25, 0.5, 0.75]) == pytest.approx([0.625, 0.75, 0.875], abs=0.01)


@given(st.integers(0, 2**31), st.integers(16, 64), st.floats(0.05, 0.2), st.floats(0.2, 0.4))
@pytest.mark.slow
def test_every_hole_is_one_rectangle_of_the_asked_area_and_aspect(seed, side, low, high):
    config = RunConfig(erase_probability=1.0, erase_scale=(low, high), erase_ratio=(0.5, 2.0))
    boxes = draw_erased_regions(4, side, side, config, generator(seed))
    assert boxes.shape == (4, 4)
    regions = region_masks(boxes, side, side)
    assert regions.shape == (4, 1, side, side)
    assert regions.dtype == torch.bool
    for region in regions[:, 0]:
        rows, columns = region.any(1), region.any(0)
        tall, wide = int(rows.sum()), int(columns.sum())
        assert torch.equal(region, rows[:, None] & columns[None])
        assert rows.nonzero().max() - rows.nonzero().min() == tall - 1
        assert columns.nonzero().max() - columns.nonzero().min() == wide - 1
        # Both sides are rounded to whole pixels.
        assert (tall - 0.5) * (wide - 0.5) <= high * side**2 + 1e-3
        assert (tall + 0.5) * (wide + 0.5) >= low * side**2 - 1e-3
        assert (tall - 0.5) / (wide + 0.5) <= 2.0
        assert (tall + 0.5) / (wide - 0.5) >= 0.5


def test_holes_reach_every_corner_of_the_image():
    boxes = draw_erased_regions(2000, 16, 16, RunConfig(erase_probability=1.0), generator())
    regions = region_masks(boxes, 16, 16).float().mean((0, 1))
    corners = torch.stack([regions[0, 0], regions[0, -1], regions[-1, 0], regions[-1, -1]])
    assert corners.min() > 0
    assert corners.max() < 3 * corners.min()


def test_without_erasing_there_are_no_holes():
    config = RunConfig(erase_probability=0.0)
    assert not draw_erased_regions(50, 32, 32, config, generator()).any()


def test_half_of_the_images_get_a_hole_at_an_even_chance():
    regions = draw_erased_regions(400, 32, 32, RunConfig(), generator())
    assert 150 < regions.any(1).sum() < 250


def test_a_hole_that_never_fits_leaves_the_image_whole():
    config = RunConfig(erase_probability=1.0, erase_scale=(0.9, 1.0), erase_ratio=(3.0, 3.3))
    assert not draw_erased_regions(20, 32, 32, config, generator()).any()


def test_half_of_the_corrupted_images_get_a_second_corruption():
    rows = draw_corruptions(4000, 6, 0.4, generator())
    first, second = rows[:, 0] >= 0, rows[:, 2] >= 0
    assert float(first.float().mean()) == pytest.approx(0.4, abs=0.03)
    assert float(second.float().mean()) == pytest.approx(0.2, abs=0.03)
    assert not (second & ~first).any()
    assert set(rows[first, 0].tolist()) == set(range(6))


def test_a_kind_that_is_named_twice_is_drawn_twice_as_often():
    named = ("jpeg", "noise", "jpeg")
    rows = drawn(replace(ALL, corruption=1.0, corruption_kinds=named)).corruptions
    first = [named[int(at)] for at in rows[:, 0]]
    assert first.count("jpeg") / len(first) == pytest.approx(2 / 3, abs=0.1)


def test_corruption_changes_no_other_draw():
    without = drawn(replace(ALL, corruption=0.0))
    for name in set(without._fields) - {"corruptions"}:
        assert torch.equal(getattr(drawn(), name), getattr(without, name))
