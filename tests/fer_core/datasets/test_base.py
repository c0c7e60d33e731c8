from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import (
    DATASETS,
    DataError,
    Decoding,
    FaceData,
    Split,
    content_hash,
    load_data,
)
from fer_core.datasets.base import Source, parse_uri, take_options
from fer_core.datasets.cache.decode import decode
from fer_core.datasets.images import ImageFiles, UnusableImageError


def decoded(paths, to):
    return decode(ImageFiles(tuple(paths)), range(len(paths)), to)


def image(width=8, height=8, mode="RGB"):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def test_a_uri_has_a_kind_a_path_and_options():
    assert parse_uri("ferplus:/data/fer?classes=7&test=FER2013Test") == Source(
        "ferplus", Path("/data/fer"), {"classes": "7", "test": "FER2013Test"}
    )
    assert parse_uri("synthetic") == Source("synthetic", None, {})
    assert parse_uri("folder:~/faces").path == Path.home() / "faces"


def test_an_option_without_a_value_is_not_passed_over():
    assert parse_uri("synthetic?train=").options == {"train": ""}


def test_an_option_given_twice_is_refused_by_its_name():
    with pytest.raises(DataError, match="folder takes the option 'split' once, got it 2 times"):
        parse_uri("folder:faces?split=0.2&seed=1&split=0.5")


def test_options_that_a_data_set_does_not_have_are_named_with_those_it_has():
    source = parse_uri("synthetic?colour=1")
    with pytest.raises(DataError, match=r"synthetic has no option 'colour'.*train=3000"):
        take_options(source, train="3000")


def test_an_unknown_data_set_lists_the_known_ones_and_the_nearest():
    with pytest.raises(DataError, match=r"unknown data set 'ferplsu'.*'rafdb'.*mean 'ferplus'"):
        load_data("ferplsu:/data", Decoding(8, 3))


NEEDED = {"csv": "table", "fer2013": "file or folder", "hf": "folder or OWNER/NAME of the hub"}


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"synthetic"}))
def test_a_data_set_without_its_folder_shows_the_expected_tree(name, tmp_path):
    what = NEEDED.get(name, "folder")
    with pytest.raises(DataError, match=rf"{name} needs a {what}, [\s\S]*Expected:[\s\S]*PATH"):
        load_data(name, Decoding(8, 3))
    with pytest.raises(DataError, match=rf"no {what} at .*absent[\s\S]*Expected:[\s\S]*PATH"):
        load_data(f"{name}:{tmp_path / 'absent'}", Decoding(8, 3))
    if what == "folder":
        (tmp_path / "file").touch()
        with pytest.raises(DataError, match=rf"file is a file: {name} needs a folder"):
            load_data(f"{name}:{tmp_path / 'file'}", Decoding(8, 3))


def test_convention_images_are_rgb_rows_from_the_top(tmp_path):
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0, 3] = (255, 0, 0)  # red at the top right
    Image.fromarray(pixels).save(tmp_path / "a.png")
    images = decoded([tmp_path / "a.png"], Decoding(4, 3))
    assert images.shape == (1, 4, 4, 3)
    assert images.dtype == np.uint8
    assert np.array_equal(images[0], pixels)


def test_images_are_brought_to_the_asked_size_and_channels(tmp_path):
    image(20, 10).save(tmp_path / "a.png")
    image(8, 8, "L").save(tmp_path / "b.png")
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    assert decoded(paths, Decoding(8, 1)).shape == (2, 8, 8, 1)
    colour = decoded(paths, Decoding(8, 3))
    assert colour.shape == (2, 8, 8, 3)
    assert (colour[1] == colour[1, ..., :1]).all()


def test_images_keep_the_order_of_their_paths(tmp_path):
    paths = []
    for value in range(40):
        paths.append(tmp_path / f"{99 - value}.png")
        Image.new("L", (4, 4), value).save(paths[-1])
    assert decoded(paths, Decoding(4, 1))[:, 0, 0, 0].tolist() == list(range(40))


def test_a_photograph_stored_turned_is_decoded_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    image().transpose(Image.Transpose.ROTATE_180).save(tmp_path / "a.png", exif=exif)
    images = decoded([tmp_path / "a.png"], Decoding(8, 3))
    assert np.array_equal(images[0], np.asarray(image()))


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_broken_image_is_named(tmp_path, content):
    image().save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(content)
    with pytest.raises(UnusableImageError, match=r"b\.png is not a readable image"):
        decoded([tmp_path / "a.png", tmp_path / "b.png"], Decoding(8, 3))


def test_half_an_image_is_broken(tmp_path):
    image(64, 64).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnusableImageError, match=r"a\.png is not a readable image"):
        decoded([tmp_path / "a.png"], Decoding(8, 3))


def test_an_absent_image_is_named(tmp_path):
    with pytest.raises(UnusableImageError, match=r"b\.png is absent"):
        decoded([tmp_path / "b.png"], Decoding(8, 3))


def test_the_content_hash_changes_with_every_pixel_and_every_label():
    def data(pixel=0, label=0):
        images = np.zeros((2, 4, 4, 3), np.uint8)
        images[1, 3, 3, 2] = pixel
        digests = images.reshape(2, -1)[:, -16:]
        train = Split("train", images, np.array([0, label]), ("a", "b"), digests=digests)
        test = Split("test", images[:1], np.array([0]), ("c",), digests=digests[:1])
        return FaceData("made", ("neutral", "fear"), train, test, 4, False)

    hashes = {content_hash(d) for d in (data(), data(pixel=1), data(label=1))}
    assert len(hashes) == 3
    assert content_hash(data()) == content_hash(data())


def test_a_home_that_nobody_has_is_a_sentence():
    with pytest.raises(DataError, match="no home folder for '~nobody-here-has-this-name/faces'"):
        parse_uri("folder:~nobody-here-has-this-name/faces")
