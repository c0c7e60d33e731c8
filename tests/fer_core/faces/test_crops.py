import errno
import os

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.faces import crops as alignment
from fer_core.faces.crop_landmarks import USUAL_LANDMARKS
from fer_core.faces.crops import (
    AlignmentError,
    Photo,
    Settings,
    align_photo,
)
from fer_core.faces.detect import detect_faces
from fer_core.io import files

LOW = ((0.35, 0.45), (0.65, 0.45), (0.50, 0.70))
EXIF_ORIENTATION = 0x0112
TURNED_LEFT = 6  # stored turned; to be shown turned by 90 degrees clockwise


def photo_of(file, folder):
    return Photo(file, file.name, folder / "crops" / file.stem)


def places(crop):
    """Where the detector sees eyes and mouth in a crop, as shares of its side."""
    side = crop.size[0]
    wide = Image.new("RGB", (2 * side, 2 * side))
    wide.paste(crop, (side // 2, side // 2))
    return (detect_faces(wide)[0].landmarks - side / 2) / side


@pytest.fixture
def two_people():
    """A small person on the left and a large one on the right."""
    generator = np.random.default_rng(0)
    image = Image.new("RGB", (260, 160), (90, 110, 130))
    image.paste(draw_portrait("neutral", 100, generator), (0, 20))
    image.paste(draw_portrait("happiness", 160, generator), (100, 0))
    return image


@pytest.mark.parametrize("landmarks", [tuple(map(tuple, USUAL_LANDMARKS.tolist())), LOW])
@pytest.mark.slow
def test_convention_a_crop_has_eyes_and_mouth_where_they_were_asked(tmp_path, portrait, landmarks):
    portrait.save(tmp_path / "a.png")
    photo, settings = photo_of(tmp_path / "a.png", tmp_path), Settings(160, landmarks=landmarks)
    assert align_photo(photo, settings) == ""
    with Image.open(tmp_path / "crops/a.png") as crop:
        assert (crop.size, crop.mode) == ((160, 160), "RGB")
        assert np.allclose(places(crop), landmarks, atol=6 / 160)


def test_grey_crops_have_one_channel(tmp_path, portrait):
    portrait.save(tmp_path / "a.png")
    assert align_photo(photo_of(tmp_path / "a.png", tmp_path), Settings(48, grey=True)) == ""
    with Image.open(tmp_path / "crops/a.png") as crop:
        assert (crop.size, crop.mode) == ((48, 48), "L")


def test_of_several_faces_the_largest_is_the_crop(tmp_path, two_people):
    two_people.save(tmp_path / "a.png")
    two_people.crop((100, 0, 260, 160)).save(tmp_path / "alone.png")
    for name in ("a.png", "alone.png"):
        assert align_photo(photo_of(tmp_path / name, tmp_path), Settings(64)) == ""
    crops = [np.asarray(Image.open(tmp_path / f"crops/{n}.png"), float) for n in ("a", "alone")]
    assert np.abs(crops[0] - crops[1]).mean() < 12
    assert sorted(file.name for file in (tmp_path / "crops").iterdir()) == ["a.png", "alone.png"]


@pytest.mark.slow
def test_all_faces_are_numbered_from_the_largest_which_is_written_last(
    tmp_path, two_people, monkeypatch
):
    two_people.save(tmp_path / "a.png")
    photo, settings = photo_of(tmp_path / "a.png", tmp_path), Settings(64, "all")
    written = []

    def noted(file, content):
        written.append(file.name)
        assert not file.with_name("a_1.png").exists()
        files.write_whole(file, content)

    monkeypatch.setattr(alignment, "write_whole", noted)
    assert align_photo(photo, settings) == ""
    assert written == ["a_2.png", "a_1.png"]
    assert photo.is_aligned(settings)
    assert align_photo(photo._replace(target=tmp_path / "other/a"), Settings(64)) == ""
    first, largest = tmp_path / "crops/a_1.png", tmp_path / "other/a.png"
    assert first.read_bytes() == largest.read_bytes()


@pytest.mark.slow
def test_a_photograph_stored_turned_is_cut_upright(tmp_path, portrait):
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = TURNED_LEFT
    portrait.rotate(90).save(tmp_path / "turned.png", exif=exif)
    portrait.save(tmp_path / "upright.png")
    for name in ("turned", "upright"):
        assert align_photo(photo_of(tmp_path / f"{name}.png", tmp_path), Settings(64)) == ""
    crops = [Image.open(tmp_path / f"crops/{name}.png") for name in ("turned", "upright")]
    assert crops[0].tobytes() == crops[1].tobytes()


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("CMYK", ".jpg"), ("RGBA", ".webp"), ("P", ".gif"), ("I;16", ".png"), ("L", ".tif")],
)
def test_photographs_of_any_kind_are_taken(tmp_path, portrait, mode, suffix):
    file = tmp_path / f"a{suffix}"
    if mode == "I;16":
        Image.fromarray(np.asarray(portrait.convert("L")).astype(np.uint16) * 257).save(file)
    else:
        portrait.convert(mode).save(file)
    assert align_photo(photo_of(file, tmp_path), Settings(64)) == ""
    assert Image.open(tmp_path / "crops/a.png").mode == "RGB"


def break_photo(file, kind, portrait):
    portrait.save(file)
    content = {"empty": b"", "text": b"no image\n", "truncated": file.read_bytes()[:3000]}
    file.write_bytes(content[kind])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "unreadable image: the file is empty"),
        ("text", "unreadable image: no image format known here"),
        ("truncated", "unreadable image: image file is truncated"),
    ],
)
def test_a_broken_photograph_has_a_reason_and_leaves_nothing(tmp_path, portrait, kind, reason):
    break_photo(tmp_path / "a.jpg", kind, portrait)
    assert align_photo(photo_of(tmp_path / "a.jpg", tmp_path), Settings(64)).startswith(reason)
    assert not (tmp_path / "crops").exists()


def test_a_photograph_without_a_face_says_so(tmp_path):
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "a.png")
    photo = photo_of(tmp_path / "a.png", tmp_path)
    assert align_photo(photo, Settings()) == "no face found"
    assert not (tmp_path / "crops").exists()


def test_a_failing_detector_is_a_reason_not_an_end(tmp_path, portrait, monkeypatch):
    def fail(_):
        raise RuntimeError("expected a tensor\nbut got none")

    portrait.save(tmp_path / "a.png")
    monkeypatch.setattr(alignment, "detect_faces", fail)
    reason = align_photo(photo_of(tmp_path / "a.png", tmp_path), Settings())
    assert reason == "alignment failed: RuntimeError: expected a tensor but got none"


def test_a_name_that_no_crop_can_have_is_a_reason(tmp_path, portrait):
    portrait.save(tmp_path / "a.png")
    (tmp_path / "crops").write_text("a file where the folder should be")
    reason = align_photo(photo_of(tmp_path / "a.png", tmp_path), Settings())
    assert reason == "the crop cannot be written: File exists"


def fill_disk(monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)


def test_a_full_disk_ends_the_run_and_leaves_no_half_image(tmp_path, portrait, monkeypatch):
    portrait.save(tmp_path / "a.png")
    fill_disk(monkeypatch)
    with pytest.raises(AlignmentError, match=r"a\.png cannot be written: No space left on device"):
        align_photo(photo_of(tmp_path / "a.png", tmp_path), Settings(64))
    assert list((tmp_path / "crops").iterdir()) == []


@pytest.mark.parametrize("size", [15, 0, -3, 2049])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(AlignmentError, match=f"size must be 16 to 2048 pixels, got {size}"):
        Settings(size)
