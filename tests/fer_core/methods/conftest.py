import pytest
import torch

from fer_core.config import from_json
from fer_core.methods import Batch, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.sampling import draw_erased_regions


@pytest.fixture
def model():
    """A tiny network of seven classes, in evaluation mode."""
    torch.manual_seed(0)
    return AttentionModel("test_resnet", 7, image_size=64).eval()


@pytest.fixture
def batch():
    """Six random images with labels; nothing is erased yet, see `step`."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 7, (6,), generator=generator)
    images = torch.randn(6, 3, 64, 64, generator=generator)
    none = torch.zeros(6, 4, dtype=torch.long)
    return Batch(images, labels, (labels + 1) % 7, torch.arange(6), none, none)


@pytest.fixture
def with_regions():
    """``with_regions(batch, config)``: the batch, with erased regions by the configuration."""

    def draw(batch, config):
        generator = torch.Generator().manual_seed(2)
        regions, others = (draw_erased_regions(6, 64, 64, config, generator) for _ in range(2))
        # A method may write on its images.
        return batch._replace(images=batch.images.clone(), regions=regions, other_regions=others)

    return draw


@pytest.fixture
def step(with_regions):
    """``step(model, batch, method=..., **options)``: the output of one fresh step."""

    def take(model, batch, *, targets=None, **options):
        config = from_json(options)
        targets = torch.arange(7).repeat(4) if targets is None else targets
        return create_method(model, config, targets)(with_regions(batch, config))

    return take
