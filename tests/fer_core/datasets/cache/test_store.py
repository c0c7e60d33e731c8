import errno
import mmap
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, Storage
from fer_core.datasets.cache import decode as decoding
from fer_core.datasets.cache import store as storage
from fer_core.datasets.cache.arrays import CachedImages, StreamedImages
from fer_core.datasets.cache.store import StorageError, cache_folder, store
from fer_core.datasets.images import ImageFiles, PixelRows

SMALL = Decoding(8, 3)


def kept(folder, kind="cache"):
    return Storage(kind, folder)


def entries(folder):
    return sorted((folder / "entries").iterdir())


@pytest.fixture
def counted(monkeypatch):
    """The images that are opened."""
    opened = []
    real = ImageFiles.open

    def open_counted(self, index):
        opened.append(index)
        return real(self, index)

    monkeypatch.setattr(ImageFiles, "open", open_counted)
    return opened


def test_cache_and_stream_give_the_same_pixels_and_facts(faces, tmp_path):
    cached = store(faces, SMALL, kept(tmp_path / "cache"))
    streamed = store(faces, SMALL, kept(tmp_path / "other", "stream"))
    assert isinstance(cached.images, CachedImages)
    assert isinstance(streamed.images, StreamedImages)
    assert cached.images.shape == streamed.images.shape == (7, 8, 8, 3)
    for key in (slice(None), slice(2, 5), np.array([6, 0, 0, 3])):
        assert np.array_equal(cached.images[key], streamed.images[key])
    assert np.array_equal(cached.images[:], decoding.decode(faces, range(7), SMALL))
    for one, other in zip(cached.facts, streamed.facts, strict=True):
        assert np.array_equal(one, other)
    assert cached.facts.sizes[3].tolist() == [13, 12]
    assert len({digest.tobytes() for digest in cached.facts.digests}) == 7


def test_images_are_opened_once_and_never_again(faces, tmp_path, counted):
    store(faces, SMALL, kept(tmp_path))
    assert sorted(counted) == list(range(7))
    again = store(faces, SMALL, kept(tmp_path))
    again.images[:]
    store(faces, SMALL, kept(tmp_path, "stream"))
    assert len(counted) == 7


def test_another_size_is_another_entry(faces, tmp_path):
    store(faces, SMALL, kept(tmp_path))
    grey = store(faces, Decoding(8, 1), kept(tmp_path))
    large = store(faces, Decoding(9, 3), kept(tmp_path))
    assert grey.images[:].shape == (7, 8, 8, 1)
    assert large.images[:].shape == (7, 9, 9, 3)
    assert len(entries(tmp_path)) == 3


def test_an_image_that_changes_is_decoded_anew(faces, tmp_path):
    before = store(faces, SMALL, kept(tmp_path)).images[:]
    Image.new("RGB", (10, 12), "red").save(faces.paths[0])
    after = store(faces, SMALL, kept(tmp_path)).images[:]
    assert after[0, 0, 0].tolist() == [255, 0, 0]
    assert np.array_equal(before[1:], after[1:])


def test_another_order_or_selection_is_not_mistaken(faces, tmp_path):
    whole = store(faces, SMALL, kept(tmp_path)).images[:]
    turned = store(faces.select([6, 5, 1]), SMALL, kept(tmp_path)).images[:]
    assert np.array_equal(turned, whole[[6, 5, 1]])


def test_the_same_images_elsewhere_share_the_entry(faces, tmp_path):
    copies = []
    for path in faces.paths:
        copies.append(tmp_path / path.name)
        copies[-1].write_bytes(path.read_bytes())
    store(faces, SMALL, kept(tmp_path / "cache"))
    store(ImageFiles(tuple(copies)), SMALL, kept(tmp_path / "cache"))
    assert len(entries(tmp_path / "cache")) == 1


@pytest.mark.parametrize("damage", [lambda f: f.unlink(), lambda f: f.write_bytes(b"half")])
@pytest.mark.slow
def test_a_damaged_entry_is_built_again(faces, tmp_path, damage):
    before = store(faces, SMALL, kept(tmp_path)).images[:]
    damage(entries(tmp_path)[0] / "images.u8")
    assert np.array_equal(store(faces, SMALL, kept(tmp_path)).images[:], before)


def test_damaged_facts_are_found_out_again(faces, tmp_path):
    before = store(faces, SMALL, kept(tmp_path))
    (known,) = (tmp_path / "known").iterdir()
    known.write_bytes(b"broken")
    after = store(faces, SMALL, kept(tmp_path))
    assert np.array_equal(after.facts.digests, before.facts.digests)


def test_two_runs_that_build_at_once_decode_once(faces, tmp_path, counted):
    results = []
    jobs = [
        threading.Thread(target=lambda: results.append(store(faces, SMALL, kept(tmp_path))))
        for _ in range(4)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(counted) == 7
    assert all(np.array_equal(r.images[:], results[0].images[:]) for r in results)
    assert len(results) == 4


@pytest.mark.slow
def test_two_processes_that_build_at_once_decode_once(warm_python, faces, tmp_path):
    program = f"""
from pathlib import Path
from fer_core.datasets import Decoding, Storage
from fer_core.datasets.images import ImageFiles
from fer_core.datasets.cache.store import store
paths = tuple(sorted(Path({str(faces.paths[0].parent)!r}).iterdir()))
images = store(ImageFiles(paths), Decoding(8, 3), Storage("cache", Path({str(tmp_path)!r}) / "c"))
print(int(images.images[:].sum()))
"""
    command = [warm_python, "-c", program]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    sums = {run.communicate()[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert sums == {str(int(decoding.decode(faces, range(7), SMALL).sum()))}
    assert len(entries(tmp_path / "c")) == 1


def test_what_a_killed_run_left_is_removed_by_the_next(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(storage.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(storage.Path, "rename", lambda *_: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        store(faces, SMALL, kept(tmp_path))
    assert [entry.name[:5] for entry in entries(tmp_path)] == ["part-"]
    monkeypatch.undo()
    store(faces, SMALL, kept(tmp_path))
    assert [entry.name[:5] == "part-" for entry in entries(tmp_path)] == [False]


def test_a_broken_image_stops_the_build_and_nothing_is_half_written(faces, tmp_path):
    faces.paths[4].write_bytes(faces.paths[4].read_bytes()[:60])
    for kind in ("cache", "auto", "stream"):
        with pytest.raises(DataError, match=r"4\.png is not a readable image.*fer-core data check"):
            store(faces, SMALL, kept(tmp_path, kind))
    assert entries(tmp_path) == []
    assert not (tmp_path / "known").exists()


def test_a_read_only_cache_is_a_clear_error_and_auto_does_without(
    faces, tmp_path, small_disk, caplog
):
    folder = small_disk("ro")
    with pytest.raises(StorageError, match=r"cannot be used \(Read-only file system\): name an"):
        store(faces, SMALL, kept(folder))
    stored = store(faces, SMALL, kept(folder, "auto"))
    assert isinstance(stored.images, StreamedImages)
    assert "Images are decoded for each batch instead" in caplog.text
    assert "will be read again at the next start" in caplog.text
    assert np.array_equal(stored.images[:], store(faces, SMALL, kept(tmp_path)).images[:])


def test_a_read_only_cache_that_holds_the_images_is_used(faces, small_disk, counted):
    folder = small_disk()
    store(faces, SMALL, kept(folder))
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    assert isinstance(store(faces, SMALL, kept(folder)).images, CachedImages)
    assert len(counted) == 7


def test_a_disk_too_small_is_known_before_anything_is_written(faces, small_disk):
    folder = small_disk()
    with pytest.raises(
        StorageError, match=r"1\.0 MB free, 5\.5 MB are needed: free some space, name another"
    ):
        store(faces, Decoding(512, 3), kept(folder))
    assert entries(folder) == []
    assert isinstance(store(faces, Decoding(512, 3), kept(folder, "auto")).images, StreamedImages)


def test_a_disk_that_fills_up_on_the_way_is_left_as_it_was(faces, small_disk, monkeypatch):
    folder = small_disk()
    free = storage.shutil.disk_usage(folder)._replace(free=2**40)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: free)
    with pytest.raises(StorageError, match=r"cannot be used \(No space left on device\): free"):
        store(faces, Decoding(512, 3), kept(folder))
    assert entries(folder) == []
    (folder / "other").write_bytes(bytes(900_000))  # all the space is there again


def test_a_full_disk_is_a_clear_error_for_everybody(faces, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        store(faces, SMALL, kept(tmp_path))
    assert entries(tmp_path) == []


def test_a_cache_folder_that_is_a_file_is_a_clear_error(faces, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match=r"file cannot be used \((Not a directory|File exists)"):
        store(faces, SMALL, kept(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"


def test_an_unknown_kind_of_storage_lists_the_known_ones(faces):
    with pytest.raises(DataError, match="one of auto, device, cache, stream, got 'disk'"):
        store(faces, SMALL, Storage("disk"))


def test_a_stream_says_when_an_image_is_gone(faces, tmp_path):
    images = store(faces, SMALL, kept(tmp_path, "stream")).images
    faces.paths[2].unlink()
    with pytest.raises(DataError, match=r"2\.png is absent"):
        images[:]


def test_rows_of_pixels_stay_in_memory_unless_they_are_to_grow(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
    stored = store(PixelRows(pixels), Decoding(8, 1), kept(tmp_path))
    assert np.array_equal(stored.images[:, :, :, 0], pixels)
    assert not tmp_path.joinpath("entries").exists()
    grown = store(PixelRows(pixels), Decoding(16, 1), kept(tmp_path))
    assert isinstance(grown.images, CachedImages)
    assert np.array_equal(grown.facts.digests, stored.facts.digests)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system has no such advice")
def test_the_cache_gives_its_pages_back_and_stays_right(faces, tmp_path, monkeypatch):
    monkeypatch.setattr("fer_core.datasets.cache.arrays.MAPPED_BYTES", 2000)
    images = store(faces, SMALL, kept(tmp_path)).images
    real, advised = images._map._mmap, []

    class Spy:
        def madvise(self, advice):
            advised.append(advice)
            real.madvise(advice)

    images._map._mmap = Spy()
    expected = decoding.decode(faces, range(7), SMALL)  # 7 * 192 bytes
    for _ in range(4):
        assert np.array_equal(images[:], expected)
    assert advised == [mmap.MADV_DONTNEED] * 2


def test_an_entry_without_its_description_is_built_again(faces, tmp_path, counted):
    store(faces, SMALL, kept(tmp_path))
    (entries(tmp_path)[0] / "about.json").write_text("{}")
    store(faces, SMALL, kept(tmp_path))
    assert len(counted) == 14
    store(faces, SMALL, kept(tmp_path))
    assert len(counted) == 14


def test_a_run_that_was_quicker_with_a_copy_is_no_obstacle(faces, tmp_path, monkeypatch):
    real = storage._Job._put

    def put_late(job, part, entry):
        shutil.copytree(part, entry)
        real(job, part, entry)

    monkeypatch.setattr(storage._Job, "_put", put_late)
    stored = store(faces, SMALL, kept(tmp_path))
    assert np.array_equal(stored.images[:], decoding.decode(faces, range(7), SMALL))
    assert len(entries(tmp_path)) == 1


def test_an_entry_that_cannot_be_opened_is_decoded_for_each_batch(faces, tmp_path, monkeypatch):
    store(faces, SMALL, kept(tmp_path))

    def refused(_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(storage, "entry_shape", refused)
    assert isinstance(store(faces, SMALL, kept(tmp_path, "auto")).images, StreamedImages)
    with pytest.raises(StorageError, match=r"cannot be used \(Permission denied\): name another"):
        store(faces, SMALL, kept(tmp_path))


def test_entries_have_the_permissions_that_the_user_gives_to_files(faces, tmp_path):
    before = os.umask(0o022)
    try:
        store(faces, SMALL, kept(tmp_path))
    finally:
        os.umask(before)
    paths = (*entries(tmp_path), *tmp_path.glob("known/*"))
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o755, 0o644]


def test_the_cache_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("FER_CORE_CACHE", "~/faces")
    assert cache_folder(None) == Path.home() / "faces"
    monkeypatch.delenv("FER_CORE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder(None) == Path("/somewhere/fer_core")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder(None) == Path.home() / ".cache" / "fer_core"


def test_a_cache_folder_can_be_named_from_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder(Path("~/faces")) == tmp_path / "faces"
    with pytest.raises(StorageError, match="no home folder for the cache '~nobody-here"):
        cache_folder(Path("~nobody-here-has-this-name/faces"))
