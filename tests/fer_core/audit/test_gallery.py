"""The gallery: what it shows, and the decisions that a person takes home from it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from fer_core.audit.folder import AuditError
from fer_core.audit.gallery import (
    THUMBNAILS_FILE,
    Thumbnails,
    gallery_html,
    read_thumbnails,
    shown_rows,
    write_gallery,
)
from fer_core.audit.lists import decided_lists
from fer_core.audit.result import Audit
from fer_core.audit.thumbnails import SIDE, make_thumbnails
from fer_core.datasets import from_arrays

CLASSES = ("neutral", "anger", "</script><b>")
NAMES = ('a, "b".png', "=c.png", "<img src=x>.png", "d.png", "e.png", "f.png")


@pytest.fixture(scope="module")
def audit():
    """Six images, the first the most suspicious; the last two are copies with different labels."""
    chances = np.full((6, 3), 0.1, np.float32)
    labels = np.array([0, 1, 2, 0, 0, 1])
    suggested = np.array([1, 1, 0, 1, 0, 0])
    chances[np.arange(6), suggested] = 0.8
    scores = {"cross_entropy": np.array([6, 5, 4, 3, 2, 1], np.float32)}
    flagged = suggested != labels
    return Audit(
        CLASSES, NAMES, labels, None, suggested, chances, scores, "cross_entropy", flagged,
        duplicates=((4, 5),), facts={"data": {"name": "faces"}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def split():
    images = np.random.default_rng(0).integers(0, 255, (6, 120, 120, 1), np.uint8)
    arrays = (images, np.array([0, 1, 2, 0, 0, 1]))
    return from_arrays("faces", ("x", "y", "z"), arrays, arrays).train._replace(names=NAMES)


@pytest.fixture(scope="module")
def gallery(audit, split, tmp_path_factory):
    """The gallery of the first three images, and the copies."""
    folder = tmp_path_factory.mktemp("audit")
    return write_gallery(folder, audit, make_thumbnails(split, shown_rows(audit, 3)))


def values_of(gallery):
    text = gallery.read_text("utf-8")
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    return json.loads(found)


def test_the_first_of_the_ranking_are_shown_and_copies_with_different_labels(audit):
    assert shown_rows(audit, 3).tolist() == [0, 1, 2, 4, 5]
    assert shown_rows(audit, 1).tolist() == [0]  # no room for a whole group
    assert shown_rows(audit, 100).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_page_has_ranks_labels_and_images(gallery):
    values = values_of(gallery)
    assert [item["image"] for item in values["items"]] == [*NAMES[:3], *NAMES[4:]]
    assert [item["rank"] for item in values["items"]] == [1, 2, 3, 5, 6]
    assert (values["grid"], values["copies"]) == (3, [["e.png", "f.png"]])
    first = values["items"][0]
    assert (first["label"], first["suggested"], first["flagged"]) == (0, 1, True)
    assert first["pixels"].startswith("data:image/png;base64,")


def test_names_cannot_leave_the_element_that_holds_them(gallery):
    assert gallery.read_text("utf-8").count("</script>") == 2


def test_the_page_names_no_other_host(gallery):
    assert "http" not in re.sub(r"http-equiv", "", gallery.read_text("utf-8"))


def test_thumbnails_are_small_and_read_back(gallery):
    thumbnails = read_thumbnails(gallery.parent)
    assert thumbnails.names == (*NAMES[:3], *NAMES[4:])
    assert thumbnails.pixels.shape == (5, SIDE, SIDE, 1)
    assert read_thumbnails(gallery.parent.parent) is None


def test_damaged_thumbnails_are_refused(tmp_path):
    (tmp_path / THUMBNAILS_FILE).write_bytes(b"no archive")
    with pytest.raises(AuditError, match="damaged"):
        read_thumbnails(tmp_path)
    np.savez(tmp_path / THUMBNAILS_FILE, names=np.array(["a"]), pixels=np.zeros((2, 3)))
    with pytest.raises(AuditError, match="damaged"):
        read_thumbnails(tmp_path)


def test_thumbnails_that_were_cut_or_changed_on_the_disk_are_damaged(gallery, tmp_path):
    content = (gallery.parent / THUMBNAILS_FILE).read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes(byte ^ 255 for byte in content[middle:][:9])
    for spoilt in (b"", content[:100], content[:middle], changed + content[middle + 9 :]):
        (tmp_path / THUMBNAILS_FILE).write_bytes(spoilt)
        with pytest.raises(AuditError, match="damaged"):
            read_thumbnails(tmp_path)


def test_thumbnails_of_another_audit_are_refused(audit):
    other = Thumbnails(("other.png",), np.zeros((1, 8, 8, 1), np.uint8))
    with pytest.raises(AuditError, match=r"not of this audit.*'other\.png'"):
        gallery_html(audit, other, "found")


def test_audits_of_other_labels_have_decisions_of_their_own(audit, split, tmp_path):
    keys = set()
    for labels in (audit.noisy_labels, audit.noisy_labels[::-1]):
        other = replace(audit, noisy_labels=labels)
        keys.add(
            values_of(write_gallery(tmp_path, other, make_thumbnails(split, np.array([0]))))["key"]
        )
    assert len(keys) == 2


@pytest.mark.browser
def test_decisions_by_keyboard_are_exported_kept_and_read(
    gallery, audit, launch_chromium, tmp_path
):
    browser = launch_chromium()
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    page.goto(gallery.as_uri())
    page.keyboard.press("r")  # the first: anger, as suggested; then on to the second
    page.keyboard.press("d")
    page.keyboard.press("3")  # its own class: kept
    page.locator("#copies .card").last.click()
    page.keyboard.press("1")

    def export(name):
        with page.expect_download() as download:
            page.get_by_role("button", name="Export").click()
        download.value.save_as(tmp_path / name)
        return decided_lists(audit, tmp_path / name)

    lists = export("decisions.csv")
    assert lists.excluded == ("=c.png",)
    assert lists.labels.tolist() == [1, 1, 2, 0, 0, 0]
    page.reload()
    page.get_by_text("4 decided").wait_for()  # another process of the browser may store them late
    for place in (0, 1, 2):
        page.locator(f'#cards .card[data-place="{place}"]').click()
        page.keyboard.press("u")
    page.locator("#import").set_input_files(tmp_path / "decisions.csv")
    page.get_by_text("4 decisions read; 0 are on images").wait_for()
    again = export("again.csv")
    assert (set(again.excluded), again.labels.tolist()) == ({"=c.png"}, lists.labels.tolist())
    page.locator("#label").select_option("1")
    assert page.locator("#cards .card").count() == 1
    browser.close()
    assert problems == []


@pytest.mark.browser
def test_two_tabs_of_one_gallery_share_their_decisions(gallery, launch_chromium):
    browser = launch_chromium()
    context = browser.new_context()
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(gallery.as_uri())
    first.keyboard.press("k")
    second.get_by_text("1 decided").wait_for()
    second.locator('#cards .card[data-place="1"]').click()
    second.keyboard.press("d")
    first.get_by_text("2 decided").wait_for()
    browser.close()
