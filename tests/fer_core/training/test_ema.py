import pytest
import torch

from fer_core.models.attention_model import AttentionModel
from fer_core.training.ema import WeightAverage

STEPS = 12


@pytest.fixture
def model():
    """A tiny network in training mode whose BatchNorm has seen nothing yet."""
    torch.manual_seed(0)
    return AttentionModel("test_resnet", 7, image_size=64).train()


def learn(model, step):
    """One step with random images: weights, BatchNorm statistics and counts change."""
    torch.manual_seed(step)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(torch.randn(4, 3, 64, 64)).logits.square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def copied(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.999])
@pytest.mark.slow
def test_the_average_is_that_of_a_plain_loop_over_the_steps(model, decay):
    average = WeightAverage(model, decay)
    expected = {name: value.double() for name, value in copied(model).items()}
    for step in range(STEPS):
        learn(model, step)
        average.update(step)
        moved = min(decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            expected[name] = moved * expected[name] + (1 - moved) * value.double()
    got = average.model.state_dict()
    assert got.keys() == expected.keys()
    floats = [name for name, value in got.items() if value.is_floating_point()]
    assert any("running_mean" in name for name in floats)
    for name in floats:
        torch.testing.assert_close(got[name].double(), expected[name], rtol=1e-5, atol=1e-6)
        if decay:
            assert not torch.equal(got[name], model.state_dict()[name]), name


def test_integers_are_taken_over_as_they_are(model):
    average = WeightAverage(model, 0.9)
    counts = [name for name, value in copied(model).items() if not value.is_floating_point()]
    assert counts
    for step in range(3):
        learn(model, step)
        average.update(step)
    assert all(average.model.state_dict()[name] == 3 for name in counts)


def test_the_first_weights_are_soon_forgotten_however_high_the_decay(model):
    average = WeightAverage(model, 0.9999)
    with torch.no_grad():
        for value in model.parameters():
            value.fill_(1.0)
        for value in average.model.parameters():
            value.fill_(0.0)
    average.update(0)
    assert average.model.classifier.weight.unique().tolist() == pytest.approx([0.9])
    for step in range(1, 10):
        average.update(step)
    assert average.model.classifier.weight.min() > 0.999


def test_late_in_a_run_the_decay_is_the_one_asked_for(model):
    average = WeightAverage(model, 0.9)
    with torch.no_grad():
        model.classifier.bias.fill_(1.0)
        average.model.classifier.bias.fill_(0.0)
    average.update(10_000)
    assert average.model.classifier.bias.unique().tolist() == pytest.approx([0.1])


def test_the_average_is_ready_for_testing_and_leaves_the_model_alone(model):
    before = copied(model)
    average = WeightAverage(model, 0.9)
    assert not average.model.training
    assert not any(value.requires_grad for value in average.model.parameters())
    assert model.training
    assert all(value.requires_grad for value in model.parameters())
    with torch.no_grad():
        for value in average.model.parameters():
            value.add_(1.0)
    average.update(0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_average_follows_weights_that_are_replaced_in_place(model):
    average = WeightAverage(model, 0.0)
    model.channels_last()
    state = {name: value + 1 for name, value in copied(model).items()}
    model.load_state_dict(state)
    average.update(0)
    for name, value in average.model.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_the_layout_of_the_weights_in_memory_is_kept(model):
    average = WeightAverage(model.channels_last(), 0.5)
    average.update(0)
    for value in average.model.parameters():
        if value.ndim == 4:
            assert value.is_contiguous(memory_format=torch.channels_last)


def test_the_average_answers_with_its_own_weights(model):
    average = WeightAverage(model, 0.5)
    images = torch.randn(2, 3, 64, 64)
    before = average.model(images).logits
    learn(model, 1)
    assert torch.equal(average.model(images).logits, before)
    average.update(0)
    assert not torch.allclose(average.model(images).logits, before)
