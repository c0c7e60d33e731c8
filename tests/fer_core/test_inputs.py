import json

import pytest

from fer_core.inputs import InputSpec, from_json, to_json

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
