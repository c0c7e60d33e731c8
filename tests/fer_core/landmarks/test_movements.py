from collections import Counter

from fer_core.landmarks.movements import BLENDSHAPES, MOVEMENTS, movements, score


def test_every_blendshape_but_that_of_a_still_face_belongs_to_one_movement():
    used = Counter(name for movement in MOVEMENTS for name in movement.blendshapes)
    assert set(used) == set(BLENDSHAPES) - {"_neutral"}
    assert set(used.values()) == {1}
    assert len(BLENDSHAPES) == 52


def test_a_movement_has_the_mean_of_both_sides_and_the_name_of_its_action_unit():
    (shown,) = movements({"mouthSmileLeft": 1.0, "mouthSmileRight": 0.5})
    assert shown == ("lip corners pulled", "AU12", 0.75)


def test_the_movement_furthest_beyond_its_limit_is_told_first_and_weak_ones_are_not():
    faces = {"jawOpen": 0.9, "browInnerUp": 0.9, "cheekPuff": 0.05}
    assert [one.unit for one in movements(faces)] == ["AU26", "AU1"]


def test_a_movement_is_told_from_its_own_limit_on():
    for movement in MOVEMENTS:
        at = dict.fromkeys(movement.blendshapes, movement.least)
        below = dict.fromkeys(movement.blendshapes, movement.least - 0.01)
        assert [one.words for one in movements(at)] == [movement.words]
        assert movements(below) == []


def test_a_blendshape_that_is_not_there_counts_as_none():
    smile = next(one for one in MOVEMENTS if one.unit == "AU12")
    assert score(smile, {}) == 0
