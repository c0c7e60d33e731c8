import io
import logging
import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.io import image_budget
from fer_core.io.eight_bits import upright
from fer_core.io.images import (
    READ_ERRORS,
    ImageError,
    fault,
    images_below,
    open_upright,
    open_within,
)


@pytest.fixture
def image():
    """Red at the left, blue at the right."""
    halves = np.zeros((40, 64, 3), np.uint8)
    halves[:, :32, 0] = 255
    halves[:, 32:, 2] = 255
    return Image.fromarray(halves)


def save(image, path, *arguments, **options):
    image.save(path, *arguments, **options)
    return path


def assert_same(read, image, tolerance=0):
    assert read.mode == "RGB"
    assert read.size == image.size
    difference = np.asarray(read, int) - np.asarray(image.convert("RGB"), int)
    assert np.abs(difference)[:, [4, -4]].max() <= tolerance


@pytest.mark.parametrize(
    ("mode", "suffix", "tolerance"),
    [
        *(("RGB", ".png", 0), ("RGBA", ".png", 0), ("P", ".png", 0), ("P", ".gif", 0)),
        *(("L", ".png", 0), ("L", ".jpg", 3), ("1", ".png", 0), ("LA", ".png", 0)),
        *(("CMYK", ".jpg", 8), ("CMYK", ".tif", 3), ("YCbCr", ".jpg", 8), ("RGB", ".webp", 40)),
    ],
)
def test_every_mode_is_read_as_rgb(image, tmp_path, mode, suffix, tolerance):
    converted = image.convert(mode)
    read = open_upright(save(converted, tmp_path / f"image{suffix}"))
    assert_same(read, converted, tolerance)


def test_a_stream_is_read_like_a_file(image, tmp_path):
    content = save(image, tmp_path / "image.png").read_bytes()
    assert_same(open_upright(io.BytesIO(content)), image)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_of_a_moving_image_the_first_one_is_read(image, tmp_path, suffix):
    turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    path = tmp_path / f"moving{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    save(image, path, save_all=True, append_images=[turned, turned], **options)
    assert_same(open_upright(path), image)


def test_a_transparent_palette_becomes_white(tmp_path):
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([200, 0, 0])
    read = open_upright(save(palette, tmp_path / "clear.png", transparency=0))
    assert np.asarray(read).min() == 255


def test_the_image_that_was_given_stays_as_it_was(image):
    assert upright(image) is not image


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"no image", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n"),
        *(b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"),
        b"\0\0\0\x18ftypisom\0\0\0\0",
    ],
)
def test_what_is_no_image_is_an_error_that_callers_know(tmp_path, content):
    (tmp_path / "image.jpg").write_bytes(content)
    with pytest.raises(READ_ERRORS) as caught:
        open_upright(tmp_path / "image.jpg")
    assert str(tmp_path) not in fault(caught.value)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".tif", ".bmp"])
def test_a_truncated_file_is_an_error_that_callers_know(image, tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"cut{suffix}")
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(READ_ERRORS):
        open_upright(path)


def test_an_image_too_large_is_told_with_its_size_and_the_limit(monkeypatch, image, tmp_path):
    path = save(image.resize((200, 300)), tmp_path / "large.png")
    monkeypatch.setattr(image_budget, "MOST_PIXELS", 59_999)
    with pytest.raises(ImageError, match="too large: 0 megapixels, at most 0 megapixels are read"):
        open_upright(path)


def test_heic_is_read(image, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "image.heic"
    pillow_heif.from_pillow(image).save(path)
    assert_same(open_upright(path), image, 12)
    assert_same(open_upright(io.BytesIO(path.read_bytes())), image, 12)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_heic_without_its_package_is_told_with_the_command(monkeypatch, tmp_path, brand):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # importing it raises ImportError
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    path = tmp_path / "image.jpg"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0")
    with pytest.raises(ImageError, match=r"HEIC image.*pip install"):
        open_upright(path)


def test_a_broken_heic_file_is_an_error_that_callers_know(tmp_path):
    pytest.importorskip("pillow_heif")
    path = tmp_path / "image.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    with pytest.raises(READ_ERRORS) as caught:
        open_upright(path)
    assert not isinstance(caught.value, ImageError)


def test_images_of_a_folder_are_found_at_any_depth_and_nothing_else(tmp_path):
    for name in ("b.PNG", "below/a.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert images_below(tmp_path, 9) == [tmp_path / "b.PNG", tmp_path / "below" / "a.jpg"]


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_large_image_is_reduced_as_it_is_read_and_turned_as_its_file_says(tmp_path, suffix):
    halves = Image.new("RGB", (900, 300), "black")
    halves.paste("white", (450, 0, 900, 300))
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned to the right
    halves.save(tmp_path / f"a.{suffix}", exif=turned)
    image, scale = open_within(tmp_path / f"a.{suffix}", 30_000)
    assert image.size == (100, 300)
    assert scale == 3
    top, bottom = np.asarray(image)[:140], np.asarray(image)[160:]
    assert top.max() < 5
    assert bottom.min() > 250
    assert open_within(tmp_path / f"a.{suffix}", 270_000)[1] == 1


def test_of_many_images_those_taken_are_spread_over_the_folder(tmp_path):
    for number in range(31):
        (tmp_path / f"{number:02d}.png").touch()
    assert [path.stem for path in images_below(tmp_path, 4)] == ["00", "10", "20", "30"]


def test_a_folder_without_images_and_an_absent_one_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"no image in .*: expected \.png"):
        images_below(tmp_path, 3)
    with pytest.raises(ValueError, match="there is no folder"):
        images_below(tmp_path / "absent", 3)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[0, 65535]], np.uint16), [0, 255]),
        (np.array([[0, 4095, 2048]], np.uint16), [0, 255, 128]),  # 12 bits, as of a camera
        (np.array([[0, 1023]], np.uint16), [0, 255]),
        (np.array([[0, 200]], np.uint16), [0, 200]),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 128.0, 255.0]], np.float32), [0, 128, 255]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
    ],
)
def test_pixels_of_more_than_eight_bits_are_scaled_by_their_own_range(
    tmp_path, pixels, expected, caplog
):
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    with caplog.at_level(logging.INFO, "fer_core.io.eight_bits"):
        image = open_upright(tmp_path / "a.tif")
    assert np.asarray(image)[0, :, 0].tolist() == expected
    assert bool(caplog.text) == (pixels.max() != 65535)


def test_pixels_that_are_no_numbers_are_refused(tmp_path):
    Image.fromarray(np.array([[np.nan, 1]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="NaN or infinite"):
        open_upright(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("enough", "size", "reduction"),
    [
        *((None, (803, 602), 1), (800, (803, 602), 1), (401, (402, 301), 2)),
        *((150, (201, 151), 4), (1, (101, 76), 8)),
    ],
)
def test_a_jpeg_is_reduced_by_whole_factors_and_keeps_enough(tmp_path, enough, size, reduction):
    Image.linear_gradient("L").convert("RGB").resize((803, 602)).save(tmp_path / "a.jpg")
    image, by = open_within(tmp_path / "a.jpg", enough=enough)
    assert image.size == size
    assert by == pytest.approx(reduction, rel=0.01)
    whole = open_upright(tmp_path / "a.jpg").resize(size)
    differs = np.abs(np.asarray(image, int) - np.asarray(whole, int))
    assert differs.mean() < 2


def test_an_image_outlives_its_file_and_one_from_memory_is_copied(tmp_path):
    image = Image.new("RGB", (20, 10), "red")
    assert upright(image) is not image
    image.save(tmp_path / "a.png")
    read = open_upright(tmp_path / "a.png")
    (tmp_path / "a.png").unlink()
    assert read.getpixel((3, 3)) == (255, 0, 0)
    assert read.copy().size == (20, 10)
