from dataclasses import replace

import pytest
import torch
from torch import nn

from fer_core.training import engine, precision
from fer_core.training.precision import bf16_ratio, choose_precision


@pytest.fixture
def cpu(monkeypatch):
    """``cpu(native, ratio)``: a machine without GPU whose CPU has bfloat16 or not."""

    def pretend(native, ratio=None):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(precision, "has_bf16", lambda: native)
        monkeypatch.setattr(precision, "bf16_ratio", lambda *_: ratio)

    return pretend


@pytest.fixture
def auto(tiny_config):
    return replace(tiny_config, precision="auto")


def test_auto_is_float32_where_bfloat16_is_emulated(cpu, auto):
    cpu(False)
    assert choose_precision(auto, "auto") == ("no", "this CPU only emulates bfloat16")


@pytest.mark.parametrize("native", [True, None])
@pytest.mark.parametrize(("ratio", "chosen"), [(0.6, "bf16"), (1.4, "no")])
def test_auto_times_a_step_where_the_cpu_may_gain(cpu, auto, native, ratio, chosen):
    cpu(native, ratio)
    choice = choose_precision(auto, "cpu")
    assert choice.precision == chosen
    assert f"{ratio:.2f} times" in choice.reason


@pytest.mark.parametrize(("native", "chosen"), [(True, "bf16"), (None, "no"), (False, "no")])
def test_processes_that_share_a_run_choose_alike_without_a_clock(
    cpu, auto, monkeypatch, native, chosen
):
    monkeypatch.setenv("WORLD_SIZE", "2")
    cpu(native, ratio=float("nan"))
    assert choose_precision(auto, "cpu").precision == chosen


@pytest.mark.parametrize(
    ("capability", "chosen"), [((7, 5), "no"), ((8, 0), "bf16"), ((9, 0), "bf16")]
)
def test_auto_on_a_gpu_is_what_its_cores_multiply(auto, monkeypatch, capability, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A GPU")
    choice = choose_precision(auto, "auto")
    assert choice.precision == chosen
    assert "A GPU" in choice.reason
    assert ".".join(map(str, capability)) in choice.reason


@pytest.mark.parametrize("asked", ["no", "bf16", "fp16"])
def test_what_is_asked_for_is_taken(cpu, auto, asked):
    cpu(True)
    assert choose_precision(replace(auto, precision=asked), "cpu") == (asked, "asked for")


@pytest.mark.parametrize(
    ("asked", "native", "warns"),
    [("bf16", False, True), ("bf16", True, False), ("bf16", None, False), ("no", False, False)],
)
def test_emulated_bfloat16_is_warned_of_with_what_it_costs(cpu, auto, caplog, asked, native, warns):
    cpu(native, ratio=2.9)
    choose_precision(replace(auto, precision=asked), "cpu")
    told = "".join(one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert ("only emulates bfloat16" in told) == warns
    assert ("2.9 times" in told) == warns
    assert ("--precision auto" in told) == warns


def test_timing_a_step_leaves_random_numbers_and_an_own_backbone_alone(tiny_config):
    own = nn.Sequential(nn.Conv2d(3, 8, 3, 8), nn.BatchNorm2d(8), nn.ReLU())
    before = {name: value.clone() for name, value in own.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assert bf16_ratio(tiny_config, own) > 0
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())


@pytest.mark.slow
def test_a_run_records_what_auto_came_to_and_resumes_with_it(auto, tmp_path, monkeypatch):
    config = replace(auto, data="synthetic?train=28&test=14", batch_size=14, epochs=1)
    monkeypatch.setattr(precision, "has_bf16", lambda: True)
    monkeypatch.setattr(precision, "bf16_ratio", lambda *_: 0.5)
    run = {"device": "cpu", "progress": False}
    record = engine.train(config, tmp_path / "run", **run)
    assert record.config["precision"] == record.environment["precision"] == "bf16"
    assert "0.50 times" in record.environment["precision_reason"]
    monkeypatch.setattr(precision, "bf16_ratio", lambda *_: 2.0)
    resumed = engine.train(config, tmp_path / "run", resume=True, **run)
    assert resumed.config["precision"] == "bf16"
