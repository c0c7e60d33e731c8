import re

import numpy as np
import pytest

from fer_core.emotions import COLOURS, EIGHT_CLASSES, SEVEN_CLASSES
from fer_core.taxonomy import (
    OTHER_COLOUR,
    PALETTE,
    TaxonomyError,
    column_names,
    from_json,
    palette_colour,
    taxonomy_of,
    to_json,
)

OWN = ("bored", "engaged", "pain")
# Machado et al. 2009, severity 1, on linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}


def rgb(colour):
    return np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])


def test_emotions_keep_their_colours_and_are_called_expressions():
    known = taxonomy_of(SEVEN_CLASSES)
    assert known.emotions
    assert known.colours == tuple(COLOURS[name] for name in SEVEN_CLASSES)
    assert (known.noun, known.nouns) == ("expression", "expressions")


def test_other_classes_have_the_palette_by_their_position_and_are_called_classes():
    own = taxonomy_of(OWN)
    assert not own.emotions
    assert own.colours == PALETTE[:3]
    assert (own.noun, own.nouns) == ("class", "classes")
    assert own.colour_of("pain") == PALETTE[2]
    assert own.colour_of("nobody") == OTHER_COLOUR


def test_an_emotion_among_classes_of_another_kind_keeps_its_colour():
    mixed = taxonomy_of(("bored", "happy", "pain"))
    assert not mixed.emotions
    assert mixed.colours == (PALETTE[0], COLOURS["happiness"], PALETTE[1])


def test_twenty_one_colours_differ_and_more_classes_still_have_one():
    colours = [palette_colour(index) for index in range(21)]
    assert len(set(colours)) == 21
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)
    assert palette_colour(21) == PALETTE[0]
    assert len(taxonomy_of([f"class {index}" for index in range(60)]).colours) == 60


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_no_two_colours_of_the_palette_look_alike_under_red_green_blindness(kind):
    linear = np.stack([rgb(colour) ** 2.2 for colour in PALETTE])
    seen = np.clip(linear @ np.array(DEFICIENCIES[kind]).T, 0, 1) ** (1 / 2.2)
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.12


@pytest.mark.parametrize("names", [OWN, EIGHT_CLASSES])
def test_a_saved_taxonomy_is_read_back(names):
    assert from_json(names, to_json(taxonomy_of(names))) == taxonomy_of(names)
    assert from_json(names, None) == taxonomy_of(names)


def test_colours_that_a_model_brings_are_kept():
    values = {"emotions": False, "colours": {"bored": "#010203", "engaged": "#aABBcc"}}
    assert from_json(("bored", "engaged"), values).colours == ("#010203", "#aABBcc")


def test_a_class_that_was_renamed_in_the_file_has_the_colour_of_its_position():
    values = to_json(taxonomy_of(("bored", "engaged", "pein")))
    assert from_json(OWN, values) == taxonomy_of(OWN)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "must be an object"),
        ({"emotions": 1, "colours": {}}, "must have 'emotions', true or false"),
        (
            {"emotions": False, "colours": dict.fromkeys(OWN, "red;} body{")},
            "colour of class 'bored' must be #rrggbb, got 'red;} body{'",
        ),
    ],
)
def test_a_broken_taxonomy_is_refused(values, sentence):
    with pytest.raises(TaxonomyError, match=re.escape(sentence)):
        from_json(OWN, values)


def test_columns_of_classes_never_have_the_name_of_another_column():
    assert column_names(OWN, ("face", "score")) == OWN
    assert column_names(("face", "p_face", "bored"), ("face", "score")) == (
        *("p_face", "p_p_face", "bored"),
    )
