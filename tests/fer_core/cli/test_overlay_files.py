from PIL import Image

from fer_core.cli.overlay_files import MARK, is_overlay, overlay_places, save_overlay
from fer_core.inference.inputs import list_inputs
from fer_core.video.writer import VideoWriter


def photo_in(folder):
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "a.jpg")
    return list_inputs([str(folder / "a.jpg")])


def test_an_overlay_replaces_that_of_an_earlier_call(tmp_path):
    inputs = photo_in(tmp_path / "photos")
    (file,) = overlay_places(inputs, tmp_path)
    save_overlay(Image.new("RGB", (8, 8), "red"), file)
    assert overlay_places(inputs, tmp_path) == [file] == [tmp_path / "a.png"]


def test_an_overlay_replaces_no_other_file_wherever_it_stands(tmp_path):
    photos = tmp_path / "photos"
    inputs = photo_in(photos)
    for folder in (photos, tmp_path):
        Image.new("RGB", (8, 8), "blue").save(folder / "a.png")  # another's
        (folder / "a-2.png").write_text("no image")
        (folder / "a-3.png").mkdir()
        assert overlay_places(inputs, folder) == [folder / "a-4.png"]


def test_a_video_says_that_it_is_an_overlay(tmp_path):
    for name, comment in (("own.mp4", MARK), ("another.mp4", "")):
        with VideoWriter(tmp_path / name, comment=comment) as writer:
            for time in range(2):
                writer.write(Image.new("RGB", (32, 32)), time)
    (tmp_path / "broken.mp4").write_text("no video")
    assert is_overlay(tmp_path / "own.mp4")
    assert not is_overlay(tmp_path / "another.mp4")
    assert not is_overlay(tmp_path / "broken.mp4")


def test_two_inputs_never_share_an_overlay(tmp_path):
    photos = tmp_path / "photos"
    photo_in(photos)
    Image.new("RGB", (8, 8)).save(photos / "a.png")
    (photos / "a.mp4").write_text("video")
    names = [file.name for file in overlay_places(list_inputs([str(photos)]), tmp_path / "out")]
    assert names == ["a.png", "a.mp4", "a-2.png"]


def test_an_image_larger_than_can_be_opened_is_no_overlay(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    assert not is_overlay(tmp_path / "large.png")
