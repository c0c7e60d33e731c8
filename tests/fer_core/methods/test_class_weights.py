"""Class weights against a numpy transcription of Cui et al., CVPR 2019 (arXiv 1901.05555)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_core.config import RunConfig
from fer_core.methods import create_method
from fer_core.methods.class_weights import balanced_weights, class_counts, root_weights

COUNTS = np.array([40, 3, 10, 100, 20, 5, 30])
TARGETS = torch.from_numpy(np.repeat(np.arange(7), COUNTS))


def numpy_weights(counts, beta):
    """Equations 2 and 3 of the paper, and a mean over the labels of 1."""
    weights = np.array([(1 - beta) / (1 - beta**n) for n in counts])
    return weights / (weights @ counts / counts.sum())


@pytest.fixture
def balanced(model):
    """``balanced(**options)``: the plain method with a balanced loss."""

    def create(targets=TARGETS, **options):
        config = RunConfig(method="cross_entropy", balance="loss", **options)
        return create_method(model, config, targets)

    return create


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999, 0.99999])
def test_class_weights_follow_the_equations(beta):
    weights = balanced_weights(torch.from_numpy(COUNTS), beta)
    assert weights.dtype == torch.float32
    assert np.allclose(weights, numpy_weights(COUNTS, beta), rtol=1e-6)


@given(
    st.lists(st.integers(1, 30_000), min_size=2, max_size=9),
    st.floats(0, 1, exclude_max=True, allow_subnormal=False).filter(lambda b: b < 1 - 1e-9),
)
@pytest.mark.slow
def test_weights_average_to_one_over_the_labels_and_never_rise_with_their_number(counts, beta):
    counts = torch.tensor(counts)
    weights = balanced_weights(counts, beta)
    assert ((weights * counts).sum() / counts.sum()).item() == pytest.approx(1, rel=1e-5)
    ranked = weights[counts.argsort()]
    assert (ranked[1:] <= ranked[:-1] * (1 + 1e-6)).all()


def test_without_beta_all_classes_weigh_alike():
    assert balanced_weights(torch.from_numpy(COUNTS), 0.0).tolist() == [1.0] * 7


def test_towards_one_the_weights_are_the_inverse_frequencies():
    weights = balanced_weights(torch.from_numpy(COUNTS), 1 - 1e-9)
    assert np.allclose(weights, COUNTS.sum() / (7 * COUNTS), rtol=1e-5)


def test_a_class_without_labels_has_no_weight_and_changes_no_other():
    weights = balanced_weights(torch.tensor([4, 0, 9]), 0.9)
    assert weights[1] == 0
    assert torch.equal(weights[[0, 2]], balanced_weights(torch.tensor([4, 9]), 0.9))


def test_root_weights_fall_with_the_square_root_of_the_number_of_labels():
    weights = root_weights(torch.tensor([100, 4, 0])).double()
    assert weights[1] / weights[0] == pytest.approx(5)
    assert (100 * weights[0] + 4 * weights[1]) / 104 == pytest.approx(1)
    assert weights[2] == 0


def test_balance_root_weights_the_loss_by_the_labels_of_the_training_set(model):
    method = create_method(model, RunConfig(method="cross_entropy", balance="root"), TARGETS)
    assert torch.equal(method.class_weights, root_weights(torch.from_numpy(COUNTS)))


def test_labels_are_counted_and_shares_are_added_up():
    assert class_counts(TARGETS, 8).tolist() == [*COUNTS, 0]
    shares = torch.tensor([[0.25, 0.75, 0.0], [0.5, 0.0, 0.5]])
    assert class_counts(shares, 3).tolist() == [0.75, 0.75, 0.5]
    assert class_counts(shares, 3).dtype == torch.float64


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("soft", [False, True])
def test_the_balanced_loss_is_the_mean_over_images_of_weighted_cross_entropies(
    balanced, smoothing, soft
):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(6, 7))
    labels = generator.integers(0, 7, 6)
    shares = generator.dirichlet(np.ones(7), 6) if soft else np.eye(7)[labels]
    weights = numpy_weights(COUNTS, 0.9)
    expected = 0.0
    for row, share in zip(logits, shares, strict=True):
        logarithms = row - np.log(np.exp(row).sum())
        target = (1 - smoothing) * share + smoothing / 7
        expected -= sum(weights[j] * target[j] * logarithms[j] for j in range(7)) / 6
    method = balanced(balance_beta=0.9, label_smoothing=smoothing)
    given = torch.from_numpy(shares).float() if soft else torch.from_numpy(labels)
    loss = method.classification_loss(torch.from_numpy(logits).float(), given)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_balanced_loss_of_a_batch_is_the_mean_of_its_halves(balanced):
    method = balanced()
    logits, labels = torch.randn(6, 7), torch.tensor([0, 1, 1, 3, 3, 5])
    whole = method.classification_loss(logits, labels)
    halves = [
        method.classification_loss(part, given)
        for part, given in zip(logits.chunk(2), labels.chunk(2), strict=True)
    ]
    assert torch.allclose(whole, torch.stack(halves).mean())


def test_labels_of_one_number_in_every_class_change_no_loss(balanced, model):
    equal = balanced(torch.arange(7).repeat(4))
    plain = create_method(model, RunConfig(method="cross_entropy"), TARGETS)
    logits, labels = torch.randn(6, 7), torch.arange(6)
    weighted, expected = (m.classification_loss(logits, labels) for m in (equal, plain))
    assert weighted.item() == pytest.approx(expected.item(), rel=1e-6)
    assert plain.class_weights is None


@pytest.mark.parametrize("name", ["cross_entropy", "label_smoothing", "eac"])
def test_a_balanced_loss_reaches_the_step_of_every_method_that_allows_it(step, model, batch, name):
    options = {"method": name, "targets": TARGETS, "label_smoothing": 0.1}
    plain = step(model, batch, **options)
    weighted = step(model, batch, balance="loss", **options)
    assert weighted.parts["classification"].item() != plain.parts["classification"].item()
    if name == "eac":
        assert weighted.parts["consistency"].item() == plain.parts["consistency"].item()


def test_class_weights_follow_the_labels_and_are_no_part_of_the_state(balanced):
    method = balanced()
    assert method.class_weights.shape == (7,)
    assert "class_weights" not in method.state_dict()
    assert all(name.startswith("model.") for name in method.state_dict())
