import colorsys
import re

import pytest

from fer_core.emotions import (
    AFFECTNET_LABELS,
    ALIASES,
    COLOURS,
    EIGHT_CLASSES,
    EMOTIONS,
    FER2013_LABELS,
    FERPLUS_VOTES,
    RAFDB_LABELS,
    SEVEN_CLASSES,
    canonical_name,
    class_names,
    find_emotion,
)


def test_convention_class_order_is_the_order_of_the_ferplus_votes():
    assert EIGHT_CLASSES == (
        "neutral",
        "happiness",
        "surprise",
        "sadness",
        "anger",
        "disgust",
        "fear",
        "contempt",
    )
    assert (*EIGHT_CLASSES, "unknown", "NF") == FERPLUS_VOTES


def test_convention_seven_classes_are_a_prefix_of_the_eight():
    assert EIGHT_CLASSES[:7] == SEVEN_CLASSES
    assert "contempt" not in SEVEN_CLASSES
    assert class_names(7) == SEVEN_CLASSES
    assert class_names(8) == EIGHT_CLASSES


def test_convention_rafdb_numbers_are_those_of_its_readme():
    words = ["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"]
    assert dict(enumerate(words, start=1)) == RAFDB_LABELS


def test_convention_fer2013_numbers_are_those_of_its_challenge():
    words = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
    assert dict(enumerate(words)) == FER2013_LABELS


def test_convention_affectnet_numbers_are_those_of_its_paper():
    words = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
    assert dict(enumerate(words)) == AFFECTNET_LABELS


def test_convention_colours_are_distinct_valid_hex():
    colours = [emotion.colour for emotion in EMOTIONS]
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)
    assert len(set(colours)) == len(EMOTIONS)
    assert {emotion.name: emotion.colour for emotion in EMOTIONS} == COLOURS


def test_no_two_colours_look_alike():
    points = [
        [int(emotion.colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        for emotion in EMOTIONS
    ]
    for index, first in enumerate(points):
        for second in points[:index]:
            apart = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
            assert apart > 0.15
    assert all(0.2 < colorsys.rgb_to_hls(*point)[1] < 0.8 for point in points)


def test_every_emotion_has_its_own_pictograph():
    assert len({emotion.emoji for emotion in EMOTIONS}) == len(EMOTIONS)


def test_every_alias_stands_for_a_class_and_none_is_a_class_itself():
    assert set(ALIASES.values()) <= set(EIGHT_CLASSES)
    assert not set(ALIASES) & set(EIGHT_CLASSES)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Happy", "happiness"), (" ANGER ", "anger"), ("joy", "happiness"), ("Suprise", "surprise")],
)
def test_canonical_name_understands_case_blanks_and_aliases(text, name):
    assert canonical_name(text) == name


@pytest.mark.parametrize("text", ["jo", "happ", "angr", "ies"])
def test_a_part_of_a_word_is_no_emotion(text):
    assert find_emotion(text) is None


def test_an_emotion_in_the_plural_is_the_same():
    assert find_emotion("surprises") == find_emotion("surprise") == "surprise"
    assert find_emotion("joys") == "happiness"


def test_unknown_emotion_lists_the_known_ones_and_their_aliases():
    with pytest.raises(ValueError, match=r"'bored'.*neutral.*contempt.*happy"):
        canonical_name("bored")


@pytest.mark.parametrize("count", [0, 6, 9])
def test_any_count_but_seven_and_eight_is_refused(count):
    with pytest.raises(ValueError, match=f"7 or 8.*{count}"):
        class_names(count)
