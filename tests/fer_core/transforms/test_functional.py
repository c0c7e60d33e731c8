import numpy as np
import pytest
import torch

from fer_core.config import RunConfig
from fer_core.transforms.functional import (
    augment,
    erase_,
    mirror,
    mix_labels,
    mix_pairs_,
    normalise,
    region_masks,
    to_tensor,
)
from fer_core.transforms.sampling import draw_epoch, draw_erased_regions

MEAN = torch.tensor([0.5, 0.4, 0.3])[:, None, None]
STD = torch.tensor([0.2, 0.25, 0.3])[:, None, None]
PLAIN = {"flip_probability": 0.0, "erase_probability": 0.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_images(count=6, side=32):
    return torch.randint(0, 256, (count, 3, side, side), generator=generator(), dtype=torch.uint8)


def smooth_images(side=64):
    """A bright spot right of and below the centre, wide enough to be resampled well."""
    rows, columns = np.mgrid[:side, :side]
    spot = np.exp(-((columns - 0.6 * side) ** 2 + (rows - 0.55 * side) ** 2) / (0.05 * side) ** 2)
    return torch.from_numpy((255 * spot).astype(np.uint8)).expand(8, 3, side, side).clone()


def centroids(images):
    """(B, 2) centre (x, y) of the brightness as shares of the side; images (B, C, H, W)."""
    weights = images.mean(1)
    places = (torch.arange(images.shape[-1]) + 0.5) / images.shape[-1]
    total = weights.sum((1, 2))
    x = (weights * places).sum((1, 2)) / total
    y = (weights * places[:, None]).sum((1, 2)) / total
    return torch.stack([x, y], 1)


def draws(images, config, seed=0):
    labels = torch.zeros(len(images), dtype=torch.long)
    return draw_epoch(config, labels, *images.shape[-2:], generator(seed))


def raw(images, config, seed=0):
    """Augmented images with pixels in [0, 1]."""
    drawn = draws(images, config, seed)
    return augment(images, drawn, torch.zeros(3, 1, 1), torch.ones(3, 1, 1))


def test_convention_images_are_rgb_rows_from_the_top():
    images = np.zeros((1, 4, 5, 3), np.uint8)
    images[0, 1, 2] = (10, 20, 30)
    tensor = to_tensor(images)
    assert tensor.shape == (1, 3, 4, 5)
    assert tensor[0, :, 1, 2].tolist() == [10, 20, 30]


def test_to_tensor_shares_memory():
    images = np.zeros((1, 4, 4, 3), np.uint8)
    tensor = to_tensor(images)
    images[0, 3, 3, 0] = 9
    assert tensor[0, 0, 3, 3] == 9


def test_normalised_pixels_have_the_mean_taken_off_and_are_divided_by_the_deviation():
    images = random_images()
    expected = (images.numpy() / 255 - MEAN.numpy()) / STD.numpy()
    assert np.allclose(normalise(images, MEAN, STD).numpy(), expected, atol=1e-5)


def test_mirroring_twice_changes_nothing_and_once_swaps_left_and_right():
    images = random_images()
    assert torch.equal(mirror(mirror(images)), images)
    assert torch.equal(mirror(images)[..., 0], images[..., -1])
    assert torch.equal(mirror(images)[..., 0, :].flip(-1), images[..., 0, :])


def test_with_everything_off_augmentation_only_normalises():
    images = random_images()
    result = augment(images, draws(images, RunConfig(**PLAIN)), MEAN, STD)
    assert torch.allclose(result, normalise(images, MEAN, STD), atol=1e-6)


def test_certain_flips_mirror_every_image():
    images = random_images()
    result = augment(images, draws(images, RunConfig(flip_probability=1.0)), MEAN, STD)
    assert torch.allclose(result, mirror(normalise(images, MEAN, STD)), atol=1e-6)


def test_an_even_chance_flips_about_half_of_the_images_and_each_one_whole():
    images = random_images(200, 8)
    result = raw(images, RunConfig(flip_probability=0.5))
    plain = images.float() / 255
    kept = (result == plain).flatten(1).all(1)
    flipped = (result == mirror(plain)).flatten(1).all(1)
    assert (kept ^ flipped).all()
    assert 60 < flipped.sum() < 140


def test_flips_are_the_same_with_and_without_geometry():
    images = smooth_images()
    plain = raw(images, RunConfig(flip_probability=0.5))
    turned = raw(images, RunConfig(flip_probability=0.5, rotation=1e-4))
    assert (plain - turned).abs().max() < 0.01
    assert not torch.equal(plain, images.float() / 255)


def test_rotation_keeps_the_distance_from_the_centre_and_stays_within_its_angle():
    images = smooth_images()
    before = (centroids(images.float()) - 0.5)[0]
    after = centroids(raw(images, RunConfig(rotation=30.0, **PLAIN))) - 0.5
    assert torch.allclose(after.norm(dim=1), before.norm().expand(8), atol=0.01)
    angles = torch.rad2deg(
        torch.atan2(after[:, 1], after[:, 0]) - torch.atan2(before[1], before[0])
    )
    assert angles.abs().max() < 31
    assert angles.min() < -2
    assert angles.max() > 2


def test_shift_moves_the_image_by_at_most_its_share():
    images = smooth_images()
    moved = centroids(raw(images, RunConfig(shift=0.2, **PLAIN))) - centroids(images.float())
    assert moved.abs().max() < 0.205
    assert moved.abs().max() > 0.1


def test_zoom_scales_the_distance_from_the_centre_by_at_most_its_factor():
    images = smooth_images()
    before = (centroids(images.float()) - 0.5).norm(dim=1)
    after = (centroids(raw(images, RunConfig(zoom=0.3, **PLAIN))) - 0.5).norm(dim=1)
    factor = after / before
    assert factor.min() > 0.69
    assert factor.max() < 1.31
    assert factor.max() - factor.min() > 0.2


def test_jitter_keeps_pixels_in_range_and_changes_light():
    images = random_images()
    result = raw(images, RunConfig(jitter=0.5, **PLAIN))
    assert result.min() >= 0
    assert result.max() <= 1
    change = (result.mean((1, 2, 3)) - images.float().mean((1, 2, 3)) / 255).abs()
    assert change.max() > 0.05


def test_jitter_of_a_flat_image_is_brightness_alone():
    images = torch.full((20, 3, 8, 8), 100, dtype=torch.uint8)
    factors = raw(images, RunConfig(jitter=0.2, **PLAIN)) / (100 / 255)
    assert torch.allclose(factors.amin((1, 2, 3)), factors.amax((1, 2, 3)), atol=1e-5)
    assert factors.min() > 0.799
    assert factors.max() < 1.201


def test_the_same_seed_augments_alike_and_another_does_not():
    images = random_images()
    config = RunConfig(rotation=10, zoom=0.1, shift=0.1, jitter=0.2)
    assert torch.equal(raw(images, config, 1), raw(images, config, 1))
    assert not torch.equal(raw(images, config, 1), raw(images, config, 2))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_erased_pixels_are_zero_and_all_others_stay(layout):
    images = (torch.rand(4, 3, 16, 16) + 1).contiguous(memory_format=layout)
    before = images.clone()
    regions = draw_erased_regions(4, 16, 16, RunConfig(erase_probability=1.0), generator())
    erased = erase_(images, regions)
    inside = region_masks(regions, 16, 16).expand_as(images)
    assert erased is images
    assert inside.any()
    assert (erased[inside] == 0).all()
    assert torch.equal(erased[~inside], before[~inside])


@pytest.mark.parametrize("options", [{}, {"rotation": 5.0}])
def test_augmented_images_keep_their_channels_last_in_memory(options):
    images = to_tensor(np.zeros((2, 16, 16, 3), np.uint8))
    result = raw(images, RunConfig(**options))
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert mirror(result).is_contiguous(memory_format=torch.channels_last)


def test_the_quick_way_without_geometry_gives_the_very_same_numbers():
    images = random_images(20)
    drawn = draws(images, RunConfig(flip_probability=0.5))
    quick = augment(images, drawn, MEAN, STD)
    flips = drawn.flips[:, None, None, None]
    plain = normalise(torch.where(flips, mirror(images), images), MEAN, STD)
    assert torch.equal(quick, plain)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_batches_keep_their_shape(channels):
    images = torch.zeros(2, channels, 32, 32, dtype=torch.uint8)
    mean, std = MEAN[:channels], STD[:channels]
    config = RunConfig(rotation=10, zoom=0.1, shift=0.1, jitter=0.2)
    assert augment(images, draws(images, config), mean, std).shape == images.shape


def test_mixing_takes_each_neighbour_in_by_the_rest_of_the_share():
    values = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    mixed = mix_pairs_(values.clone(), torch.tensor([0.75, 0.5, 0.9]))
    expected = [[1.25, 12.5], [1.5, 15.0], [3.0, 30.0]]  # the last one has no neighbour
    assert mixed.tolist() == expected


def test_mixed_images_and_mixed_labels_have_the_same_shares():
    images = torch.arange(4.0)[:, None, None, None].expand(4, 3, 2, 2).clone()
    shares = torch.tensor([0.9, 0.6, 0.5, 1.0])
    labels = mix_labels(torch.arange(4), shares, 4)
    assert torch.allclose(labels.sum(1), torch.ones(4))
    mixed = mix_pairs_(images, shares)
    assert torch.allclose(mixed[:, 0, 0, 0], labels @ torch.arange(4.0))


def test_shares_of_votes_are_mixed_as_labels_are_and_stay_as_they_were():
    votes = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    mixed = mix_labels(votes, torch.tensor([0.5, 1.0]), 2)
    assert mixed.tolist() == [[0.25, 0.75], [0.0, 1.0]]
    assert votes.tolist() == [[0.5, 0.5], [0.0, 1.0]]


def test_mixup_of_a_run_mixes_what_augmentation_gives():
    images = random_images()
    config = RunConfig(mixup=1.0, flip_probability=0.5)
    drawn = draws(images, config)
    alone = augment(images, drawn._replace(shares=None), MEAN, STD)
    mixed = augment(images, drawn, MEAN, STD)
    share = drawn.shares[:, None, None, None]
    assert torch.allclose(mixed, share * alone + (1 - share) * alone[[1, 0, 3, 2, 5, 4]], atol=1e-5)
