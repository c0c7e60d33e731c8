import numpy as np
import pytest
from PIL import Image

from fer_core.explain.cam import colourise, heat, overlay


def photo(width=120, height=90):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def square(x, y, side, degrees=0.0):
    """Matrix from crop coordinates to a square with its first corner at (x, y)."""
    turn = np.radians(degrees)
    across, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    return np.column_stack([side * across, side * down, [x, y]])


def change(image, result):
    """(H, W) largest change of a pixel's channels."""
    before, after = (np.asarray(p, dtype=int) for p in (image, result))
    return np.abs(after - before).max(2)


def test_heat_is_one_at_the_strongest_point_and_zero_where_evidence_is_negative():
    scaled = heat(np.array([[-3.0, 0.0], [2.0, 4.0]]))
    assert scaled.tolist() == [[0, 0], [0.5, 1]]
    assert scaled.dtype == np.float32


def test_heat_is_zero_when_nothing_speaks_for_the_class():
    assert heat(np.array([[-1.0, -2.0], [0.0, -5.0]])).tolist() == [[0, 0], [0, 0]]


def test_colours_get_lighter_from_nothing_to_the_strongest():
    colours = colourise(np.linspace(0, 1, 32)[None])
    assert colours.shape == (1, 32, 3)
    assert colours.dtype == np.uint8
    lightness = colours[0].astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()


def test_colours_of_values_out_of_range_are_those_of_the_ends():
    assert np.array_equal(colourise(np.array([[-1.0, 2.0]])), colourise(np.array([[0.0, 1.0]])))


def test_at_opacity_zero_the_overlay_is_the_photograph_itself():
    image = photo()
    result = overlay(image, np.ones((3, 3)), square(30, 20, 50), opacity=0)
    assert result.tobytes() == image.tobytes()


def test_the_overlay_changes_the_face_and_nothing_else():
    image = photo()
    changed = change(image, overlay(image, np.ones((3, 3)), square(30, 20, 50), 0.9))
    assert (changed[30:60, 40:70] > 0).mean() > 0.95
    outside = np.ones(changed.shape, bool)
    outside[20:70, 30:80] = False
    assert (changed[outside] == 0).all()


def test_the_overlay_of_a_turned_face_leaves_the_corners_of_its_box_alone():
    image = photo(200, 200)
    changed = change(image, overlay(image, np.ones((3, 3)), square(100, 30, 90, 45), 0.9))
    assert changed[93, 100] > 0  # the centre: half a diagonal below (100, 30)
    rows, columns = np.mgrid[:200, :200]
    apart = np.abs(columns - 100) + np.abs(rows - 93.6)  # the face is where this is below 63.6
    assert (changed[apart > 63.6 + 12] == 0).all()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 3), (3, 0), (3, 3)])
def test_the_heat_stands_where_the_map_has_it(row, column):
    grey = Image.new("RGB", (100, 100), (0, 0, 4))  # the colour of no heat
    attention = np.zeros((4, 4))
    attention[row, column] = 1
    changed = change(grey, overlay(grey, attention, square(10, 10, 80), 1.0))
    hottest = np.unravel_index(changed.argmax(), changed.shape)
    centre = np.array([10 + 80 * (row + 0.5) / 4, 10 + 80 * (column + 0.5) / 4])
    assert np.abs(np.array(hottest) - centre).max() < 12


def test_the_heat_turns_with_the_face():
    grey = Image.new("RGB", (200, 200), (0, 0, 4))
    attention = np.zeros((4, 4))
    attention[0, 3] = 1  # top right of the crop
    matrix = square(150, 50, 100, 90)  # the crop's top edge runs down the photograph's right
    rows, columns = np.nonzero(change(grey, overlay(grey, attention, matrix, 1.0)) > 60)
    expected = matrix[:, :2] @ [3.5 / 4, 0.5 / 4] + matrix[:, 2]
    assert np.allclose([columns.mean(), rows.mean()], expected, atol=8)


def test_more_opacity_changes_more():
    image = photo()
    weak, strong = (
        change(image, overlay(image, np.ones((3, 3)), square(30, 20, 50), opacity)).mean()
        for opacity in (0.3, 0.9)
    )
    assert 0 < weak < strong


@pytest.mark.parametrize("corner", [(-25, -25), (95, 65), (-20, 65)])
def test_a_face_on_the_border_is_drawn_as_far_as_it_is_in_the_image(corner):
    image = photo()
    result = overlay(image, np.ones((3, 3)), square(*corner, 50), 0.9)
    assert result.size == image.size
    assert (change(image, result) > 0).any()


@pytest.mark.parametrize("corner", [(-80, 10), (10, 200), (500, 500)])
def test_a_face_outside_the_image_changes_nothing(corner):
    image = photo()
    assert overlay(image, np.ones((3, 3)), square(*corner, 50)).tobytes() == image.tobytes()


def test_the_photograph_itself_is_not_drawn_on():
    image = photo()
    before = image.tobytes()
    overlay(image, np.ones((3, 3)), square(30, 20, 50), 0.9)
    assert image.tobytes() == before


@pytest.mark.parametrize("opacity", [-0.1, 1.1])
def test_an_opacity_out_of_range_is_refused(opacity):
    with pytest.raises(ValueError, match=r"opacity must be in \[0, 1\]"):
        overlay(photo(), np.ones((3, 3)), square(0, 0, 10), opacity)
