"""The example of an own method: trained, recorded, resumed, shown, and its loss checked."""

import json
import math
import sys

import pytest
import torch

from dashboard.data.names import read_folders
from fer_core.cli import train as cli
from fer_core.config import from_json, to_json
from fer_core.config.methods import METHODS, find_method
from fer_core.config.methods.sources import LOOSE
from fer_core.methods import Batch, create_method
from fer_core.models.attention_model import AttentionModel
from fer_core.records.run import read_run
from fer_core.sweeping.plan import PlanError, read_plan
from fer_core.training.checkpoint import read_checkpoint
from fer_core.training.engine import train
from tests.project import PROJECT

pytestmark = pytest.mark.slow

EXAMPLE = PROJECT / "examples" / "own_method.py"
SOURCE = f"{EXAMPLE}:FocalLoss"
TINY = {
    "data": "synthetic?train=56&test=14",
    "image_size": 64,
    "backbone": "test_resnet",
    "epochs": 1,
    "batch_size": 14,
}


def forget():
    """What a process knows of the method before it is asked for it."""
    METHODS.pop("focal", None)
    for name in [name for name in sys.modules if name.startswith(LOOSE)]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    forget()


@pytest.fixture(scope="module")
def focal_run(tmp_path_factory):
    """The record of one epoch, started from the command line."""
    out = tmp_path_factory.mktemp("focal") / "run"
    words = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    command = ["fer-core train", "--method", SOURCE, "--focus", "1.5", *words]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [*command, "--device", "cpu", "--out", str(out)])
        cli.main()
    forget()
    return read_run(out)


def test_the_example_is_short():
    assert len(EXAMPLE.read_text().splitlines()) <= 62


def test_the_record_has_name_options_and_source_in_one_flat_object(focal_run):
    config = focal_run.config
    assert focal_run.status == "finished"
    assert (config["method"], config["focus"]) == ("focal", 1.5)
    assert config["method_source"] == "own_method.py:FocalLoss"  # without the folder
    assert "consistency_weight" not in config


def test_the_record_reads_and_shows_where_the_method_is_not_known(focal_run):
    assert "focal" not in METHODS
    runs = read_folders([focal_run.path])
    assert not runs.problems
    (row,) = runs.table.to_dict("records")
    assert row["method"] == "focal"
    assert json.loads(row["method_options"]) == {"focus": 1.5}
    assert "focus" not in json.loads(row["options"])


def test_a_run_of_it_is_resumed_by_what_its_checkpoint_says(focal_run):
    assert "focal" not in METHODS
    _, config = read_checkpoint(focal_run.path)
    assert config.method_source == SOURCE
    resumed = train(config, focal_run.path, resume=True, device="cpu", progress=False)
    assert resumed.result["final_accuracy"] == focal_run.result["final_accuracy"]


def test_the_loss_is_that_of_the_paper():
    config = from_json({**TINY, "method": SOURCE, "focus": 2.0, "erase_probability": 0.0})
    torch.manual_seed(0)
    model = AttentionModel("test_resnet", 7, image_size=64).eval()
    images, labels = torch.randn(4, 3, 64, 64), torch.tensor([0, 3, 6, 1])
    none = torch.zeros(4, 4, dtype=torch.long)
    batch = Batch(images.clone(), labels, labels, torch.arange(4), none, none)
    loss = create_method(model, config, labels)(batch).loss.item()
    probabilities = model(images).logits.softmax(1)
    given = [probabilities[row, label].item() for row, label in enumerate(labels)]
    assert loss == pytest.approx(sum(-((1 - p) ** 2) * math.log(p) for p in given) / 4, rel=1e-5)


def test_its_options_are_checked_and_survive_json():
    with pytest.raises(ValueError, match="focus must be at least 0, got -1"):
        from_json({"method": SOURCE, "focus": -1.0})
    config = from_json({"method": SOURCE, "focus": 1.0})
    assert config.method == "focal"
    assert from_json(to_json(config)) == config
    assert find_method("focal").title == "Focal loss"


def test_a_plan_has_its_options_as_fields_and_knows_a_near_miss(tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(f'[common]\nmethod = "{SOURCE}"\n[grid]\nfocus = [1.0, 2.0]\n')
    assert [run.config.options.focus for run in read_plan(plan)] == [1.0, 2.0]
    plan.write_text(f'[common]\nmethod = "{SOURCE}"\nfocuss = 1.0\n[grid]\nseed = [0]\n')
    with pytest.raises(PlanError, match="unknown field 'focuss'; did you mean 'focus'"):
        read_plan(plan)
