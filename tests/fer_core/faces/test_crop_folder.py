import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.faces.crop_folder import crop_names, list_photos, open_folder, write_failures
from fer_core.faces.crops import AlignmentError, Settings

SETTINGS = Settings(64)


def touch(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def opened(out, photographs, settings=SETTINGS):
    open_folder(out, photographs, settings, out / "failures.csv")


def test_photographs_are_listed_at_any_depth_with_their_sub_folders(tmp_path):
    touch(tmp_path / "in", "b.JPG", "train/happy/x.jpg", "train/happy/deep er/y.Tiff", "a.webp")
    touch(tmp_path / "in", "notes.txt", "train/labels.csv", ".hidden.jpg", ".thumbs/x.jpg", "jpg")
    photos = list_photos(tmp_path / "in", tmp_path / "out")
    assert {
        photo.name: photo.crop(SETTINGS).relative_to(tmp_path).as_posix() for photo in photos
    } == {
        "a.webp": "out/a.png",
        "b.JPG": "out/b.png",
        "train/happy/deep er/y.Tiff": "out/train/happy/deep er/y.png",
        "train/happy/x.jpg": "out/train/happy/x.png",
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "b.jpg"], ["a", "b"]),
        (["a.jpg", "a.png", "b.jpg"], ["a.jpg", "a.png", "b"]),
        (["A.jpg", "a.png"], ["A.jpg", "a.png"]),
        (["a.jpg", "a.jpg.bmp", "a.png"], ["a.jpg", "a.jpg.bmp", "a.png"]),
        (["A.jpg", "a.jpg"], ["A.jpg", "a.jpg"]),
        (["x.jpg", "x_1.jpg", "x.1.jpg"], ["x", "x_1", "x.1"]),
    ],
)
def test_no_two_photographs_share_a_crop(names, expected):
    assert crop_names(names) == expected
    assert crop_names(names[::-1]) == expected[::-1]


def test_numbered_faces_never_share_a_crop_with_another_photograph(tmp_path):
    touch(tmp_path / "in", "x.jpg", "x_1.jpg", "x_1_1.jpg")
    photos = list_photos(tmp_path / "in", tmp_path / "out")
    settings = Settings(faces="all")
    crops = [photo.crop(settings, number) for photo in photos for number in range(1, 13)]
    assert len(set(crops)) == len(crops)


def test_linked_folders_are_entered_but_never_in_a_circle(tmp_path):
    touch(tmp_path / "in", "a.jpg")
    touch(tmp_path / "elsewhere", "b.jpg")
    (tmp_path / "in/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/up").symlink_to(tmp_path / "in")
    (tmp_path / "in/lost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    photos = list_photos(tmp_path / "in", tmp_path / "out")
    assert [photo.name for photo in photos] == ["a.jpg", "lost.jpg", "link/b.jpg"]


def test_names_that_are_no_utf8_are_listed(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    touch(tmp_path / "in", name)
    photo = list_photos(tmp_path / "in", tmp_path / "out")[0]
    assert photo.name == "caf\\xe9.jpg"
    assert photo.crop(SETTINGS).name == os.fsdecode(b"caf\xe9.png")


def test_a_folder_of_photographs_that_cannot_be_used_says_why(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(AlignmentError, match="gone does not exist"):
        list_photos(tmp_path / "gone", out)
    touch(tmp_path, "file.jpg", "in/notes.txt")
    with pytest.raises(AlignmentError, match=r"file\.jpg is a file"):
        list_photos(tmp_path / "file.jpg", out)
    with pytest.raises(AlignmentError, match=r"no images: .* \.png, \.jpg, .* at any depth"):
        list_photos(tmp_path / "in", out)


@pytest.mark.parametrize("out", ["in", "in/out", "in/../in/deep/out", "link/out"])
def test_crops_never_go_among_the_photographs(tmp_path, out):
    touch(tmp_path / "in", "a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(AlignmentError, match="lies in the photographs' folder"):
        list_photos(tmp_path / "in", tmp_path / out)


def test_the_folder_of_crops_says_how_they_are_cut_and_can_be_opened_again(tmp_path):
    out = tmp_path / "new" / "out"
    opened(out, tmp_path)
    written = json.loads((out / "align.json").read_text())
    assert written["size"] == 64
    assert written["landmarks"] == [list(place) for place in SETTINGS.landmarks]
    touch(out, "train/x.png")
    opened(out, tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": 96}, "size 64 -> 96"),
        ({"faces": "all"}, "faces 'largest' -> 'all'"),
        ({"grey": True}, "grey False -> True"),
        ({"landmarks": ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))}, "landmarks "),
    ],
)
def test_crops_cut_otherwise_are_never_mixed(tmp_path, change, said):
    opened(tmp_path / "out", tmp_path)
    with pytest.raises(AlignmentError, match=said):
        opened(tmp_path / "out", tmp_path, replace(SETTINGS, **change))


def test_crops_of_other_photographs_are_never_mixed(tmp_path):
    opened(tmp_path / "out", tmp_path / "train")
    with pytest.raises(AlignmentError, match=r"photographs '.*train' -> '.*test'"):
        opened(tmp_path / "out", tmp_path / "test")


def test_a_folder_of_something_else_is_refused(tmp_path):
    touch(tmp_path, "out/holiday.png", "file", "only_hidden/.DS_Store")
    with pytest.raises(AlignmentError, match=r"holds files but no align\.json"):
        opened(tmp_path / "out", tmp_path)
    with pytest.raises(AlignmentError, match="file is a file"):
        opened(tmp_path / "file", tmp_path)
    with pytest.raises(AlignmentError, match="cannot be written: Not a directory"):
        opened(tmp_path / "file" / "out", tmp_path)
    opened(tmp_path / "only_hidden", tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_broken_settings_are_refused(tmp_path, text):
    (tmp_path / "align.json").write_text(text)
    with pytest.raises(AlignmentError, match=r"align\.json is broken"):
        opened(tmp_path, tmp_path)


def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    opened(tmp_path / "out", tmp_path)
    touch(tmp_path / "out", "train/.fer-123-4.tmp", "train/x.png")
    opened(tmp_path / "out", tmp_path)
    files = [path.name for path in Path(tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted(files) == ["align.json", "x.png"]


def test_a_list_of_failures_that_cannot_be_written_is_refused_at_the_start(tmp_path):
    with pytest.raises(AlignmentError, match="is a folder: name a file for --failures"):
        open_folder(tmp_path / "out", tmp_path, SETTINGS, tmp_path)
    touch(tmp_path, "file")
    with pytest.raises(AlignmentError, match="cannot be written"):
        open_folder(tmp_path / "out", tmp_path, SETTINGS, tmp_path / "file" / "failures.csv")
    open_folder(tmp_path / "out", tmp_path, SETTINGS, tmp_path / "logs" / "failures.csv")


def test_failures_are_a_csv_list_that_is_replaced(tmp_path):
    file = tmp_path / "lists" / "failures.csv"
    rows = [("a, b.jpg", "no face found"), ("caf\\xe9\n.jpg", 'a "quoted" reason \udcff')]
    write_failures(file, rows)
    with file.open(newline="", encoding="utf-8") as stream:
        read = list(csv.reader(stream))
    assert read[0] == ["image", "reason"]
    assert read[1:] == [list(rows[0]), ["caf\\xe9\n.jpg", 'a "quoted" reason \\udcff']]
    write_failures(file, [])
    assert file.read_text() == "image,reason\n"
