from fer_core.cli.predict_places import report_places
from fer_core.inference.inputs import list_inputs


def places(folder, *names, out="out"):
    """Places of files of these names below a folder."""
    words = [str(folder / name) for name in names]
    found = report_places(list_inputs(words), folder / out)
    return [place.relative_to(folder / out).as_posix() for place in found]


def test_videos_of_one_name_are_numbered_in_the_order_of_the_command_line(tmp_path):
    names = ("a/clip.mp4", "b/clip.mp4", "clip.mov", "other.mp4", "b/Clip.mp4")
    expected = ["clip.mp4", "clip-2.mp4", "clip-3.mov", "other.mp4", "Clip-4.mp4"]
    assert places(tmp_path, *names) == expected
    assert places(tmp_path, *names) == expected  # when the command is called again


def test_a_place_that_is_another_video_s_is_passed_over(tmp_path):
    names = ("clip-2.mp4", "clip.mp4", "b/clip.mp4")
    assert places(tmp_path, *names) == ["clip-2.mp4", "clip.mp4", "clip-3.mp4"]


def test_a_video_named_as_a_table_of_another_one_does_not_share_it(tmp_path):
    names = ("clip.mp4", "clip.long.mp4")  # clip.long.csv
    assert places(tmp_path, *names) == ["clip.mp4", "clip.long-2.mp4"]


def test_images_take_no_place_from_videos(tmp_path):
    assert places(tmp_path, "clip.png", "b/clip.png", "clip.mp4")[2] == "clip.mp4"


def test_videos_of_a_folder_keep_its_folders(tmp_path):
    for name in ("in/a/clip.mp4", "in/b/clip.mp4"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert places(tmp_path, "in") == ["a/clip.mp4", "b/clip.mp4"]


def test_files_beside_their_video_keep_its_name(tmp_path):
    (tmp_path / "clip.mp4").touch()
    assert places(tmp_path, "clip.mp4", out=".") == ["clip.mp4"]
