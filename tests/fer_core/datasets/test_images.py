import os
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, load_data
from fer_core.datasets.cache.decode import decode, read_all
from fer_core.datasets.images import (
    ImageFiles,
    PixelRows,
    UnusableImageError,
    image_files,
    relative_names,
)

RED, WHITE = [254, 0, 0], [255, 255, 255]


def save(path, mode="RGB", colour=(254, 0, 0), size=(20, 20), **options):
    Image.new("RGB", size, colour).convert(mode).save(path, **options)
    return path


def first_pixel(path):
    return decode(ImageFiles((path,)), [0], Decoding(8, 3))[0, 0, 0].astype(int).tolist()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("cmyk.jpg", "CMYK"),
        ("cmyk.tif", "CMYK"),
        ("rgba.png", "RGBA"),
        ("palette.gif", "P"),
        ("palette.png", "P"),
        ("ycbcr.jpg", "YCbCr"),
        ("rgb.webp", "RGB"),
    ],
)
def test_images_of_every_kind_become_rgb_of_eight_bits(tmp_path, name, mode):
    pixel = first_pixel(save(tmp_path / name, mode))
    assert max(abs(one - other) for one, other in zip(pixel, RED, strict=True)) < 12


def test_sixteen_bits_are_reduced_not_clipped(tmp_path):
    Image.fromarray(np.full((20, 20), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    assert first_pixel(tmp_path / "deep.png") == [128, 128, 128]


def test_what_is_transparent_is_white(tmp_path):
    Image.new("RGBA", (20, 20), (254, 0, 0, 0)).save(tmp_path / "clear.png")
    assert first_pixel(tmp_path / "clear.png") == WHITE


def test_an_image_stored_on_its_side_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (30, 20), "white")
    image.paste((254, 0, 0), (0, 10, 15, 20))  # below on the left: above on the left when turned
    image.save(tmp_path / "side.png", exif=exif)
    images = ImageFiles((tmp_path / "side.png",))
    assert images.open(0).size == (20, 30)
    assert first_pixel(tmp_path / "side.png") == RED


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert first_pixel(tmp_path / "a.gif") == [255, 0, 0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("zero.png", b"", "the file is empty"),
        ("text.jpg", b"this is a text file\n", "no image format known here"),
        ("folder.jpg", None, "Is a directory|Permission denied"),
        ("cut.jpg", 0.5, "truncated"),
        ("cut.png", 0.5, "truncated|broken|incomplete"),
    ],
)
def test_what_is_no_whole_image_is_named_with_the_reason(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pixels = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        path.write_bytes(path.read_bytes()[: int(content * path.stat().st_size)])
    with pytest.raises(
        UnusableImageError, match=rf"{name} is not a readable image: .*({reason})"
    ) as error:
        ImageFiles((path,)).open(0)
    assert not error.value.absent


def test_an_absent_file_is_told_from_a_broken_one(tmp_path):
    with pytest.raises(UnusableImageError, match=r"a\.png is absent") as error:
        ImageFiles((tmp_path / "a.png",)).open(0)
    assert error.value.absent


def test_a_path_with_spaces_and_signs_is_read(tmp_path):
    folder = tmp_path / "my faces & others, 100 % (new)"
    for split in ("train", "test"):
        for emotion in (["happy", "face"][0], "angry"):
            (folder / split / emotion).mkdir(parents=True)
            save(folder / split / emotion / "a face #1.png")
    data = load_data(f"folder:{folder}", Decoding(8, 3))
    assert data.train.names == ("train/happy/a face #1.png", "train/angry/a face #1.png")


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_a_file_name_that_is_no_utf8_is_read_and_shown_with_its_bytes(tmp_path):
    for place in ("train/happy", "train/angry", "test/happy", "test/angry"):
        (tmp_path / place).mkdir(parents=True)
        save(tmp_path / "plain.png").rename(tmp_path / place / os.fsdecode(b"caf\xe9.png"))
    data = load_data(f"folder:{tmp_path}", Decoding(8, 3))
    assert data.train.names == (r"train/happy/caf\xe9.png", r"train/angry/caf\xe9.png")
    data.train.names[0].encode("utf-8")
    broken = next((tmp_path / "train" / "angry").iterdir())
    broken.write_bytes(b"")
    with pytest.raises(DataError, match=r"caf\\xe9\.png is not a readable image") as error:
        load_data(f"folder:{tmp_path}", Decoding(8, 3))
    str(error.value).encode("utf-8")


def test_reading_all_goes_on_after_a_broken_image(faces):
    faces.paths[2].write_bytes(b"")
    reads = list(read_all(faces, None))
    assert [isinstance(read, UnusableImageError) for read in reads] == [n == 2 for n in range(7)]
    assert reads[3].size == (13, 12)


def test_grey_and_colour_images_of_the_same_pixels_have_one_digest(tmp_path):
    grey = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    grey.save(tmp_path / "grey.png")
    grey.convert("RGB").save(tmp_path / "colour.bmp")
    grey.resize((4, 16)).save(tmp_path / "other.png")
    names = ("grey.png", "colour.bmp", "other.png")
    digests = [r.digest for r in read_all(ImageFiles(tuple(tmp_path / n for n in names)), None)]
    assert digests[0] == digests[1] != digests[2]


def test_a_face_is_cut_out_by_its_box(tmp_path):
    image = Image.new("RGB", (40, 30), "white")
    image.paste((254, 0, 0), (10, 5, 30, 25))
    image.save(tmp_path / "a.png")
    images = ImageFiles((tmp_path / "a.png",), ((10, 5, 30, 25),))
    assert images.open(0).size == (20, 20)
    assert (decode(images, [0], Decoding(20, 3)) == RED).all()
    assert images.stamp() != ImageFiles((tmp_path / "a.png",)).stamp()
    assert images.select([0]) == images


def test_a_box_may_reach_over_the_edge_but_not_lie_outside(tmp_path):
    save(tmp_path / "a.png", size=(40, 30))
    boxes = ((-5, 20, 20, 50), (40, 0, 60, 20), (10, 10, 10, 20))
    images = ImageFiles((tmp_path / "a.png",) * 3, boxes)
    assert images.open(0).size == (20, 10)
    for index in (1, 2):
        with pytest.raises(
            UnusableImageError, match=r"a\.png is not a readable image: its face box .* lies"
        ):
            images.open(index)


def test_rows_of_pixels_are_images():
    grey = PixelRows(np.arange(32, dtype=np.uint8).reshape(2, 4, 4))
    assert len(grey) == 2
    assert grey.open(1).getpixel((0, 0)) == (16, 16, 16)
    assert len(grey.select([1])) == 1
    assert grey.stamp() != grey.select([1, 0]).stamp()


def test_images_of_a_folder_are_sorted_and_nothing_else(tmp_path):
    for name in ("b.PNG", "a.jpg", ".hidden.png", "notes.txt", "c.gif"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert relative_names(image_files(tmp_path), tmp_path) == ("a.jpg", "b.PNG", "c.gif")


def test_whatever_pillow_raises_on_a_broken_file_names_it(tmp_path, monkeypatch):
    save(tmp_path / "a.png")

    def broken(*_, **__):
        raise struct.error("required argument is not an integer")

    monkeypatch.setattr("fer_core.io.images.Image.open", broken)
    with pytest.raises(
        UnusableImageError, match=r"a\.png is not a readable image: required argument"
    ):
        ImageFiles((tmp_path / "a.png",)).open(0)


def test_a_name_longer_than_any_file_has_is_no_readable_image(tmp_path):
    with pytest.raises(UnusableImageError, match="is not a readable image: File name too long"):
        ImageFiles((tmp_path / ("a" * 300 + ".png"),)).open(0)
