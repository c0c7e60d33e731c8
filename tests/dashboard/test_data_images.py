"""Data sets that change while the dashboard runs."""

import os

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from dashboard.views.change_images import digest_of
from dashboard.views.data_images import list_images, stamp_of


@pytest.fixture(autouse=True)
def empty_cache():
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def faces(tmp_path):
    """An image folder with three evaluation images of two classes."""
    for name in ("train/anger/1", "train/fear/2", "test/anger/3", "test/anger/4", "test/fear/5"):
        file = tmp_path / "faces" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(file)
    return tmp_path / "faces"


def later(path):
    """The time of change of a file that was written a moment ago, a second later."""
    facts = path.stat()
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 10**9))


def test_a_listing_is_shared_until_an_image_gets_another_label(faces):
    uri = f"folder:{faces}"
    first = list_images(uri)
    assert list_images(uri) is first
    (faces / "test/anger/3.png").rename(faces / "test/fear/3.png")
    later(faces / "test" / "fear")
    changed = list_images(uri)
    assert changed.names == ("test/anger/4.png", "test/fear/3.png", "test/fear/5.png")
    assert changed.labels == ("anger", "fear", "fear")


def test_a_listing_is_read_again_when_a_table_was_written_or_a_linked_folder_changed(faces):
    table = faces.parent / "faces.csv"
    rows = "image,label,usage\n1.png,anger,train\n"
    table.write_text(rows)
    (faces / "test" / "fear").rename(faces.parent / "elsewhere")
    (faces / "test" / "fear").symlink_to(faces.parent / "elsewhere")
    (faces / "test" / "loop").symlink_to(faces)
    uris = [f"csv:{table}", f"csv:{table}?images=faces", f"folder:{faces}"]
    first = [stamp_of(uri) for uri in uris]
    assert [stamp_of(uri) for uri in uris] == first
    table.write_text(rows + "2.png,fear,train\n")
    second = [stamp_of(uri) for uri in uris]
    assert [one == two for one, two in zip(first, second, strict=True)] == [False, False, True]
    (faces.parent / "elsewhere" / "5.png").unlink()
    later(faces.parent / "elsewhere")
    third = [stamp_of(uri) for uri in uris]
    assert [one == two for one, two in zip(second, third, strict=True)] == [True, False, False]


def test_data_sets_without_files_have_a_stamp():
    assert stamp_of("synthetic?train=70") == stamp_of("synthetic?train=70")
    assert stamp_of("folder:~nobody-of-this-name/x") == ""
    assert stamp_of("folder:/absent") == stamp_of("folder:/absent")


def test_maps_are_computed_again_for_other_pixels():
    black, white = (Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (0, 255))
    assert digest_of([black, None]) == digest_of([black.copy(), None])
    others = ([white, None], [None, black], [black], [black.resize((2, 8)), None])
    assert len({digest_of(one) for one in ([black, None], *others)}) == 5
