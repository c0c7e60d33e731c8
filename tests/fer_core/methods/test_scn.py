"""Losses and labels against a transcription of Wang et al., CVPR 2020 (arXiv 2002.10392)."""

import numpy as np
import pytest
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from fer_core.config import RunConfig, from_json
from fer_core.config.methods.scn import SCNOptions
from fer_core.methods import Batch, create_method
from fer_core.methods.scn import cure, rank
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import erase_

TARGETS = torch.arange(28) % 7
EAGER = {"relabel_epoch": 1, "relabel_margin": 0.0}


@pytest.fixture
def create(model):
    """``create(targets, **options)``: an SCN whose weights differ from image to image."""

    def make(targets=TARGETS, **options):
        torch.manual_seed(3)
        method = create_method(model, from_json({"method": "scn", **options}), targets)
        torch.nn.init.normal_(method.importance.weight, std=0.5)
        return method.eval()

    return make


@pytest.fixture
def given(batch):
    """The batch with the labels that the training set gives its images."""
    return batch._replace(noisy_labels=TARGETS[batch.indices], true_labels=TARGETS[batch.indices])


def fresh(batch, **changes):
    return batch._replace(images=batch.images.clone(), **changes)


def transcription(features, head, classifier, labels, config):
    """L_wce, L_rr and the labels after the step, one image after the other."""
    (w, c), (weight, bias) = head, classifier
    alphas = [1 / (1 + np.exp(-(w @ x + c))) for x in features]
    probabilities = []
    for alpha, x in zip(alphas, features, strict=True):
        exponentials = np.exp(alpha * (weight @ x + bias))
        probabilities.append(exponentials / exponentials.sum())
    loss = -np.mean([np.log(p[y]) for p, y in zip(probabilities, labels, strict=True)])
    order = sorted(range(len(alphas)), key=lambda i: -alphas[i])
    certain = int(config.options.confident_share * len(alphas))
    high = np.mean([alphas[i] for i in order[:certain]])
    low = np.mean([alphas[i] for i in order[certain:]])
    after = list(labels)
    for i in order[certain:]:
        if probabilities[i].max() - probabilities[i][labels[i]] > config.options.relabel_margin:
            after[i] = int(probabilities[i].argmax())
    return loss, max(0.0, config.options.confidence_margin - (high - low)), after


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("margin", [0.05, 0.9])
def test_a_step_follows_the_equations_with_a_real_backbone(
    create, model, given, with_regions, share, margin
):
    options = {**EAGER, "confident_share": share, "confidence_margin": margin}
    method = create(erase_probability=1.0, **options)
    output = method(with_regions(given, method.config))
    seen = with_regions(given, method.config)
    features = model.features(erase_(seen.images, seen.regions)).mean((2, 3))
    head, classifier = (
        tuple(value.detach().double().numpy().squeeze() for value in layer.parameters())
        for layer in (method.importance, model.classifier)
    )
    weighted, ranking, after = transcription(
        features.detach().double().numpy(),
        head,
        classifier,
        given.noisy_labels.tolist(),
        method.config,
    )
    assert output.parts["classification"].item() == pytest.approx(weighted, rel=1e-6)
    assert output.parts["ranking"].item() == pytest.approx(ranking, rel=1e-5, abs=1e-9)
    assert output.loss.item() == pytest.approx(weighted + ranking, rel=1e-6)
    assert method.labels[given.indices].tolist() == after
    assert after != given.noisy_labels.tolist()
    changed = np.mean(np.array(after) != given.noisy_labels.numpy())
    assert output.parts["relabelled"].item() == pytest.approx(changed)


def test_the_gap_is_that_of_the_certain_and_the_uncertain_images():
    weights = torch.tensor([0.1, 0.9, 0.5, 0.8, 0.2], dtype=torch.double)
    gap, uncertain = rank(weights, 0.7)  # three of five
    assert gap.item() == pytest.approx((0.9 + 0.8 + 0.5) / 3 - (0.2 + 0.1) / 2, rel=1e-12)
    assert uncertain.tolist() == [True, False, False, False, True]


@pytest.mark.parametrize(("share", "uncertain"), [(0.01, 3), (0.99, 1)])
def test_each_part_of_a_batch_has_an_image(share, uncertain):
    gap, mask = rank(torch.tensor([0.1, 0.2, 0.3, 0.4]), share)
    assert mask.sum() == uncertain
    assert gap.isfinite()


def test_equal_weights_are_parted_in_the_order_of_the_batch():
    gap, uncertain = rank(torch.full((5,), 0.5), 0.6)
    assert gap == 0
    assert uncertain.tolist() == [False, False, False, True, True]


def test_parts_that_stand_apart_by_the_margin_cost_nothing(create, given):
    method = create(confidence_margin=0.005)
    apart = method(fresh(given))
    method.importance.weight.data.zero_()  # all weigh the same
    together = method(fresh(given))
    assert apart.parts["ranking"] == 0
    assert apart.loss.item() == apart.parts["classification"].item()
    assert together.parts["ranking"].item() == pytest.approx(0.005)


def test_the_ranking_pulls_certain_weights_up_and_uncertain_ones_down():
    weights = torch.tensor([0.5, 0.52, 0.48, 0.51], requires_grad=True)
    gap, _ = rank(weights, 0.5)
    (0.15 - gap).relu().backward()
    assert weights.grad.tolist() == [0.5, -0.5, 0.5, -0.5]


def test_only_an_uncertain_image_above_the_margin_changes_its_label():
    likely = torch.tensor([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3]])
    labels = torch.tensor([0, 0, 0, 1])
    uncertain = torch.tensor([True, False, True, True])
    assert cure(likely, labels, uncertain, 0.2).tolist() == [1, 0, 0, 1]
    assert cure(likely, labels, uncertain, 0.05).tolist() == [1, 0, 1, 1]
    assert cure(likely, labels, uncertain, 1.0).tolist() == [0, 0, 0, 1]


def test_a_gap_of_just_the_margin_is_not_above_it():
    likely = torch.tensor([[0.25, 0.75]])
    assert cure(likely, torch.tensor([0]), torch.tensor([True]), 0.5).tolist() == [0]


def test_labels_change_from_the_relabel_epoch_on(create, given):
    method = create(relabel_epoch=3, relabel_margin=0.0)
    for epoch in (0.0, 1.0, 1.99):
        assert method(fresh(given, epoch=epoch)).parts["relabelled"] == 0
    assert torch.equal(method.labels, TARGETS)
    assert method(fresh(given, epoch=2.0)).parts["relabelled"] > 0
    assert not torch.equal(method.labels, TARGETS)


def test_labels_change_at_the_places_of_the_images_and_nowhere_else(create, given):
    method = create(**EAGER)
    indices = torch.tensor([20, 3, 9, 27, 11, 0])
    method(fresh(given, noisy_labels=TARGETS[indices], indices=indices))
    changed = (method.labels != TARGETS).nonzero()[:, 0]
    assert len(changed) > 0
    assert set(changed.tolist()) <= set(indices.tolist())


def test_the_next_step_learns_the_new_labels_and_judges_by_the_given_ones(create, model, given):
    method = create(**EAGER)
    before = method(fresh(given))
    after = method(fresh(given))
    assert after.parts["classification"] < before.parts["classification"]
    assert after.parts["relabelled"] == before.parts["relabelled"] > 0
    assert torch.equal(after.logits, model(given.images).logits)


def test_what_is_relabelled_right_has_the_clean_label(create, given):
    first = create(**EAGER)
    first(fresh(given))
    answers = first.labels[given.indices]
    output = create(**EAGER)(fresh(given, true_labels=answers))
    assert output.parts["relabelled_right"] == output.parts["relabelled"] > 0
    none = create(**EAGER)(fresh(given, true_labels=given.noisy_labels))
    assert none.parts["relabelled_right"] == 0


def test_changed_labels_survive_a_checkpoint(create, given):
    method = create(**EAGER)
    method(fresh(given))
    resumed = create(**EAGER)
    resumed.load_state_dict(method.state_dict())
    assert torch.equal(resumed.labels, method.labels)
    assert resumed(fresh(given)).loss.item() == method(fresh(given)).loss.item()


def test_the_labels_of_the_training_set_stay_as_they_are(create, given):
    targets = TARGETS.clone()
    create(targets, **EAGER)(fresh(given))
    assert torch.equal(targets, TARGETS)


def test_an_image_that_a_batch_holds_twice_takes_the_larger_of_two_labels(create):
    method = create()
    changes = torch.tensor([2, -1, 5, 4])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        method.labels.copy_(TARGETS)
        method._relabel(torch.tensor([8, 8, 3, 8])[order], changes[order])
        assert method.labels[[3, 8]].tolist() == [5, 4]


def test_backbone_classifier_and_weight_head_learn_together(create, given):
    method = create()
    method(given).loss.backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
    assert method.importance.weight.grad.abs().sum() > 0


def test_the_weights_change_no_answer_and_the_head_is_no_part_of_the_model(create, model, given):
    method = create()
    output = method(fresh(given))
    assert torch.equal(output.logits, model(given.images).logits)
    assert not any(value.requires_grad for value in (output.logits, *output.parts.values()))
    own = {name for name in method.state_dict() if not name.startswith("model.")}
    assert own == {"importance.weight", "importance.bias", "labels"}


def test_the_clean_labels_teach_nothing(create, given):
    outputs, labels = [], []
    for shift in (0, 3):
        method = create(**EAGER)
        outputs.append(method(fresh(given, true_labels=(given.noisy_labels + shift) % 7)))
        labels.append(method.labels)
    assert outputs[0].loss.item() == outputs[1].loss.item()
    assert torch.equal(*labels)


def relabel(rank, folder):
    """One of two processes with its halves of two batches; rank -1 takes the halves in turn."""
    torch.set_num_threads(1)
    if rank >= 0:
        distributed.init_process_group(
            "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
        )
    torch.manual_seed(0)
    model = AttentionModel("test_resnet", 7, image_size=64)
    options = SCNOptions(relabel_epoch=1, relabel_margin=0.0, confident_share=0.5)
    config = RunConfig(method="scn", options=options)
    method = create_method(model, config, torch.arange(28) % 7).eval()
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 2, 4, 3, 64, 64, generator=generator)  # steps, processes, images
    none = torch.zeros(4, 4, dtype=torch.long)
    runner = DistributedDataParallel(method).eval() if rank >= 0 else method
    for step in range(2):
        for part in [rank] if rank >= 0 else [0, 1]:
            indices = torch.arange(4) + 4 * part
            labels = indices % 7
            runner(Batch(images[step, part], labels, labels, indices, none, none))
    torch.save(method.labels, folder / f"{rank}.pt")


@pytest.mark.slow
def test_what_one_process_relabels_every_process_learns(tmp_path, processes):
    running = [processes.Process(target=relabel, args=(rank, tmp_path)) for rank in (-1, 0, 1)]
    for process in running:
        process.start()
    for process in running:
        process.join()
        assert process.exitcode == 0
    alone, first, second = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (-1, 0, 1)
    )
    assert torch.equal(first, second)
    assert torch.equal(first, alone)
    changed = (first != TARGETS)[:8].view(2, 4)
    assert changed.any(1).all()  # both halves had something to change
