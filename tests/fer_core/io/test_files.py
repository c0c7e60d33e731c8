import errno
import os
import threading

import pytest

from fer_core.io import files
from fer_core.io.files import displayed, parse_json, remove_leftovers, write_whole


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


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path):
    (tmp_path / "real").write_bytes(b"first")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", b"second")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"second"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_what_is_no_regular_file_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "pipe", b"content")
    reader.join(10)
    assert read == [b"content"]
    assert (tmp_path / "pipe").is_fifo()


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / ".fer-7-8.tmp").write_bytes(b"half")
    (tmp_path / "state.pt").write_bytes(b"whole")
    (tmp_path / ".fer-7-9.tmp").write_bytes(b"half")
    remove_leftovers(tmp_path)
    assert (tmp_path / "checkpoint" / ".fer-7-8.tmp").exists()  # another run may write below
    assert not (tmp_path / ".fer-7-9.tmp").exists()
    remove_leftovers(tmp_path, below=True)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["state.pt"]


@pytest.mark.parametrize("kind", [str, str.encode])
def test_half_a_character_is_no_text_and_a_whole_one_in_two_halves_is(kind):
    for text in ('{"a": "\\ud800"}', '{"a": ["b\\uDFFF"]}', '{"\\udc00": 1}'):
        with pytest.raises(ValueError, match="half of a character"):
            parse_json(kind(text))
    assert parse_json(kind('{"a": "\\ud83d\\ude00 \\u00e9"}')) == {"a": "\U0001f600 é"}


def test_a_number_that_no_table_can_hold_is_refused():
    assert parse_json('{"a": [123456789012345678, -1, 2.5]}') == {
        "a": [123456789012345678, -1, 2.5]
    }
    with pytest.raises(ValueError, match="a whole number of 401 digits, at most 18"):
        parse_json('{"a": 1' + "0" * 400 + "}")
