"""Untrained models for the tests of ONNX."""

import torch

from fer_core.config.input_spec import InputSpec
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel
from fer_core.taxonomy import taxonomy_of


def make_trained(backbone="test_resnet", *, size=64, channels=1, **options):
    """A network with random weights, always the same, for five classes."""
    torch.manual_seed(0)
    model = AttentionModel(backbone, 5, image_size=size, channels=channels, **options)
    landmarks = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))
    mean, std = (0.4,) * channels, (0.2,) * channels
    spec = InputSpec(size, channels, mean, std, 48, channels == 1, landmarks)
    return TrainedModel(model.eval().requires_grad_(False), taxonomy_of("abcde"), spec, {})
