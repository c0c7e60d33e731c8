import dataclasses
import json

import pytest

from fer_core.config import (
    RunConfig,
    defaults_of,
    flat_options,
    from_json,
    to_json,
    without_folders,
)
from fer_core.config.idle import idle_options
from fer_core.config.methods import METHODS
from fer_core.config.methods.eac import EACOptions


def test_a_configuration_survives_json():
    config = RunConfig(noise="symmetric", noise_rate=0.2, erase_scale=(0.1, 0.3), stride=8)
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


def test_json_holds_every_field():
    fields = {field.name for kind in (RunConfig, EACOptions) for field in dataclasses.fields(kind)}
    assert set(to_json(RunConfig())) == fields - {"options"}


def test_unknown_fields_of_json_are_named():
    with pytest.raises(ValueError, match="unknown configuration fields: colour, speed"):
        from_json({"speed": 1, "colour": 2})


def test_a_field_that_json_lacks_takes_its_default():
    assert from_json({"seed": 3}) == RunConfig(seed=3)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"noise": "symmetric", "noise_rate": 1.2}, r"noise_rate must be in \[0, 1\), got 1.2"),
        ({"noise": "symmetric", "noise_rate": 1.0}, r"noise_rate must be in \[0, 1\), got 1.0"),
        ({"noise": "symmetric", "noise_rate": float("nan")}, "noise_rate must be in"),
        ({"noise_rate": 0.1}, "no effect with noise 'none'"),
        ({"noise": "rater", "noise_rate": 0.1}, "no effect with noise 'rater'.*symmetric and asym"),
        ({"noise": "fer2013", "targets": "votes"}, "take no noise, got noise 'fer2013'"),
        ({"noise": "rater", "targets": "sharpened_votes"}, "take no noise, got noise 'rater'"),
        (
            {"noise": "symmetric", "noise_rate": 0.1, "confusions": "own.csv"},
            "belong to asymmetric noise.*'own.csv'",
        ),
        ({"noise": "human"}, "noise must be one of .*'fer2013', 'rater'"),
        ({"targets": "soft"}, "targets must be one of .* got 'soft'"),
        ({"noise": "file"}, "needs noise_file"),
        ({"noise": "symmetric"}, r"'symmetric' needs noise_rate.* in \[0, 1\): for example 0.3"),
        ({"noise": "asymmetric"}, r"'asymmetric' needs noise_rate"),
        ({"noise_file": "noise01.txt"}, "noise 'file' only"),
        ({"method": "eaz"}, "method must be one of .* got 'eaz'; did you mean 'eac'"),
        ({"channels": 2}, r"channels must be one of \(1, 3\), got 2"),
        ({"image_size": 15}, "image_size must be 16 to 2048, got 15"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 1}, "batch_size must be at least 2, got 1"),
        ({"seed": -1}, r"seed must be in \[0, 10\*\*18\), got -1"),
        ({"consistency_weight": -1}, "consistency_weight must be at least 0, got -1"),
        ({"consistency_weight": float("inf")}, "consistency_weight must be a finite number"),
        ({"learning_rate": 0}, "learning_rate must be above 0, got 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number, got nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be a finite number, got inf"),
        ({"accumulate": 0}, "accumulate must be at least 1, got 0"),
        ({"clip_norm": -1.0}, "clip_norm must be at least 0, got -1.0"),
        ({"clip_norm": float("inf")}, "clip_norm must be a finite number, got inf"),
        ({"decay_epochs": 0}, "decay_epochs must be at least 1, got 0"),
        ({"schedule": "poly", "gamma": 0}, r"gamma must be in \(0, 10\], got 0"),
        ({"schedule": "plateau"}, "schedule must be one of .*'tanh'.* got 'plateau'"),
        ({"gamma": 0}, r"gamma must be in \(0, 1\], got 0"),
        ({"gamma": 1.01}, r"gamma must be in \(0, 1\], got 1.01"),
        ({"erase_probability": 1.1}, r"erase_probability must be in \[0, 1\], got 1.1"),
        ({"flip_probability": -0.1}, r"flip_probability must be in \[0, 1\], got -0.1"),
        ({"rotation": 181}, r"rotation must be in \[0, 180\], got 181"),
        ({"zoom": 1.0}, r"zoom must be in \[0, 1\), got 1.0"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be in \[0, 1\), got 1.0"),
        ({"erase_scale": (0.3, 0.2)}, "erase_scale must be two numbers"),
        ({"erase_scale": (0.0, 0.2)}, "erase_scale must be two numbers"),
        ({"erase_scale": (0.1, 1.1)}, "erase_scale must be two numbers"),
        ({"erase_ratio": (0.3, float("inf"))}, "erase_ratio must be two numbers"),
        ({"warmup_epochs": 5, "epochs": 5}, r"warmup_epochs must be in \[0, epochs = 5\), got 5"),
        ({"stride": 3}, "stride must be 2, 4, 8, 16 or 32, got 3"),
        (
            {"method": "scn", "confident_share": 1.0},
            r"confident_share must be in \(0, 1\), got 1.0",
        ),
        (
            {"method": "scn", "confident_share": 0.0},
            r"confident_share must be in \(0, 1\), got 0.0",
        ),
        (
            {"method": "scn", "confidence_margin": 1.1},
            r"confidence_margin must be in \[0, 1\], got 1.1",
        ),
        (
            {"method": "scn", "relabel_margin": -0.1},
            r"relabel_margin must be in \[0, 1\], got -0.1",
        ),
        (
            {"method": "scn", "relabel_epoch": 0},
            "relabel_epoch must be at least 1, got 0",
        ),
        ({"method": "label_smoothing"}, "label_smoothing above 0, for example 0.1, got 0"),
        ({"balance_beta": 1.0}, r"balance_beta must be in \[0, 1\), got 1.0"),
        (
            {"method": "eac_balanced", "rare_smoothing": 1.0},
            r"rare_smoothing must be in \[0, 1\), got 1.0",
        ),
        (
            {"method": "co_teaching", "forget_rate": 1.0},
            r"forget_rate must be in \[0, 1\), got 1.0",
        ),
        (
            {"method": "co_teaching", "forget_epochs": -1},
            "forget_epochs must be at least 0, got -1",
        ),
        ({"ema_decay": 1.0}, r"ema_decay must be in \[0, 1\), got 1.0"),
        (
            {"method": "eac_balanced", "label_smoothing": 0.1},
            "'eac_balanced' needs hard labels: label_smoothing must be 0.0, got 0.1",
        ),
        (
            {"method": "co_teaching", "mixup": 1.0},
            "'co_teaching' needs hard labels: mixup",
        ),
        (
            {"method": "eac_balanced", "balance": "loss"},
            "balance must be 'none' or 'sampling'",
        ),
        (
            {"method": "co_teaching", "noise": "rater"},
            "cannot know what share of the labels noise 'rater' changes: set forget_rate",
        ),
        (
            {"method": "co_teaching", "noise": "file", "noise_file": "noise01.txt"},
            "cannot know what share of the labels noise 'file' changes: set forget_rate",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_range(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_json(wrong)


@pytest.mark.parametrize(
    "method", [name for name, spec in METHODS.items() if spec.bundled and spec.hard_labels]
)
@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"mixup": 0.2}, "needs hard labels: mixup must be 0.0, got 0.2"),
        ({"targets": "votes"}, "needs hard labels: targets must be 'labels', got 'votes'"),
        ({"label_smoothing": 0.1}, "needs hard labels: label_smoothing must be 0.0, got 0.1"),
        ({"balance": "loss"}, "has a loss of its own: balance must be 'none' or 'sampling'"),
        (
            {"balance": "root"},
            "has a loss of its own: balance must be 'none' or 'sampling', got 'root'",
        ),
    ],
)
def test_a_method_that_takes_whole_labels_refuses_other_ones(method, option, sentence):
    with pytest.raises(ValueError, match=f"method '{method}' {sentence}"):
        RunConfig(method=method, **option)
    assert RunConfig(method=method, balance="sampling").method == method


@pytest.mark.parametrize(
    "edge",
    [
        {"noise": "symmetric", "noise_rate": 0.0},
        {"noise": "file", "noise_file": "noise01.txt"},
        {"erase_probability": 1.0, "flip_probability": 0.0},
        {"erase_scale": (0.2, 0.2), "gamma": 1.0, "consistency_weight": 0},
        {"rotation": 180, "image_size": 16, "epochs": 1, "batch_size": 2},
        {"method": "gce", "gce_exponent": 1.0},
        {"method": "scn", "confidence_margin": 0.0, "relabel_margin": 1.0, "relabel_epoch": 1},
        {"method": "co_teaching", "noise": "none", "forget_rate": None, "forget_epochs": 0},
        {"method": "co_teaching", "noise": "fer2013", "forget_rate": 0.3},
        {"method": "eac_balanced", "balance": "sampling", "rare_smoothing": 0.0},
    ],
)
def test_values_on_the_edge_are_allowed(edge):
    config = to_json(from_json(edge))
    assert {name: config[name] for name in edge} == {
        name: list(value) if isinstance(value, tuple) else value for name, value in edge.items()
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"epochs": "many"}, "epochs must be a whole number, got 'many'"),
        ({"epochs": 2.5}, "epochs must be a whole number, got 2.5"),
        ({"epochs": True}, "epochs must be a whole number, got True"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, got 'fast'"),
        ({"stride": "8"}, "stride must be a whole number or None, got '8'"),
        (
            {"method": "co_teaching", "forget_rate": [0.1]},
            r"forget_rate must be a number or None, got \[0.1\]",
        ),
        ({"data": 3}, "data must be text, got 3"),
        ({"dedup": "no"}, "dedup must be true or false, got 'no'"),
        ({"noise_file": 3}, "noise_file must be text or None, got 3"),
        ({"erase_scale": 3}, "erase_scale must be 2 numbers, got 3"),
        ({"erase_scale": [0.1]}, r"erase_scale must be 2 numbers, got \(0.1,\)"),
        ({"erase_ratio": [0.3, "3"]}, r"erase_ratio must be 2 numbers, got \(0.3, '3'\)"),
        ({"method": None}, "method must be one of .* got None"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_type_that_is_wanted(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_json(wrong)


def test_a_whole_number_is_a_number():
    assert from_json({"rotation": 10, "learning_rate": 1}).learning_rate == 1


def test_a_configuration_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().seed = 1


def test_every_field_has_a_default():
    assert all(f.default is not dataclasses.MISSING for f in dataclasses.fields(RunConfig))


def test_a_published_configuration_names_no_folder():
    config = RunConfig(
        data="rafdb:/home/me/faces/RAF?x=1",
        noise="file",
        noise_file="/home/me/noise01.txt",
        pretrained="/home/me/model.safetensors",
    )
    published = without_folders(config)
    assert published.data == "rafdb:RAF?x=1"
    assert published.noise_file == "noise01.txt"
    assert published.pretrained == "model.safetensors"
    assert without_folders(RunConfig()) == RunConfig()


@pytest.mark.parametrize(
    ("data", "published"),
    [
        ("synthetic?train=140", "synthetic?train=140"),
        ("hf:owner/faces?test=validation", "hf:owner/faces?test=validation"),
        ("hf:/home/me/faces", "hf:faces"),
        ("hf:./me/faces", "hf:faces"),
        ("hf:~/faces", "hf:faces"),
        ("folder:me/faces", "folder:faces"),
        (
            "csv:/home/me/l.csv?images=/home/me/faces&label=a/b&test=../t.csv",
            "csv:l.csv?images=faces&label=a/b&test=t.csv",
        ),
        ("folder:me/faces?test=held/out", "folder:faces?test=held/out"),
    ],
)
def test_a_name_on_the_hub_is_published_whole_and_a_path_is_not(data, published):
    assert without_folders(RunConfig(data=data)).data == published


def test_lists_and_tables_are_published_without_their_folders():
    config = RunConfig(
        noise="asymmetric",
        noise_rate=0.1,
        confusions="/home/me/own.csv",
        exclude="/home/fix.txt",
    )
    published = without_folders(config)
    assert (published.confusions, published.exclude) == ("own.csv", "fix.txt")


def test_the_stored_configuration_is_one_flat_object():
    stored = to_json(RunConfig(options=EACOptions(consistency_weight=2.0)))
    assert stored["consistency_weight"] == 2.0
    assert "options" not in stored
    assert not any(isinstance(value, dict) for value in stored.values())


def test_a_record_with_the_options_of_every_method_still_reads():
    old = to_json(RunConfig()) | {"method": "gce", "gce_exponent": 0.4, "rare_smoothing": 0.3}
    del old["method_source"]
    config = from_json(old)
    assert to_json(config)["gce_exponent"] == 0.4
    assert not {"consistency_weight", "rare_smoothing"} & set(to_json(config))


def test_options_of_another_method_are_refused_and_its_defaults_give_way():
    with pytest.raises(ValueError, match="'gce' takes options of class GCEOptions, got EACOptions"):
        RunConfig(method="gce", options=EACOptions(consistency_weight=2.0))
    replaced = dataclasses.replace(RunConfig(), method="gce")
    assert replaced.options == METHODS["gce"].options()


def test_every_option_of_a_run_has_its_methods_default_and_none_of_another_method():
    options = flat_options({"method": "eac_balanced", "gce_exponent": 0.4, "seed": 3})
    assert options["consistency_weight"] == 1.01
    assert options["flip_probability"] == 0.0
    assert options["seed"] == 3
    assert "gce_exponent" not in options


@pytest.mark.parametrize("method", [name for name in METHODS if name != "label_smoothing"])
def test_the_defaults_of_a_method_are_those_of_a_run_of_it(method):
    assert defaults_of(method) == to_json(RunConfig(method=method))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"balance_beta": 0.9}, "balance_beta 0.9 has no effect with balance 'none'"),
        ({"decay_epochs": 3}, "decay_epochs 3 has no effect with schedule 'exponential'"),
        ({"schedule": "cosine", "gamma": 0.5}, "gamma 0.5 has no effect with schedule 'cosine'"),
        (
            {"corruption_kinds": ("blur",)},
            "corruption_kinds ('blur',) has no effect with corruption 0.0",
        ),
        (
            {"erase_probability": 0.0, "erase_scale": (0.1, 0.2)},
            "erase_scale (0.1, 0.2) has no effect with erase_probability 0.0",
        ),
    ],
)
def test_values_that_a_run_does_not_use_are_said(values, said):
    assert idle_options(RunConfig(**values)) == [said]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"balance": "loss", "balance_beta": 0.9},
        {"method": "eac_balanced", "balance_beta": 0.9},
        {"schedule": "step", "decay_epochs": 3, "gamma": 0.5},
        {"schedule": "poly", "gamma": 0.5},
        {"corruption": 0.5, "corruption_kinds": ("blur",)},
    ],
)
def test_values_that_a_run_uses_are_not(values):
    assert idle_options(RunConfig(**values)) == []


def test_what_chooses_the_epoch_needs_held_out_images():
    with pytest.raises(ValueError, match="select_by 'mean_class_accuracy' has no effect without"):
        RunConfig(select_by="mean_class_accuracy")
    assert RunConfig(select_by="mean_class_accuracy", holdout=0.1).select_by


def test_a_seed_is_one_that_a_record_can_hold():
    assert RunConfig(seed=10**18 - 1).seed
    with pytest.raises(ValueError, match="seed must be in"):
        RunConfig(seed=10**18)
