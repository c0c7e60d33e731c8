"""The loss against a numpy transcription of Zhang et al., ECCV 2022 (arXiv 2207.10299)."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fer_core.config import from_json
from fer_core.config.methods.eac import EACOptions
from fer_core.methods.eac import (
    centred_consistency_loss,
    consistency_loss,
    consistency_outside,
    consistency_weight,
)
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import region_masks


def numpy_views(batch, config):
    """I and I' by hand: an erased image and its mirrored counterpart."""
    images = batch.images.numpy()
    own, others = (
        region_masks(regions, 64, 64).numpy() for regions in (batch.regions, batch.other_regions)
    )
    original = np.where(own, 0, images)
    if config.options.erased_region == "same":
        return original, original[:, :, :, ::-1].copy()
    return original, np.where(others, 0, images[:, :, :, ::-1])


def numpy_losses(features, flipped_features, weight, bias, labels):
    """L_cls and L_c as the paper prints them, in double precision."""
    count, _, height, width = features.shape
    classes = len(weight)
    maps = np.zeros((count, classes, height, width))
    flipped_maps = np.zeros_like(maps)
    for n in range(count):
        for j in range(classes):
            maps[n, j] = sum(w * f for w, f in zip(weight[j], features[n], strict=True))
            flipped_maps[n, j] = sum(
                w * f for w, f in zip(weight[j], flipped_features[n], strict=True)
            )
    consistency = 0.0
    for row in range(height):
        for column in range(width):
            flipped = flipped_maps[:, :, row, width - 1 - column]
            consistency += ((maps[:, :, row, column] - flipped) ** 2).sum()
    consistency /= count * classes * height * width
    logits = features.mean((2, 3)) @ weight.T + bias
    logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return -logarithms[np.arange(count), labels].mean(), consistency


def as_double(tensor):
    return tensor.detach().numpy().astype(np.float64)


class MirrorSymmetric(nn.Module):
    """A model in double precision whose features move with the image: one 1x1 convolution."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 5, 1).double()
        self.classifier = nn.Linear(5, 7).double()

    def features(self, images):
        return torch.tanh(self.backbone(images.double()))

    def attend(self, features, *, detach_classifier=False):
        weight = self.classifier.weight.detach() if detach_classifier else self.classifier.weight
        maps = torch.einsum("jc,nchw->njhw", weight, features)
        return SimpleNamespace(maps=maps, logits=maps.mean((2, 3)) + self.classifier.bias)


class Skewed(MirrorSymmetric):
    """The same with features that depend on the place, so that both views disagree."""

    def features(self, images):
        ramp = torch.linspace(0, 1, images.shape[-1], dtype=torch.double)
        return torch.tanh(self.backbone(images.double()) + ramp)


def test_consistency_of_maps_is_the_equation_of_the_paper():
    generator = np.random.default_rng(0)
    maps, mirrored = generator.normal(size=(2, 4, 7, 3, 5))
    total = 0.0
    for n, j, h, w in np.ndindex(4, 7, 3, 5):
        total += (maps[n, j, h, w] - mirrored[n, j, h, 5 - 1 - w]) ** 2
    loss = consistency_loss(torch.from_numpy(maps), torch.from_numpy(mirrored))
    assert loss.dtype == torch.float64
    assert loss.item() == pytest.approx(total / (4 * 7 * 3 * 5), rel=1e-12)


def test_a_perfectly_mirrored_pair_of_maps_has_no_loss():
    maps = torch.randn(4, 7, 3, 5)
    assert consistency_loss(maps, maps.flip(-1)) == 0
    assert consistency_loss(maps, maps) > 0
    assert consistency_loss(maps, maps.flip(-2).flip(-1)) > 0


def test_maps_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 7, 2, 2\) and \(1, 7, 2, 3\)"):
        consistency_loss(torch.zeros(1, 7, 2, 2), torch.zeros(1, 7, 2, 3))


@pytest.mark.parametrize("kind", [MirrorSymmetric, Skewed])
@pytest.mark.parametrize("region", ["same", "independent"])
@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("views", ["two_passes", "one_pass"])
@pytest.mark.slow
def test_all_losses_follow_the_equations_in_double_precision(
    step, with_regions, batch, kind, region, detach, views
):
    torch.manual_seed(0)
    model = kind()
    output = step(
        model,
        batch,
        erased_region=region,
        detach_classifier=detach,
        views=views,
        consistency_weight=5.0,
    )
    config = from_json({"erased_region": region})
    seen = numpy_views(with_regions(batch, config), config)
    both = [as_double(model.features(torch.from_numpy(view))) for view in seen]
    weight, bias = as_double(model.classifier.weight), as_double(model.classifier.bias)
    classification, consistency = numpy_losses(*both, weight, bias, batch.noisy_labels.numpy())
    assert output.parts["classification"].item() == pytest.approx(classification, rel=1e-9)
    assert output.parts["consistency"].item() == pytest.approx(consistency, rel=1e-9, abs=1e-15)
    assert output.loss.item() == pytest.approx(classification + 5 * consistency, rel=1e-9)


@pytest.mark.parametrize("region", ["same", "independent"])
@pytest.mark.parametrize("weight", [0.0, 1.0, 5.0])
@pytest.mark.slow
def test_all_losses_follow_the_equations_with_a_real_backbone(
    step, with_regions, model, batch, region, weight
):
    output = step(
        model, batch, erased_region=region, consistency_weight=weight, erase_probability=1.0
    )
    config = from_json({"erased_region": region, "erase_probability": 1.0})
    views = numpy_views(with_regions(batch, config), config)
    both = [as_double(model.features(torch.from_numpy(view))) for view in views]
    classification, consistency = numpy_losses(
        *both,
        as_double(model.classifier.weight),
        as_double(model.classifier.bias),
        batch.noisy_labels.numpy(),
    )
    assert consistency > 1e-4
    assert output.parts["classification"].item() == pytest.approx(classification, rel=1e-6)
    assert output.parts["consistency"].item() == pytest.approx(consistency, rel=1e-6)
    assert output.loss.item() == pytest.approx(classification + weight * consistency, rel=1e-6)


def test_a_model_that_moves_with_the_image_has_no_consistency_loss(step, batch):
    output = step(MirrorSymmetric(), batch, erased_region="same", erase_probability=1.0)
    assert output.parts["consistency"].item() == pytest.approx(0, abs=1e-30)


def test_with_holes_of_their_own_the_views_of_such_a_model_disagree(step, batch):
    output = step(MirrorSymmetric(), batch, erased_region="independent", erase_probability=1.0)
    assert output.parts["consistency"].item() > 1e-6


@pytest.mark.parametrize("region", ["same", "independent"])
@pytest.mark.parametrize("views", ["two_passes", "one_pass"])
def test_the_backbone_sees_an_erased_image_and_its_mirrored_counterpart(
    step, model, batch, region, views, monkeypatch
):
    seen = []
    features = model.features

    def spy(images):
        seen.append(images)
        return features(images)

    monkeypatch.setattr(model, "features", spy)
    step(model, batch, erased_region=region, views=views, erase_probability=1.0)
    assert len(seen) == (2 if views == "two_passes" else 1)
    original, mirrored = seen if views == "two_passes" else seen[0].chunk(2)
    own, others = (original == 0).any(1), (mirrored.flip(-1) == 0).any(1)  # regions
    assert own.flatten(1).any(1).all()
    assert others.flatten(1).any(1).all()
    if region == "same":
        assert torch.equal(mirrored, original.flip(-1))
    else:
        assert not (own == others).flatten(1).all(1).any()
    whole = ~(own | others)[:, None].expand_as(original)
    assert torch.equal(original[whole], batch.images[whole])
    assert torch.equal(mirrored.flip(-1)[whole], batch.images[whole])


def gradients(step, model, batch, **options):
    model.zero_grad()
    step(model, batch, **options).loss.backward()
    stem = next(m for m in model.backbone.modules() if isinstance(m, nn.Conv2d))
    return model.classifier.weight.grad.clone(), stem.weight.grad.clone()


@pytest.mark.slow
def test_a_detached_classifier_learns_from_the_labels_alone(step, model, batch):
    plain, _ = gradients(step, model, batch, consistency_weight=0.0)
    detached, _ = gradients(step, model, batch, consistency_weight=50.0, detach_classifier=True)
    assert torch.allclose(plain, detached, rtol=1e-5, atol=1e-8)


@pytest.mark.slow
def test_an_attached_classifier_learns_from_the_consistency_too(step, model, batch):
    plain, _ = gradients(step, model, batch, consistency_weight=0.0)
    attached, _ = gradients(step, model, batch, consistency_weight=50.0, detach_classifier=False)
    assert not torch.allclose(plain, attached, rtol=0.01)


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.slow
def test_the_backbone_always_learns_from_the_consistency(step, model, batch, detach):
    _, plain = gradients(step, model, batch, consistency_weight=0.0, detach_classifier=detach)
    _, pulled = gradients(step, model, batch, consistency_weight=50.0, detach_classifier=detach)
    assert not torch.allclose(plain, pulled, rtol=0.01)


def test_the_consistency_gradient_comes_from_both_views():
    maps = torch.randn(2, 7, 3, 3, requires_grad=True)
    mirrored = torch.randn(2, 7, 3, 3, requires_grad=True)
    consistency_loss(maps, mirrored).backward()
    assert maps.grad.abs().min() > 0
    assert torch.allclose(maps.grad, -mirrored.grad.flip(-1))


def test_the_mirrored_view_never_meets_the_labels(step, model, batch):
    output = step(model, batch, erase_probability=0.0)
    with torch.no_grad():
        expected = nn.functional.cross_entropy(model(batch.images).logits, batch.noisy_labels)
    assert output.parts["classification"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert output.logits.shape == (6, 7)


def test_one_pass_equals_two_passes_where_no_batch_statistics_are_taken(step, model, batch):
    one, two = (step(model, batch, views=views) for views in ("one_pass", "two_passes"))
    assert one.loss.item() == pytest.approx(two.loss.item(), rel=1e-5)
    assert torch.allclose(one.logits, two.logits, rtol=1e-4, atol=1e-5)


def test_one_pass_equals_two_passes_in_training_without_batch_norm(step, batch):
    torch.manual_seed(0)
    layered = AttentionModel("test_vit", 7, image_size=64).train()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in layered.modules())
    one, two = (step(layered, batch, views=views) for views in ("one_pass", "two_passes"))
    assert one.loss.item() == pytest.approx(two.loss.item(), rel=1e-5)


def test_batch_norm_in_training_tells_one_pass_from_two(step, model, batch):
    model.train()
    one, two = (step(model, batch, views=views) for views in ("one_pass", "two_passes"))
    assert abs(one.loss.item() - two.loss.item()) > 1e-4


def test_the_loss_knows_nothing_of_the_clean_labels(step, model, batch):
    other = batch._replace(true_labels=(batch.true_labels + 3) % 7)
    assert step(model, batch).loss.item() == step(model, other).loss.item()


def test_label_smoothing_changes_the_classification_only(step, model, batch):
    plain, smooth = (step(model, batch, label_smoothing=value) for value in (0.0, 0.3))
    assert plain.parts["consistency"].item() == smooth.parts["consistency"].item()
    assert plain.parts["classification"].item() != smooth.parts["classification"].item()


def test_parts_and_logits_are_detached(step, model, batch):
    output = step(model, batch)
    assert output.loss.requires_grad
    assert set(output.parts) == {"classification", "consistency"}
    assert not any(part.requires_grad for part in (*output.parts.values(), output.logits))


def test_lambda_rises_over_the_ramp_and_stays():
    options = EACOptions(consistency_weight=4.0, ramp_epochs=2)
    weights = [consistency_weight(options, epoch) for epoch in (0, 0.5, 1, 2, 7)]
    assert weights == [0, 1, 2, 4, 4]
    assert consistency_weight(EACOptions(consistency_weight=4.0), 0) == 4


def test_the_logits_control_asks_the_mean_maps_alone_to_agree(step, model, batch):
    maps, logits = (
        step(model, batch, consistency=kind, consistency_weight=1.0, erase_probability=0.0)
        for kind in ("maps", "logits")
    )
    mirrored = model(batch.images.flip(-1)).logits
    expected = (model(batch.images).logits - mirrored).square().mean().item()
    assert logits.parts["consistency"].item() == pytest.approx(expected, rel=1e-4)
    assert logits.parts["classification"] == maps.parts["classification"]
    assert logits.parts["consistency"] < maps.parts["consistency"]  # Jensen's inequality


def test_centred_maps_take_no_loss_from_what_is_alike_on_every_image():
    maps, other = torch.rand(2, 4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    pattern = torch.rand(3, 5, 5)
    loss = centred_consistency_loss(maps, other)
    assert centred_consistency_loss(maps + pattern, other) == pytest.approx(loss.item(), rel=1e-5)
    own, flipped = (maps - maps.mean(0)).numpy(), (other - other.mean(0)).numpy()
    assert loss.item() == pytest.approx(((own - flipped[..., ::-1]) ** 2).mean(), rel=1e-5)


def test_outside_the_holes_maps_must_agree_and_inside_they_may_differ():
    maps = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    holes = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    holes[0, :, 3:6, 9:12] = True  # touches rows 0 and 1 and column 2 of the map
    flipped = maps.flip(-1).clone()
    flipped[0, :, :2, 3 - 2] += 7
    assert consistency_outside(maps, flipped, holes) == 0
    flipped[1, 0, 3, 3] += 2
    places = 2 * 16 - 2  # of one class
    assert consistency_outside(maps, flipped, holes).item() == pytest.approx(4 / (3 * places))
    assert consistency_outside(maps, flipped, torch.ones_like(holes)) == 0


def test_the_holes_of_both_views_are_left_out_where_the_labelled_view_has_them(step, batch):
    options = {"erased_region": "independent", "consistency_weight": 1.0, "erase_probability": 1.0}
    moving = MirrorSymmetric()  # its maps follow the pixels, so only erased places differ
    everywhere, outside = (
        step(moving, batch, consistency=kind, **options) for kind in ("maps", "outside_erased")
    )
    assert everywhere.parts["consistency"] > 0.01
    assert outside.parts["consistency"] == pytest.approx(0, abs=1e-12)


def test_one_hole_for_both_views_has_no_outside():
    with pytest.raises(ValueError, match="erased_region 'independent' or 'official', got 'same'"):
        EACOptions(consistency="outside_erased")


@pytest.mark.parametrize(("noise", "same"), [("none", True), ("symmetric", False)])
def test_the_official_hole_is_one_on_clean_labels_and_two_under_noise(
    step, model, batch, noise, same
):
    seen = []
    real = model.features
    model.features = lambda images: seen.append(images.clone()) or real(images)
    rate = 0.0 if same else 0.3
    step(
        model, batch, erased_region="official", noise=noise, noise_rate=rate, erase_probability=1.0
    )
    assert torch.equal(seen[1], seen[0].flip(-1)) == same


@pytest.mark.parametrize(("region", "in_both"), [("same", True), ("independent", False)])
def test_pixel_noise_is_in_the_labelled_view_and_follows_it_into_one_made_of_it(
    step, model, batch, region, in_both
):
    seen = []
    real = model.features
    model.features = lambda images: seen.append(images.clone()) or real(images)
    clean = batch.images.clone()
    noisy = batch._replace(pixel_noise=torch.full_like(batch.images, 0.25))
    step(model, noisy, erased_region=region, erase_probability=0.0)
    assert torch.allclose(seen[0], clean + 0.25)
    assert torch.allclose(seen[1], (clean + 0.25 * in_both).flip(-1))
