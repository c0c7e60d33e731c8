import pytest
from PIL import Image

from fer_core.cli import attention_figure
from fer_core.weights import BUNDLED


def test_no_expression_to_draw_is_one_sentence(call_command, tmp_path):
    out = tmp_path / "maps.png"
    code, _, _ = call_command(attention_figure, BUNDLED, BUNDLED, out, "--emotions")
    assert code == "error: emotions: name at least one expression to draw"
    assert not out.exists()


@pytest.mark.slow
def test_a_face_has_a_row_of_the_image_and_the_map_of_either_model(call_command, tmp_path):
    out = tmp_path / "maps.png"
    sizes = []
    for emotions in (("happiness",), ("happiness", "surprise")):
        code, _, _ = call_command(attention_figure, BUNDLED, BUNDLED, out, "--emotions", *emotions)
        assert code == 0
        with Image.open(out) as sheet:
            sizes.append(sheet.size)
    (width, height), (same, twice) = sizes
    assert (same, twice) == (width, 2 * height)
    assert width > 2.5 * height
