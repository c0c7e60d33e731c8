import json

import pytest

from fer_core.config.input_spec import InputSpec, from_json, to_json

SPEC = InputSpec(
    size=64,
    channels=3,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.2),
    source_size=48,
    grey=True,
    landmarks=((0.31, 0.39), (0.69, 0.39), (0.5, 0.78)),
)


def test_a_specification_survives_json():
    assert from_json(json.loads(json.dumps(to_json(SPEC)))) == SPEC


@pytest.mark.parametrize("change", [{"size": None}, {"colour": 1}])
def test_missing_and_unknown_fields_are_refused(change):
    values = to_json(SPEC) | change
    if change == {"size": None}:
        del values["size"]
    with pytest.raises(ValueError, match="exactly the fields"):
        from_json(values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 0}, "size must be in"),
        ({"size": 100_000}, r"size must be in \[1, 2048\], got 100000"),
        ({"source_size": 100_000}, "source_size must be in"),
        ({"channels": 2}, "channels must be 1 or 3"),
        ({"mean": [0.5]}, "must have 3 values"),
        ({"landmarks": [[0.3, 0.4]]}, "3 points, got 1"),
        ({"landmarks": [[0.3, 0.4]] * 3}, "3 distinct points"),
        ({"landmarks": [[0.3, 0.4], [0.5, 0.5], [0.1]]}, r"points \(x, y\)"),
        ({"landmarks": 7}, "landmarks must be a list"),
        ({"landmarks": [[0.3, 0.4], [0.5, 0.5], [1e999, 0]]}, "landmarks must be numbers"),
        ({"std": [0.2, 0.2, 0]}, "std must be above 0"),
        ({"std": [0.2, 0.2, float("nan")]}, "std must be numbers"),
        ({"std": "abc"}, "std must be a list"),
        ({"mean": [0.2, None, 0.1]}, "mean must be numbers"),
        ({"mean": [0.1] * 1000}, "mean must be a list of at most 3"),
        ({"size": 64.5}, "size must be of type int"),
        ({"size": True}, "size must be of type int"),
        ({"grey": 1}, "grey must be of type bool"),
    ],
)
def test_an_input_that_no_network_has_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        from_json(to_json(SPEC) | change)
