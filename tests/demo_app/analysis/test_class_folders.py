import io
import random
import zipfile

import pytest
from PIL import Image

from demo_app.analysis import class_folders
from demo_app.analysis.class_folders import ClassFoldersError, list_class_folders


def png():
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def pack(tmp_path):
    """Writes a ZIP file of names; gives its path."""

    def call(*names, content=None):
        path = tmp_path / "own.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, png() if content is None else content)
        return path

    return call


def test_folders_are_classes_by_any_name_of_an_emotion(pack, tmp_path):
    archive = pack("happy/1.png", "happy/2.png", "sadness/3.png")
    folder = list_class_folders(archive, tmp_path / "out", 10)
    assert [(photo.name, photo.label) for photo in folder.photos] == [
        ("happy/1.png", "happiness"),
        ("happy/2.png", "happiness"),
        ("sadness/3.png", "sadness"),
    ]


def test_folders_may_lie_in_one_and_what_systems_add_is_passed_over(pack, tmp_path):
    names = ("a?b/fear/1.png", "a?b/anger/2.png", "a?b/.DS_Store", "__MACOSX/fear/._1.png", "x.txt")
    folder = list_class_folders(pack(*names), tmp_path / "out", 10)
    assert {photo.label for photo in folder.photos} == {"fear", "anger"}


@pytest.mark.parametrize("name", ["../fear/1.png", "/etc/fear/1.png", "fear\\..\\..\\1.png"])
def test_no_file_is_written_outside_of_the_folder(pack, tmp_path, name):
    with pytest.raises(ClassFoldersError, match="outside"):
        list_class_folders(pack(name, "anger/2.png"), tmp_path / "deep" / "out", 10)
    assert not list(tmp_path.rglob("1.png"))


def test_a_link_is_not_followed(tmp_path):
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("fear/passwords.png")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
        file.writestr("anger/1.png", png())
        file.writestr("happiness/1.png", png())
    folder = list_class_folders(path, tmp_path / "out", 10)
    assert {photo.label for photo in folder.photos} == {"anger", "happiness"}


def test_too_many_files_are_counted_before_one_is_unpacked(pack, tmp_path):
    with pytest.raises(ClassFoldersError, match=r"3 files.* 2 "):
        list_class_folders(pack("a/1.png", "a/2.png", "b/3.png"), tmp_path / "out", 2)
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_stopped_while_it_is_unpacked(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(class_folders, "MOST_BYTES", 3_000_000)
    with pytest.raises(ClassFoldersError, match="3 MB"):
        list_class_folders(pack("fear/1.png", content=bytes(4_000_000)), tmp_path / "out", 10)


def test_a_file_that_is_no_zip_file_gets_a_sentence(tmp_path):
    (tmp_path / "own.zip").write_text("no archive")
    with pytest.raises(ClassFoldersError, match="not a ZIP"):
        list_class_folders(tmp_path / "own.zip", tmp_path / "out", 10)


@pytest.mark.parametrize("names", [("1.png", "2.png"), ("fear/notes.txt",)])
def test_without_labelled_photographs_the_form_is_told_and_no_folder_of_the_server(
    pack, tmp_path, names
):
    with pytest.raises(ClassFoldersError, match="each class") as error:
        list_class_folders(pack(*names), tmp_path / "out", 10)
    assert str(tmp_path) not in str(error.value)
    assert "?split=" not in str(error.value)


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_zip_file_gets_a_sentence(tmp_path, kind):
    noise = random.Random(0).choices(b"abcdef", k=20_000)
    archive = tmp_path / "own.zip"
    with zipfile.ZipFile(archive, "w", kind) as file:
        file.writestr("fear/1.bmp", bytes(noise))
    content = archive.read_bytes()
    for number, place in enumerate((45, 60, 200, 1000)):
        changed = bytes(byte ^ 255 for byte in content[place : place + 9])
        archive.write_bytes(content[:place] + changed + content[place + 9 :])
        with pytest.raises(ClassFoldersError, match="not a ZIP"):
            list_class_folders(archive, tmp_path / f"out{number}", 10)


def test_the_folders_of_subjects_in_a_single_class_are_no_classes(pack, tmp_path):
    archive = pack("faces/happy/s1/1.png", "faces/happy/s2/2.png")
    folder = list_class_folders(archive, tmp_path / "out", 10)
    assert [(photo.name, photo.label) for photo in folder.photos] == [
        ("happy/s1/1.png", "happiness"),
        ("happy/s2/2.png", "happiness"),
    ]


def test_a_mixture_of_emotions_and_other_names_is_told_without_a_command_line(pack, tmp_path):
    with pytest.raises(ClassFoldersError) as error:
        list_class_folders(pack("happy/1.png", "engaged/2.png"), tmp_path / "out", 10)
    told = str(error.value)
    assert "'engaged' is not an emotion, while 'happy' names an emotion" in told
    assert "classes=" not in told
    assert str(tmp_path) not in told
