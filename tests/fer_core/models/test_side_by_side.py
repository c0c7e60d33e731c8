import copy

import pytest
import torch
from torch import nn

from fer_core.models.attention_model import AttentionModel
from fer_core.models.side_by_side import SideBySide, stands_side_by_side

SIDE = 64


@pytest.fixture(autouse=True)
def one_thread_each():
    """Two passes in turn compute with as many threads as each of two at once."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return AttentionModel("test_resnet", 7, image_size=SIDE).channels_last().train().backbone


def batches(count=1):
    torch.manual_seed(1)
    return [(torch.randn(4, 3, SIDE, SIDE), torch.randn(4, 3, SIDE, SIDE)) for _ in range(count)]


def side_by_side(network):
    made = SideBySide(network, 2)
    torch.set_num_threads(1)
    return made


def learn(network, features):
    """A step on both feature maps, whose loss needs both."""
    one, other = features
    (one.square().mean() + (one - other.flip(-1)).square().mean()).backward()
    with torch.no_grad():
        for weight in network.parameters():
            weight.sub_(0.1 * weight.grad)
            weight.grad = None
    return one.detach(), other.detach()


def test_steps_are_bit_by_bit_those_of_two_passes_in_turn(network):
    in_turn = copy.deepcopy(network)
    both = side_by_side(network)
    for first, second in batches(3):
        got = learn(network, both(first, second))
        wanted = learn(in_turn, (in_turn(first), in_turn(second)))
        assert all(map(torch.equal, got, wanted))
    assert all(map(torch.equal, network.parameters(), in_turn.parameters()))


def test_batch_norm_has_seen_the_first_batch_and_then_the_second(network):
    in_turn = copy.deepcopy(network)
    both = side_by_side(network)
    for first, second in batches(2):
        both(first, second)
        in_turn(first)
        in_turn(second)
    wanted = dict(in_turn.named_buffers())
    assert any("running_var" in name for name in wanted)
    for name, value in network.named_buffers():
        torch.testing.assert_close(value, wanted[name], rtol=1e-6, atol=1e-7)


def test_the_network_keeps_its_weights_and_gains_none(network):
    names = set(network.state_dict())
    weights = [id(weight) for weight in network.parameters()]
    side_by_side(network)
    assert set(network.state_dict()) == names
    assert [id(weight) for weight in network.parameters()] == weights


def test_a_pass_under_autocast_is_under_autocast_in_its_thread(network):
    both = side_by_side(network)
    with torch.autocast("cpu", torch.bfloat16):
        one, other = both(*batches()[0])
    assert one.dtype == other.dtype == torch.bfloat16


def test_an_error_in_a_pass_is_raised(network):
    both = side_by_side(network)
    with pytest.raises(RuntimeError):
        both(torch.randn(4, 5, SIDE, SIDE), torch.randn(4, 3, SIDE, SIDE))


def test_the_caller_keeps_its_number_of_threads(network):
    SideBySide(network, 2)
    assert torch.get_num_threads() == 2


class Counter(nn.Module):
    """Has a buffer that every pass changes."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, images):
        self.passes += 1
        return images


def test_a_plain_network_may_stand_side_by_side_and_stays_as_it_is(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    assert stands_side_by_side(network, torch.zeros(2, 3, SIDE, SIDE))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "layer",
    [nn.Dropout(0.5), Counter(), nn.BatchNorm2d(3, momentum=None)],
    ids=["random numbers", "a buffer of its own", "an average over all batches"],
)
def test_a_network_whose_passes_depend_on_each_other_may_not(layer, caplog):
    network = nn.Sequential(nn.Conv2d(3, 3, 1), layer).train()
    with caplog.at_level("INFO"):
        assert not stands_side_by_side(network, torch.zeros(2, 3, 8, 8))
    assert "one after the other" in caplog.text
