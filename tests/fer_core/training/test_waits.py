"""No step waits for the device: nothing in an epoch's loop reads a value from it.

A GPU that is read from has to finish all work that waits in its queue. The device `meta` shows
this without a GPU: its tensors have shapes but no values, so reading one raises an error.
"""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator

from fer_core.config import from_json
from fer_core.methods import METHODS, Batch, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.training import epoch
from fer_core.training.ema import WeightAverage
from fer_core.training.loader import TrainingSet
from fer_core.training.setup import prepare

META = torch.device("meta")
NEEDED = {"label_smoothing": {"label_smoothing": 0.1}}
BUNDLED = sorted(name for name, spec in METHODS.items() if spec.bundled and name != "distill")


@pytest.fixture(autouse=True)
def _no_autocast(monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # unknown on meta


def forward(method):
    """Two steps of the method but the optimiser's, with four images on `meta`."""
    config = from_json(
        {
            **{"method": method, "backbone": "test_resnet", "image_size": 64, "ema_decay": 0.9},
            **NEEDED.get(method, {}),
        }
    )
    labels = torch.arange(4)
    model = AttentionModel("test_resnet", 7, image_size=64)
    made = create_method(model, config, labels).train().to(META)
    average = WeightAverage(model, config.ema_decay)
    batch = Batch(
        torch.zeros(4, 3, 64, 64, device=META),
        *[labels.to(META)] * 3,
        *[torch.zeros(4, 4, dtype=torch.int64, device=META)] * 2,
    )
    for time in (0.5, 4.5):  # methods may begin later than the run
        made.schedule_at(time)
        output = made(batch._replace(epoch=time))
        output.loss.backward()
        average.update(int(time))
    return output


@pytest.mark.parametrize("method", BUNDLED)
def test_no_method_reads_a_value_of_the_device(method):
    output = forward(method)
    assert output.loss.device == META


def test_reading_a_value_would_be_seen():
    for read in (torch.Tensor.item, torch.Tensor.cpu, torch.Tensor.numpy, torch.Tensor.nonzero):
        with pytest.raises((RuntimeError, NotImplementedError, TypeError)):
            read(torch.zeros((), device=META))


@pytest.mark.parametrize(
    "changes",
    [
        {"flip_probability": 0.5},
        {"rotation": 10.0, "jitter": 0.2, "mixup": 0.4},
    ],
    ids=["flips", "geometry, light and mixup"],
)
def test_no_batch_reads_a_value_of_the_device(tiny_config, changes):
    experiment = prepare(replace(tiny_config, **changes))
    experiment.model.to(META)
    images = TrainingSet(experiment, META, "device")
    batches = list(images.batches(0, torch.Generator().manual_seed(0)))
    assert [batch.images.device for batch in batches] == [META] * images.steps


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.slow
def test_the_loop_of_an_epoch_reads_nothing_before_its_end(tiny_config, monkeypatch, accumulate):
    config = replace(tiny_config, accumulate=accumulate, clip_norm=1.0, ema_decay=0.9)
    experiment = prepare(config)
    method = create_method(experiment.model, config, torch.from_numpy(experiment.targets)).to(META)
    images = TrainingSet(experiment, META, "device")
    optimizer = torch.optim.SGD(method.parameters(), 0.1)
    average = WeightAverage(experiment.model, config.ema_decay)
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=accumulate)
    ended = []

    def end_of_loop(_, losses):
        ended.append(losses.shape)
        return torch.zeros(losses.shape)

    monkeypatch.setattr(epoch, "mean_over_processes", end_of_loop)
    monkeypatch.setattr(
        epoch, "gather_rows", lambda _, rows, __: torch.zeros_like(rows, device="cpu")
    )
    training = epoch.Training(
        experiment, images, method, optimizer, average, accelerator, progress=False
    )
    epoch.train_epoch(training, 1)
    assert ended == [(3, images.steps)]  # loss, classification and consistency of every step
