import pytest

from fer_core.config import RunConfig, to_json
from fer_core.sweeping.values import configuration, faults, read_setting


def test_every_value_of_a_configuration_fits_its_field():
    values = {name: value for name, value in to_json(RunConfig()).items() if value is not None}
    assert faults(values) == []
    assert configuration(values) == RunConfig()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"epoch": 3}, "unknown field 'epoch'; did you mean 'epochs'?"),
        ({"xyzzy": 3}, "unknown field 'xyzzy'"),
        ({"epochs": "three"}, "epochs must be a whole number, got 'three'"),
        ({"epochs": 2.5}, "epochs must be a whole number, got 2.5"),
        ({"epochs": True}, "epochs must be a whole number, got True"),
        ({"learning_rate": "high"}, "learning_rate must be a number, got 'high'"),
        ({"compile": 1}, "compile must be true or false, got 1"),
        ({"data": ["a"]}, "data must be text, got ['a']"),
        ({"stride": "8"}, "stride must be a whole number, got '8'"),
        ({"noise_file": 3}, "noise_file must be text, got 3"),
        ({"channels": True}, "channels must be one of 1, 3, got True"),
        ({"erase_scale": [0.1]}, "erase_scale must be a list of 2 numbers, got [0.1]"),
        ({"erase_scale": [0.1, "x"]}, "erase_scale must be a list of 2 numbers, got [0.1, 'x']"),
        ({"erase_scale": 0.1}, "erase_scale must be a list of 2 numbers, got 0.1"),
    ],
)
def test_a_value_of_a_wrong_kind_is_named_with_what_is_allowed(values, sentence):
    assert faults(values) == [sentence]


def test_all_faults_are_found_at_once():
    assert len(faults({"epoch": 1, "epochs": "x", "data": 3})) == 3


def test_whole_numbers_and_lists_become_what_the_field_holds():
    config = configuration({"noise": "symmetric", "noise_rate": 0, "erase_ratio": [1, 2]})
    assert isinstance(config.noise_rate, float)
    assert config.erase_ratio == (1.0, 2.0)
    assert all(isinstance(value, float) for value in config.erase_ratio)


def test_what_fits_but_is_not_allowed_is_said_by_the_configuration():
    with pytest.raises(ValueError, match="did you mean 'eac'"):
        configuration({"method": "eaz"})


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("epochs=3", ("epochs", 3)),
        ("data=ferplus:/a=b", ("data", "ferplus:/a=b")),
        ("exclude=3", ("exclude", "3")),
        ("learning_rate=1e-3", ("learning_rate", 1e-3)),
        ("compile=true", ("compile", True)),
        ("erase_scale=[0.1, 0.2]", ("erase_scale", [0.1, 0.2])),
        ("channels=1", ("channels", 1)),
        ("stride=8", ("stride", 8)),
    ],
)
def test_a_setting_is_read_as_its_field_needs_it(text, pair):
    assert read_setting(text) == pair


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epochs", "FIELD=VALUE, got 'epochs'"),
        ("epoch=3", "unknown field 'epoch'; did you mean 'epochs'?"),
        ("epochs=many", "epochs must be a whole number, got 'many'"),
        ("epochs=", "epochs must be a whole number, got ''"),
    ],
)
def test_a_setting_that_cannot_be_read_says_why(text, sentence):
    with pytest.raises(ValueError, match="--set") as raised:
        read_setting(text)
    assert sentence in str(raised.value)
