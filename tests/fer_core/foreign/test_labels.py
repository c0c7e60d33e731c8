import json

import numpy as np
import pytest

from fer_core.foreign.labels import LabelError, map_labels, parse_labels
from fer_core.metrics.calibration import softmax
from fer_core.models.pretrained import ModelError


def test_labels_are_read_as_emotions_by_the_synonyms_of_the_project():
    mapping = map_labels(("Angry", "joy", " SAD ", "contempt"))
    assert mapping.classes == ("anger", "happiness", "sadness", "contempt")
    assert mapping.unmapped == ()


def test_classes_of_the_data_set_are_matched_as_it_writes_them():
    mapping = map_labels(("engaged", "BORED", "happy"), ("Engaged", "bored"))
    assert mapping.classes == ("Engaged", "bored", "happiness")


def test_a_label_that_names_no_class_stays_a_class_of_its_own():
    mapping = map_labels(("angry", "no face"))
    assert mapping.classes == ("anger", "no face")
    assert mapping.unmapped == ("no face",)
    assert mapping.to_json() == {"angry": "anger", "no face": None}


def test_what_the_user_says_wins_and_can_take_a_label_out():
    chosen = {"LABEL_0": "happy", "sad": None}
    mapping = map_labels(("LABEL_0", "sad", "fear"), (), chosen)
    assert mapping.targets == ("happiness", None, "fear")


def test_a_label_that_is_taken_out_of_the_class_of_its_name_does_not_count_as_it():
    mapping = map_labels(["anger", "rage", "joy"], ["anger", "happiness"], {"anger": None})
    assert mapping.classes == ("anger (dropped)", "rage", "happiness")
    assert mapping.unmapped == ("anger (dropped)", "rage")
    both = {"anger": None, "rage": "anger"}
    mapping = map_labels(["anger", "rage", "joy"], ["anger", "happiness"], both)
    assert mapping.classes == ("anger (dropped)", "anger", "happiness")
    folded = mapping.fold(np.array([[2.0, 1.0, 0.0]], dtype=np.float32))
    assert folded.tolist() == [[2.0, 1.0, 0.0]]


def test_labels_of_one_class_share_it_with_the_sum_of_their_probabilities():
    mapping = map_labels(("happy", "anger", "joy"))
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    shares = softmax(logits)
    folded = softmax(mapping.fold(logits))
    assert mapping.classes == ("happiness", "anger")
    np.testing.assert_allclose(folded[:, 0], shares[:, 0] + shares[:, 2], atol=1e-6)
    np.testing.assert_allclose(folded[:, 1], shares[:, 1], atol=1e-6)


def test_a_model_without_any_known_label_is_refused_with_its_labels():
    names = tuple(f"LABEL_{index}" for index in range(20))
    with pytest.raises(ModelError, match=r"LABEL_0, LABEL_1, .* and 8 more.*--labels"):
        map_labels(names)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"LABEL_9": "anger"}, "no label 'LABEL_9'; its labels: LABEL_0, sad"),
        ({"LABEL_0": "angre"}, "'angre' is not a class; use one of bored, neutral"),
    ],
)
def test_a_mapping_of_unknown_names_is_refused(chosen, message):
    with pytest.raises(LabelError, match=message):
        map_labels(("LABEL_0", "sad"), ("bored",), chosen)


def test_a_mapping_is_read_from_text_and_from_a_json_file(tmp_path):
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"a, b": "anger", "c": None}))
    assert parse_labels("LABEL_0=anger, LABEL_1 = sad,x=y=fear,z=") == {
        **{"LABEL_0": "anger", "LABEL_1": "sad", "x=y": "fear", "z": None}
    }
    assert parse_labels(str(file)) == {"a, b": "anger", "c": None}


@pytest.mark.parametrize("text", ["anger", "a=anger,,b=fear", "=anger", "a=anger,a=fear", ""])
def test_a_text_that_is_no_mapping_is_refused(text):
    with pytest.raises(LabelError, match="labels must be LABEL=CLASS"):
        parse_labels(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [("[1]", "must hold one object"), ('{"a": 3}', "must hold one object"), ("{", "is not JSON")],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, content, message):
    file = tmp_path / "labels.json"
    file.write_text(content)
    with pytest.raises(LabelError, match=message):
        parse_labels(str(file))


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(LabelError, match=f"no file {tmp_path}/none.json"):
        parse_labels(str(tmp_path / "none.json"))
