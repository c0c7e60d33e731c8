"""The kinds of image files that people have: each is written here, and read with its colours."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, features

from fer_core.datasets.images import image_files
from fer_core.io.images import IMAGE_SUFFIXES, open_upright

SIZE = (12, 8)
COLOURS = {"left": (200, 40, 60), "right": (40, 60, 200)}
LOSSLESS = 6  # levels by which a colour may differ: palettes and grey are rounded
LOSSY = 40
# Format, suffix, modes that it can be written in, options, and by how much colours may differ.
KINDS = [
    ("PNG", ".png", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), {}, LOSSLESS),
    ("PNG", ".png", ("RGB", "L"), {"compress_level": 0}, LOSSLESS),
    ("JPEG", ".jpg", ("L", "RGB", "CMYK"), {"quality": 95, "subsampling": 0}, LOSSY),
    ("JPEG", ".jpeg", ("L", "RGB"), {"progressive": True, "quality": 95}, LOSSY),
    ("BMP", ".bmp", ("1", "L", "P", "RGB"), {}, LOSSLESS),
    ("GIF", ".gif", ("L", "P", "RGB"), {}, LOSSLESS),
    ("WEBP", ".webp", ("RGB", "RGBA"), {"lossless": True}, LOSSLESS),
    ("WEBP", ".webp", ("RGB",), {"quality": 90}, LOSSY),
    ("TIFF", ".tif", ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"), {}, LOSSLESS),
    ("TIFF", ".tiff", ("L", "RGB"), {"compression": "tiff_lzw"}, LOSSLESS),
    ("TIFF", ".tiff", ("L", "RGB"), {"compression": "tiff_adobe_deflate"}, LOSSLESS),
    ("TIFF", ".tif", ("RGB",), {"compression": "packbits"}, LOSSLESS),
]
CASES = [
    pytest.param(kind, mode, id=f"{kind[0]}-{mode}-{'-'.join(map(str, kind[3].values()))}")
    for kind in KINDS
    for mode in kind[2]
]
GREY = ("1", "L", "LA", "I;16", "F")


def two_colours(mode):
    """Left one colour and right the other, in a mode of Pillow."""
    image = Image.new("RGB", SIZE, COLOURS["left"])
    image.paste(COLOURS["right"], (SIZE[0] // 2, 0, *SIZE))
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(image.convert("L"), np.float32) / 255)
    if mode == "P":
        return image.quantize(8)
    if mode == "1":
        return image.convert("L").point(lambda value: 255 * (value > 85), "1")
    return image.convert(mode)


def expected(mode, side):
    colour = Image.new("RGB", (1, 1), COLOURS[side])
    if mode == "1":
        value = 255 * (colour.convert("L").getpixel((0, 0)) > 85)
        return (value,) * 3
    return (colour.convert("L") if mode in GREY else colour).convert("RGB").getpixel((0, 0))


@pytest.mark.parametrize(("kind", "mode"), CASES)
def test_every_kind_of_image_is_read_with_its_colours(tmp_path, kind, mode):
    form, suffix, _, options, tolerance = kind
    if form == "WEBP" and not features.check("webp"):
        pytest.skip("Pillow has no WebP here")
    file = tmp_path / f"image{suffix.upper()}"
    two_colours(mode).save(file, form, **options)
    assert image_files(tmp_path) == [file]
    for source in (file, io.BytesIO(file.read_bytes())):
        image = open_upright(source)
        assert (image.mode, image.size) == ("RGB", SIZE)
        for side, x in (("left", 2), ("right", 9)):
            difference = np.subtract(image.getpixel((x, 4)), expected(mode, side))
            assert np.abs(difference).max() <= tolerance, (side, image.getpixel((x, 4)))


def test_the_kinds_are_those_that_data_sets_read():
    written = {suffix for _, suffix, *_ in KINDS}
    assert written == set(IMAGE_SUFFIXES) - {".heic", ".heif"}  # those need another package


@pytest.mark.parametrize(
    ("orientation", "form"), list(itertools.product(range(1, 9), ("JPEG", "PNG", "TIFF", "WEBP")))
)
def test_every_orientation_of_a_camera_is_turned_upright(orientation, form):
    corner = Image.new("L", (16, 8))
    corner.paste(255, (0, 0, 8, 4))
    back = {
        **{1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4},  # what undoes each of EXIF's turns
    }[orientation]
    stored = corner if back is None else corner.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    stored.save(file, form, exif=exif)
    file.seek(0)
    image = open_upright(file)
    assert image.size == (16, 8)
    assert image.getpixel((2, 1))[0] > 200
    assert image.getpixel((13, 6))[0] < 60


def test_of_an_animation_the_first_frame_counts():
    for form in ("GIF", "WEBP", "PNG", "TIFF"):
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
        file = io.BytesIO()
        frames[0].save(file, form, save_all=True, append_images=frames[1:])
        file.seek(0)
        red, _, blue = open_upright(file).getpixel((4, 4))
        assert red > 200
        assert blue < 60
