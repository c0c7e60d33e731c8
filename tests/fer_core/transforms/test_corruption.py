from io import BytesIO
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from fer_core.config.training import CorruptionKind
from fer_core.transforms.corruption import CORRUPTIONS, corrupt, corrupt_batch_

TRAINED = get_args(CorruptionKind)


@pytest.fixture(scope="module")
def face():
    ramp = torch.linspace(0.2, 0.8, 48)
    stripes = (torch.arange(48) // 3 % 2) * 0.2
    return (ramp[:, None] + stripes[None, :])[None].clamp(0, 1)


def row(kind=-1, severity=0.0, second=-1, second_severity=0.0, share=1.0, seed=7):
    return [kind, severity, second, second_severity, share, seed]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_stronger_corruption_changes_more(face, kind):
    changes = [
        float((corrupt(face, kind, level, seed=0) - face).abs().mean())
        for level in CORRUPTIONS[kind].levels
    ]
    assert changes[0] > 0
    assert changes[-1] > changes[0]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corrupted_image_stays_an_image_and_the_original_stays_as_it_is(face, kind):
    before = face.clone()
    corrupted = corrupt(face, kind, CORRUPTIONS[kind].levels[-1], seed=0)
    assert corrupted.shape == face.shape
    assert 0 <= float(corrupted.min()) <= float(corrupted.max()) <= 1
    assert torch.equal(face, before)


def test_noise_has_the_standard_deviation_asked_for_and_follows_the_seed():
    grey = torch.full((1, 64, 64), 0.5)
    noisy = corrupt(grey, "noise", 10, seed=1)
    assert float(noisy.std() * 255) == pytest.approx(10, rel=0.05)
    assert torch.equal(noisy, corrupt(grey, "noise", 10, seed=1))
    assert not torch.equal(noisy, corrupt(grey, "noise", 10, seed=2))


def test_light_is_a_factor_that_saturates():
    grey = torch.full((1, 8, 8), 0.6)
    assert float(corrupt(grey, "brighter", 1.5, 0).mean()) == pytest.approx(0.9)
    assert float(corrupt(grey, "brighter", 2.0, 0).max()) == 1.0


def test_a_face_moves_to_where_it_is_told():
    point = torch.zeros(1, 40, 40)
    point[0, 19:21, 19:21] = 1.0
    moved = corrupt(point, "shift", 0.2, 0)[0]
    rows, columns = np.nonzero(moved.numpy() > 0.5)
    assert (rows.mean(), columns.mean()) == pytest.approx((27.5, 27.5), abs=0.6)


def test_hiding_a_place_leaves_the_rest(face):
    hidden = corrupt(face, "half hidden", 1, 0)
    assert torch.equal(hidden[:, :24], face[:, :24])
    assert float(hidden[:, 24:].max() - hidden[:, 24:].min()) == 0


def test_training_draws_exactly_the_kinds_that_a_camera_makes():
    assert {kind for kind, one in CORRUPTIONS.items() if one.training} == set(TRAINED)


def test_images_that_are_not_chosen_stay_as_they_are(face):
    images = face.repeat(3, 1, 1, 1)
    rows = torch.tensor([row(), row(kind=1, severity=0.9), row()], dtype=torch.float64)
    corrupt_batch_(images, rows, TRAINED)
    assert torch.equal(images[0], face)
    assert torch.equal(images[2], face)
    assert not torch.allclose(images[1], face, atol=0.02)


def test_a_corruption_is_made_at_the_resolution_of_the_camera(face):
    whole, half = face[None].clone(), face[None].clone()
    corrupt_batch_(whole, torch.tensor([row(kind=0, severity=0.9)]), TRAINED)
    corrupt_batch_(half, torch.tensor([row(kind=0, severity=0.9, share=0.5)]), TRAINED)

    def roughness(images):  # noise of a coarser camera has no detail of one pixel
        return float((images[..., 1:] - images[..., :-1]).abs().mean())

    assert roughness(half) < roughness(whole)


def test_an_image_depends_on_its_own_row_alone(face):
    rows = torch.tensor([row(kind=0, severity=0.5, seed=3), row(kind=0, severity=0.5, seed=4)])
    both = corrupt_batch_(face.repeat(2, 1, 1, 1), rows, TRAINED)
    alone = corrupt_batch_(face[None].clone(), rows[1:], TRAINED)
    assert torch.equal(both[1:], alone)


@pytest.mark.parametrize("channels", [1, 3])
def test_blur_and_jpeg_are_those_of_pillow(face, channels):
    image = torch.cat([face, face.flip(2), 1 - face])[:channels]
    array = image.mul(255).round().byte().permute(1, 2, 0).squeeze(2).numpy()
    blurred = np.array(Image.fromarray(array).filter(ImageFilter.GaussianBlur(2)))
    file = BytesIO()
    Image.fromarray(array).save(file, "JPEG", quality=20)
    for kind, strength, expected in (
        ("blur", 2, blurred),
        ("jpeg", 20, np.array(Image.open(file))),
    ):
        corrupted = corrupt(image, kind, strength, seed=0).permute(1, 2, 0).squeeze(2)
        assert corrupted.numpy() * 255 == pytest.approx(expected, abs=1e-3)


def test_resolution_is_lost_and_regained_as_pillow_resizes(face):
    array = face[0].mul(255).round().byte().numpy()
    small = Image.fromarray(array).resize((24, 24), Image.Resampling.BICUBIC)
    expected = np.array(small.resize((48, 48), Image.Resampling.BICUBIC))
    corrupted = corrupt(torch.from_numpy(array)[None] / 255, "resolution", 0.5, seed=0)[0]
    assert corrupted.numpy() * 255 == pytest.approx(expected, abs=2)  # it rounds to eight bits
