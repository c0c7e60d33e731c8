import pytest

from fer_core.sweeping.names import LONGEST, entry_name, name_fault


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"method": "eac"}, "eac"),
        ({"backbone": "resnet50.tv2_in1k"}, "resnet50.tv2_in1k"),
        ({"backbone": "hf-hub:someone/model"}, "model"),
        ({"seed": 3}, "seed3"),
        ({"data": "ferplus:/data/fer?classes=7"}, "ferplus"),
        ({"data": "synthetic?train=28"}, "synthetic"),
        ({"data": "folder:/faces?folds=5&fold=2"}, "folder-fold2"),
        ({"noise": "none"}, "clean"),
        ({"noise": "rater"}, "noise-rater"),
        ({"noise": "symmetric", "noise_rate": 0.3}, "noise0.3"),
        ({"noise": "asymmetric", "noise_rate": 0.25}, "noise-asymmetric0.25"),
        ({"noise_rate": 0.3}, "noise0.3"),
        ({"learning_rate": 2e-4}, "learning_rate0.0002"),
        ({"learning_rate": 1e-5}, "learning_rate1e-05"),
        ({"optimizer": "adamw", "weight_decay": 0.05}, "optimizer-adamw-weight_decay0.05"),
        ({"compile": True}, "compile"),
        ({"detach_classifier": False}, "no-detach_classifier"),
        ({"erase_scale": [0.02, 0.25]}, "erase_scale0.02x0.25"),
        ({"pretrained": "/weights/plain run/model.safetensors"}, "pretrained-model.safetensors"),
        ({"noise": "file", "noise_file": "lists/a b.txt"}, "noise-file-noise_file-a_b.txt"),
    ],
)
def test_a_name_says_what_is_varied(values, name):
    assert entry_name(values) == name
    assert name_fault(name) is None


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "-x", "ü", "a\n"])
def test_what_no_folder_should_be_called_is_no_name(name):
    assert "is not a valid run name" in str(name_fault(name))


def test_a_name_that_is_too_long_asks_for_a_shorter_one():
    assert name_fault("a" * LONGEST) is None
    assert f"at most {LONGEST}" in str(name_fault("a" * (LONGEST + 1)))
