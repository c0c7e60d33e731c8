import torch
from torch import nn

from fer_core.models.batch_norm import measure_batch_norm


def made():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))
    network.append(nn.BatchNorm2d(2))
    return network.eval()


def test_evaluation_stays_as_it_was_and_training_agrees_with_it():
    network, images = made(), torch.randn(16, 3, 8, 8)
    with torch.no_grad():
        before = network(images)
        assert not torch.allclose(network.train()(images), before, atol=0.1)
    network = made()
    measure_batch_norm(network, images.split(5))
    with torch.no_grad():
        torch.testing.assert_close(network(images), before, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network.train()(images), before, rtol=1e-4, atol=1e-4)


def test_the_statistics_are_those_of_all_batches():
    network, images = made(), torch.randn(16, 3, 8, 8)
    with torch.no_grad():
        inputs = network[0](images)
    measure_batch_norm(network, images.split([1, 15]))
    torch.testing.assert_close(network[1].running_mean, inputs.mean((0, 2, 3)))
    torch.testing.assert_close(network[1].running_var, inputs.var((0, 2, 3), correction=0))
