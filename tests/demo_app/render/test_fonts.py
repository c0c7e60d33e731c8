from PIL import ImageFont

from demo_app.render.fonts import SYSTEM_FONTS, font_for

NO_LETTER = chr(0x10FFFD)  # for private use


def test_english_has_pillows_own_font_at_the_size_that_is_asked_for():
    font, text = font_for("1 happiness 81 %", 20)
    assert text == "1 happiness 81 %"
    assert font.getname() == ImageFont.load_default(20).getname()
    assert font.size == 20


def test_letters_that_no_font_has_are_left_out_and_the_rest_is_drawn():
    font, text = font_for(f"2 {NO_LETTER * 3} 81 %", 20)
    assert text == "2 81 %"
    assert font.getname() == ImageFont.load_default(20).getname()


def test_a_font_of_the_system_is_taken_for_letters_that_pillows_own_lacks():
    font, text = font_for("1 müde 81 %", 20)
    has_one = any(_is_there(name) for name in SYSTEM_FONTS)
    assert text == ("1 müde 81 %" if has_one else "1 mde 81 %")
    assert (font.getname() != ImageFont.load_default(20).getname()) == has_one


def _is_there(name):
    try:
        ImageFont.truetype(name, 20)
    except OSError:
        return False
    return True
