import errno
import os

import pytest

from fer_core import files
from fer_core.files import displayed, write_whole


def test_a_file_is_written_and_replaced(tmp_path):
    write_whole(tmp_path / "a.txt", b"first")
    write_whole(tmp_path / "a.txt", b"second")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"second")]


def test_a_file_that_cannot_be_replaced_whole_stays_as_it_was(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_whole(tmp_path / "a.txt", b"first")
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'$"):
        write_whole(tmp_path / "a.txt", b"second")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"first")]


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    write_whole(tmp_path / ("a" * 255), b"content")
    assert (tmp_path / ("a" * 255)).read_bytes() == b"content"


def test_a_path_is_shown_as_it_is_where_it_is_text():
    assert displayed("faces/émue.png") == "faces/émue.png"


def test_names_that_are_no_utf8_are_shown_with_escapes():
    assert displayed(os.fsdecode(b"caf\xe9/\xc3\xa9.jpg")) == "caf\\xe9/\u00e9.jpg"
