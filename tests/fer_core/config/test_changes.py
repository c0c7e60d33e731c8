from dataclasses import replace

from fer_core.config import RunConfig, to_json, without_folders
from fer_core.config.changes import differing

CONFIG = RunConfig(data="ferplus:/data/ferplus", backbone="test_resnet", epochs=10)


def test_data_that_moved_are_the_same_data_but_others_are_not():
    recorded = to_json(without_folders(CONFIG))
    assert differing(recorded, replace(CONFIG, data="ferplus:/elsewhere/ferplus")) == []
    assert differing(recorded, replace(CONFIG, data="ferplus:/data/other")) == [
        "data 'ferplus:ferplus' there, 'ferplus:other' asked for"
    ]


def test_an_older_record_without_a_newer_field_has_its_default():
    recorded = to_json(without_folders(CONFIG))
    del recorded["ramp_epochs"]
    assert differing(recorded, CONFIG) == []
    assert differing(recorded, CONFIG.change(ramp_epochs=5)) == ["ramp_epochs 0 there, 5 asked for"]


def test_a_field_that_only_the_record_knows_makes_it_another_run():
    recorded = to_json(without_folders(CONFIG)) | {"future": 1}
    assert differing(recorded, CONFIG) == ["future 1 there, None asked for"]
