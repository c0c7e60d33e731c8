import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from demo_app.serving import cleanup as sweeping
from demo_app.serving.cleanup import keep_sweeping, sweep


def age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def folder(tmp_path):
    for name in ("old/photo.jpg", "new/photo.jpg", "example/image.jpeg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
    for name in ("old/photo.jpg", "old", "example/image.jpeg", "example"):
        age(tmp_path / name, 1000)
    return tmp_path


def test_old_files_go_and_new_ones_and_examples_stay(folder):
    sweep(folder, 900, {folder / "example/image.jpeg"})
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert left == {"new/photo.jpg", "example/image.jpeg"}


def test_an_emptied_folder_goes_when_it_is_old_as_well(folder):
    sweep(folder, 900)
    age(folder / "old", 1000)
    sweep(folder, 900)
    assert not (folder / "old").exists()
    assert (folder / "new").exists()


def test_a_folder_that_vanishes_meanwhile_does_not_end_the_sweep(folder, monkeypatch):
    listing = os.scandir

    def vanish(path):
        if str(path) == str(folder / "example"):
            monkeypatch.setattr(os, "scandir", listing)
            shutil.rmtree(path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", vanish)
    sweep(folder, 900)
    assert not (folder / "old/photo.jpg").exists()


def test_a_folder_that_is_filled_meanwhile_stays(folder, monkeypatch):
    sweep(folder, 900)
    age(folder / "old", 1000)
    remove = Path.rmdir

    def fill(path):
        (path / "fresh.jpg").write_text("x")
        remove(path)

    monkeypatch.setattr(Path, "rmdir", fill)
    sweep(folder, 900)
    assert (folder / "old/fresh.jpg").exists()


def test_sweeping_goes_on_until_it_is_stopped_and_keeps_what_was_there(folder, monkeypatch):
    monkeypatch.setattr(sweeping, "EVERY", 0.01)
    stopped = threading.Event()
    thread = keep_sweeping(folder, stopped)
    (folder / "later.jpg").write_text("x")
    age(folder / "later.jpg", 1000)
    for _ in range(500):
        if not (folder / "later.jpg").exists():
            break
        time.sleep(0.01)
    stopped.set()
    thread.join(5)
    assert not thread.is_alive()
    assert not (folder / "later.jpg").exists()
    assert (folder / "old/photo.jpg").exists()
