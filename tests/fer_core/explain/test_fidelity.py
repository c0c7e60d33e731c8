"""Networks whose answer is known: one sees parts of the image, one the whole alone."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import nn

from fer_core.explain.fidelity import (
    ORDERS,
    fixed_share,
    fixed_shares,
    measure_fidelity,
    pearson,
    spearman,
    with_random_weights,
)
from fer_core.explain.occlusion import occlusion_map
from fer_core.models.attention_model import AttentionModel, Output

SIDE = 32


class Toy(nn.Module):
    """Features of patches of 8 pixels; ``places`` False spreads their mean over the whole map."""

    def __init__(self, places):
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(1, 6, 8, 8, bias=False)
        self.classifier = nn.Linear(6, 3)
        self.places = places

    def features(self, images):
        found = self.patches(images).tanh()
        if self.places:
            return found
        return (2 + found.mean((2, 3), keepdim=True)).expand_as(found) * GAIN

    def attend(self, features):
        maps = F.conv2d(features, self.classifier.weight[:, :, None, None])
        return Output(maps.mean((2, 3)) + self.classifier.bias, maps)

    def forward(self, images):
        return self.attend(self.features(images))


# The same everywhere would be flat; a fixed pattern is what such maps look like.
GAIN = torch.linspace(0.5, 1.5, 16).view(1, 1, 4, 4)


@pytest.fixture
def images():
    return torch.randn(12, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def test_maps_that_know_places_are_local_and_agree_with_occlusion(images):
    found = measure_fidelity(Toy(places=True).eval(), images)
    assert found.locality == pytest.approx(np.ones(12), abs=1e-5)
    assert found.occlusion == pytest.approx(np.ones(12), abs=1e-6)
    assert found.completeness.max() < 1e-6


@pytest.mark.slow
def test_maps_that_know_no_places_are_at_chance_and_one_fixed_pattern(images):
    found = measure_fidelity(Toy(places=False).eval(), images)
    assert found.completeness.max() < 1e-6  # they add up all the same
    assert found.locality.mean() == pytest.approx(0.25, abs=0.02)
    assert abs(found.occlusion.mean()) < 0.4
    local = measure_fidelity(Toy(places=True).eval(), images)
    shares, of_local = (fixed_shares(one.maps, one.predicted) for one in (found, local))
    assert min(shares.values()) > max(of_local.values())


def test_the_order_of_a_local_map_deletes_and_inserts_better_than_chance(images):
    found = measure_fidelity(Toy(places=True).eval(), images)
    assert set(found.deletion) == set(found.insertion) == set(ORDERS)
    assert found.deletion["map"].mean() < found.deletion["random"].mean()
    assert found.insertion["map"].mean() > found.insertion["random"].mean()
    for areas in (*found.deletion.values(), *found.insertion.values()):
        assert ((areas >= 0) & (areas <= 1)).all()


def test_grad_cam_of_a_linear_head_is_the_positive_part_of_the_map():
    torch.manual_seed(0)
    model = AttentionModel("test_resnet", 4, image_size=64).eval()
    images = torch.randn(3, 3, 64, 64)
    from fer_core.explain import fidelity

    output = model(images)
    predicted = output.logits.argmax(1)
    expected = output.maps[torch.arange(3), predicted].relu()
    found = fidelity._grad_cam(model, images, predicted)
    points = expected.shape[1] * expected.shape[2]  # the gradient of a mean over the points
    assert torch.allclose(found * points, expected, atol=1e-5)


def test_the_occlusion_map_is_the_drop_of_the_logit_by_hand(images):
    model = Toy(places=True).eval()
    found = occlusion_map(model, images[0], 2, patches=4)
    for row in range(4):
        for column in range(4):
            hidden = images[0].clone()
            hidden[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 0
            drop = model(images[:1]).logits[0, 2] - model(hidden[None]).logits[0, 2]
            assert found[row, column].item() == pytest.approx(drop.item(), abs=1e-6)


@pytest.mark.slow
def test_random_weights_give_another_model_and_leave_the_first_and_the_generator_alone():
    model = AttentionModel("test_resnet", 4, image_size=64).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    other, again = with_random_weights(model, 3), with_random_weights(model, 3)
    assert torch.equal(torch.random.get_rng_state(), state)
    images = torch.randn(2, 3, 64, 64)
    assert not torch.allclose(other(images).logits, model(images).logits)
    assert torch.equal(other(images).logits, again(images).logits)
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())


def test_correlations_are_scipys_and_a_flat_row_has_none():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 4, 9, generator=generator)
    one[0] = 1.0
    found = spearman(one, other)
    assert np.isnan(found[0])
    for row in range(1, 4):
        assert found[row] == pytest.approx(spearmanr(one[row], other[row]).statistic)
    assert pearson(other, 2 * other + 1) == pytest.approx(np.ones(4))


def test_the_share_of_all_maps_is_that_of_the_classes_weighted_by_their_images():
    maps = np.random.default_rng(0).normal(size=(6, 2, 2))
    predicted = np.array([0, 0, 0, 1, 1, 2])
    shares = fixed_shares(maps, predicted)
    assert fixed_share(maps, predicted) == pytest.approx((3 * shares[0] + 2 * shares[1]) / 5)
    assert np.isnan(fixed_share(maps[:1], predicted[:1]))


def test_the_fixed_share_is_the_variance_that_the_mean_map_explains():
    pattern = np.array([[1.0, -1.0], [2.0, -2.0]])
    noise = np.array([[1.0, 1.0], [-1.0, -1.0]])
    maps = np.stack([pattern + noise, pattern - noise, pattern])
    shares = fixed_shares(maps, np.array([0, 0, 1]))
    assert shares == {0: pytest.approx(10 / 14)}  # a single image has no share


def test_no_images_are_refused():
    model = AttentionModel("test_resnet", 4, image_size=64).eval()
    with pytest.raises(ValueError, match="got none"):
        measure_fidelity(model, torch.zeros(0, 3, 32, 32))
