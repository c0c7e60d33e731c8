import pytest
from filelock import FileLock

from fer_core.datasets import Decoding, Storage
from fer_core.datasets.cache.folder import clear_cache, list_entries
from fer_core.datasets.cache.store import store

PART = f"part-{'c' * 64}-abc_1234"


@pytest.fixture
def cache(tmp_path, faces):
    folder = tmp_path / "cache"
    for decoding in (Decoding(8, 3), Decoding(16, 1)):
        store(faces, decoding, Storage("cache", folder))
    return folder


def test_entries_tell_what_they_hold(cache):
    entries = list_entries(cache)
    assert sorted(entry.shape for entry in entries) == [(7, 8, 8, 3), (7, 16, 16, 1)]
    for entry in entries:
        assert entry.bytes == sum(file.stat().st_size for file in entry.path.iterdir())


def test_what_a_killed_run_left_is_unfinished(cache):
    (cache / "entries" / PART).mkdir()
    (cache / "entries" / PART / "images.u8").write_bytes(b"12345")
    (left,) = [entry for entry in list_entries(cache) if entry.shape is None]
    assert (left.path.name, left.bytes) == (PART, 5)


@pytest.mark.parametrize("about", [None, "", "[]", '{"images": 7}', '{"images": "x"}'])
def test_an_entry_without_a_sound_description_is_unfinished(cache, about):
    file = list_entries(cache)[0].path / "about.json"
    file.unlink() if about is None else file.write_text(about)
    assert [entry.shape is None for entry in list_entries(cache)] == [True, False]


def test_an_entry_that_is_not_whole_is_unfinished(cache):
    (list_entries(cache)[1].path / "images.u8").write_bytes(b"1")
    assert [entry.shape is None for entry in list_entries(cache)] == [False, True]


def test_clearing_deletes_entries_leftovers_and_remembered_facts_and_tells_how_much(cache, faces):
    (cache / "entries" / PART).mkdir()
    parts = [file for name in ("entries", "known") for file in (cache / name).rglob("*")]
    size = sum(file.stat().st_size for file in parts if file.is_file())
    cleared = clear_cache(cache)
    assert (cleared.entries, cleared.bytes, cleared.kept) == (3, size, ())
    assert list_entries(cache) == []
    assert list((cache / "entries").iterdir()) == list((cache / "known").iterdir()) == []
    again = store(faces, Decoding(8, 3), Storage("cache", cache))
    assert again.images.shape == (7, 8, 8, 3)


def test_clearing_keeps_all_that_is_not_of_the_cache(cache):
    mine = [
        *("notes.txt", "entries/notes.txt", "entries/mine/images.u8", "known/mine.npz"),
        *("images/images.u8", f"entries/{'a' * 63}/images.u8"),
    ]
    for place in mine:
        (cache / place).parent.mkdir(parents=True, exist_ok=True)
        (cache / place).write_text("mine")
    inside = list_entries(cache)[0].path / "mine.txt"
    inside.write_text("mine")
    elsewhere = cache.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "images.u8").write_text("mine")
    (cache / "entries" / ("d" * 64)).symlink_to(elsewhere)
    clear_cache(cache)
    for file in (*(cache / place for place in mine), inside, elsewhere / "images.u8"):
        assert file.read_text() == "mine"
    assert (cache / "locks").is_dir()


def test_an_entry_that_a_run_is_writing_stays(cache):
    (cache / "entries" / PART).mkdir()
    with FileLock(cache / "locks" / f"{'c' * 64}.lock"):
        assert clear_cache(cache).kept == (cache / "entries" / PART,)
    assert (cache / "entries" / PART).is_dir()
    assert clear_cache(cache).entries == 1
    assert not (cache / "entries" / PART).exists()


def test_where_there_is_no_cache_nothing_is_shown_deleted_or_made(tmp_path):
    assert list_entries(tmp_path / "none") == []
    assert clear_cache(tmp_path / "none") == (0, 0, ())
    assert not (tmp_path / "none").exists()
