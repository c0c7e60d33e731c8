import io
import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.io import images as pictures
from fer_core.io.images import READ_ERRORS, PictureError, fault, open_upright, pictures_below


@pytest.fixture
def picture():
    """Red at the left, blue at the right."""
    halves = np.zeros((40, 64, 3), np.uint8)
    halves[:, :32, 0] = 255
    halves[:, 32:, 2] = 255
    return Image.fromarray(halves)


def save(picture, path, *arguments, **options):
    picture.save(path, *arguments, **options)
    return path


def assert_same(read, picture, tolerance=0):
    assert read.mode == "RGB"
    assert read.size == picture.size
    difference = np.asarray(read, int) - np.asarray(picture.convert("RGB"), int)
    assert np.abs(difference)[:, [4, -4]].max() <= tolerance


@pytest.mark.parametrize(
    ("mode", "suffix", "tolerance"),
    [
        *(("RGB", ".png", 0), ("RGBA", ".png", 0), ("P", ".png", 0), ("P", ".gif", 0)),
        *(("L", ".png", 0), ("L", ".jpg", 3), ("1", ".png", 0), ("LA", ".png", 0)),
        *(("CMYK", ".jpg", 8), ("CMYK", ".tif", 3), ("YCbCr", ".jpg", 8), ("RGB", ".webp", 40)),
    ],
)
def test_every_mode_is_read_as_rgb(picture, tmp_path, mode, suffix, tolerance):
    converted = picture.convert(mode)
    read = open_upright(save(converted, tmp_path / f"picture{suffix}"))
    assert_same(read, converted, tolerance)


def test_a_stream_is_read_like_a_file(picture, tmp_path):
    content = save(picture, tmp_path / "picture.png").read_bytes()
    assert_same(open_upright(io.BytesIO(content)), picture)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_of_a_moving_picture_the_first_one_is_read(picture, tmp_path, suffix):
    turned = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    path = tmp_path / f"moving{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    save(picture, path, save_all=True, append_images=[turned, turned], **options)
    assert_same(open_upright(path), picture)


def test_a_transparent_palette_becomes_white(tmp_path):
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([200, 0, 0])
    read = open_upright(save(palette, tmp_path / "clear.png", transparency=0))
    assert np.asarray(read).min() == 255


def test_the_picture_that_was_given_stays_as_it_was(picture):
    assert pictures.upright(picture) is not picture


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n"),
        *(b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"),
        b"\0\0\0\x18ftypisom\0\0\0\0",
    ],
)
def test_what_is_no_picture_is_an_error_that_callers_know(tmp_path, content):
    (tmp_path / "picture.jpg").write_bytes(content)
    with pytest.raises(READ_ERRORS) as caught:
        open_upright(tmp_path / "picture.jpg")
    assert str(tmp_path) not in fault(caught.value)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".tif", ".bmp"])
def test_a_truncated_file_is_an_error_that_callers_know(picture, tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"cut{suffix}")
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(READ_ERRORS):
        open_upright(path)


def test_a_picture_too_large_is_told_with_its_size_and_the_limit(monkeypatch, picture, tmp_path):
    path = save(picture.resize((2000, 3000)), tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2_000_000)
    with pytest.raises(PictureError) as caught:
        open_upright(path)
    expected = "the picture is too large: 6 megapixels, at most 4 megapixels are read"
    assert str(caught.value) == expected


def test_heic_is_read(picture, tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "picture.heic"
    pillow_heif.from_pillow(picture).save(path)
    assert_same(open_upright(path), picture, 12)
    assert_same(open_upright(io.BytesIO(path.read_bytes())), picture, 12)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_heic_without_its_package_is_told_with_the_command(monkeypatch, tmp_path, brand):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # importing it raises ImportError
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0")
    with pytest.raises(PictureError, match=r"HEIC picture.*pip install"):
        open_upright(path)


def test_a_broken_heic_file_is_an_error_that_callers_know(tmp_path):
    pytest.importorskip("pillow_heif")
    path = tmp_path / "picture.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    with pytest.raises(READ_ERRORS) as caught:
        open_upright(path)
    assert not isinstance(caught.value, PictureError)


def test_pictures_of_a_folder_are_found_at_any_depth_and_nothing_else(tmp_path):
    for name in ("b.PNG", "below/a.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert pictures_below(tmp_path, 9) == [tmp_path / "b.PNG", tmp_path / "below" / "a.jpg"]


def test_of_many_pictures_those_taken_are_spread_over_the_folder(tmp_path):
    for number in range(31):
        (tmp_path / f"{number:02d}.png").touch()
    assert [path.stem for path in pictures_below(tmp_path, 4)] == ["00", "10", "20", "30"]


def test_a_folder_without_pictures_and_an_absent_one_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"no picture in .*: expected \.png"):
        pictures_below(tmp_path, 3)
    with pytest.raises(ValueError, match="there is no folder"):
        pictures_below(tmp_path / "absent", 3)
