import dataclasses
import json
from typing import get_args

import pytest
import torch

from fer_core.config import flat_options, from_json, to_json
from fer_core.config.data import DataOptions, NoiseOptions
from fer_core.config.recipes import RECIPES, RecipeName
from fer_core.models.attention_model import AttentionModel
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import read_runs

# The report's training, as its sections 3.3 and 4 give it.
REPORT = {
    "backbone": "resnet50.tv2_in1k",  # ImageNet1K-V2 weights
    "pretrained": "hub",
    "image_size": 224,
    "channels": 3,
    "batch_size": 64,
    "optimizer": "adam",
    "learning_rate": 0.0002,
    "weight_decay": 0.0001,
    "schedule": "exponential",
    "gamma": 0.9,
    "epochs": 40,
    "warmup_epochs": 0,
    "method": "eac",
    "erased_region": "same",
}


def to_lists(values):
    """The values as JSON has them."""
    return json.loads(json.dumps(dict(values)))


def test_every_name_on_the_command_line_is_a_recipe():
    assert set(get_args(RecipeName)) == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_makes_a_valid_run_with_its_own_values(name):
    config = from_json(RECIPES[name])
    stored = to_json(config)
    assert {field: stored[field] for field in RECIPES[name]} == to_lists(RECIPES[name])
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_leaves_data_noise_and_seed_to_the_user(name):
    own = {field.name for kind in (DataOptions, NoiseOptions) for field in dataclasses.fields(kind)}
    own -= {"image_size", "channels"}
    assert not (own | {"seed"}) & set(RECIPES[name])


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_label_noise_and_another_seed(name):
    values = {**RECIPES[name], "noise": "symmetric", "noise_rate": 0.1, "seed": 3}
    assert from_json(values).noise_rate == 0.1


def test_the_report_is_trained_as_it_says():
    config = from_json(RECIPES["report"])
    stored = to_json(config)
    assert {field: stored[field] for field in REPORT} == to_lists(REPORT)


def test_the_report_augments_by_flips_and_holes_alone():
    config = from_json(RECIPES["report"])
    assert config.erase_probability == 0.5
    for off in ("rotation", "zoom", "shift", "jitter", "mixup", "label_smoothing", "ema_decay"):
        assert getattr(config, off) == 0, off
    assert not config.tta_flip


def test_eac_never_mirrors_its_labelled_view_and_the_baseline_mirrors_half():
    for name, flip in (("eac", 0.0), ("eac_balanced", 0.0), ("cross_entropy", 0.5)):
        assert from_json({**RECIPES["report"], "method": name}).flip_probability == flip, name


def test_the_official_code_differs_from_the_report_where_it_is_known_to():
    report, official = (from_json(RECIPES[name]) for name in ("report", "eac_official"))
    before, after = to_json(report), to_json(official)
    changed = {name: value for name, value in after.items() if value != before[name]}
    assert changed == {
        "erased_region": "official",
        "pixel_noise": 30.0,
        "epochs": 60,
        "batch_size": 32,
        "learning_rate": 1e-4,
    }
    assert official.options.detach_classifier
    assert official.options.consistency_weight == 5
    assert (official.erase_scale, official.erase_ratio) == ((0.02, 0.25), (0.3, 3.3))


def test_the_recipe_for_noisy_labels_is_what_the_study_trained():
    (run,) = read_runs(SHIPPED_RUNS / "study48" / "eac_lambda1_ema-sym30-seed0").runs
    trained, recipe = flat_options(run.config), to_json(from_json(RECIPES["noisy_labels"]))
    own = {field.name for kind in (DataOptions, NoiseOptions) for field in dataclasses.fields(kind)}
    own -= {"image_size", "channels"}
    differing = {name for name in recipe.keys() - own if recipe[name] != trained[name]}
    assert differing == {
        "pretrained",  # a file there, timm's weights here
        "precision",  # float32 there, what suits the machine here
        "tta_flip",  # a record has figures with and without
    }


@pytest.mark.slow
def test_the_network_from_scratch_has_a_map_at_its_own_size():
    config = from_json(RECIPES["scratch"])
    model = AttentionModel(
        config.backbone,
        7,
        image_size=config.image_size,
        channels=config.channels,
        stem=config.stem,
    )
    images = torch.zeros(1, config.channels, config.image_size, config.image_size)
    assert model.eval()(images).maps.shape[2:] == (6, 6)
