"""No step waits for the GPU: on a pretended one, whose tensors have no values to read."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call

from fer_core.config import from_json
from fer_core.methods import METHODS, Batch, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.transforms.functional import augment
from fer_core.transforms.sampling import draw_epoch

IMAGES, CLASSES = 8, 7
AUGMENTATION = {"rotation": 10.0, "zoom": 0.1, "shift": 0.1, "jitter": 0.2}
VARIANTS = {
    **{name: {"method": name} for name in METHODS if name not in ("distill", "label_smoothing")},
    "label_smoothing": {"method": "label_smoothing", "label_smoothing": 0.1},
    "official EAC": {"method": "eac", "erased_region": "official", "pixel_noise": 30.0},
    "EAC without maps": {"method": "eac", "consistency": "logits"},
    "soft labels": {"method": "cross_entropy", "mixup": 0.2},
}


@pytest.fixture(scope="module")
def _gpu_without_driver():
    """Skips where PyTorch (2.5) asks the driver even for what a pretended tensor looks like."""
    with FakeTensorMode():
        try:
            torch.zeros(1, device="cuda")[..., 0]
        except RuntimeError as error:
            pytest.skip(f"no GPU can be pretended: {error}".splitlines()[0])


@pytest.mark.slow
@pytest.mark.usefixtures("_gpu_without_driver")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_a_forward_pass_reads_nothing_from_the_device(options):
    config = from_json({"image_size": 48, "backbone": "test_resnet", **AUGMENTATION, **options})
    labels = torch.arange(IMAGES) % CLASSES
    model = AttentionModel(config.backbone, CLASSES, image_size=48)
    method = create_method(model, config, labels)
    method.begin([str(number) for number in range(CLASSES)])
    draws = draw_epoch(config, labels, 48, 48, torch.Generator().manual_seed(0))
    tensors = [*method.named_parameters(), *method.named_buffers()]
    with FakeTensorMode(allow_non_fake_inputs=True) as pretended:

        def on_gpu(tensor):
            return torch.empty_like(pretended.from_tensor(tensor), device="cuda")

        state = {name: on_gpu(value.detach()) for name, value in tensors}
        own = draws._make(None if column is None else on_gpu(column) for column in draws)
        mean, std = (on_gpu(value) for value in model.statistics())
        pixels = torch.zeros(IMAGES, 3, 48, 48, dtype=torch.uint8, device="cuda")
        images = augment(pixels, own, mean, std)
        noise = torch.zeros_like(images) if config.pixel_noise else None
        given = on_gpu(labels)
        batch = Batch(images, given, given, own.order, own.regions, own.other_regions, 0.5, noise)
        output = functional_call(method.train(), state, (batch,))
        assert {tensor.device.type for tensor in (output.loss, output.logits)} == {"cuda"}
        assert all(value.device.type == "cuda" for value in output.parts.values())


def test_the_pretended_gpu_notices_a_step_that_waits():
    with FakeTensorMode(), pytest.raises(RuntimeError):
        torch.zeros(2, device="cuda").sum().item()
