"""The video tab in Chromium."""

import csv
import io
import time

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(page):
    page.set_default_timeout(60_000)
    page.get_by_role("tab", name="Video").click()
    page.wait_for_selector("#video_start")
    return page


def video_folders(served):
    return {path for path in served.files.iterdir() if path.name.startswith("video-")}


def annotated(served):
    return set(served.files.rglob("annotated.mp4"))


def test_a_drawn_clip_gives_a_timeline_a_video_and_a_table_to_download(tab):
    tab.click("#video_example")
    tab.wait_for_selector("#video_timeline .main-svg")
    tab.wait_for_function("document.querySelector('#video_drawn video').readyState >= 2")
    assert "1 face in 4.0 seconds" in tab.inner_text("#video_told")
    assert tab.get_attribute("#video_progress [role=progressbar]", "aria-valuenow") == "100"
    with tab.expect_download() as waiting:
        tab.click("#video_csv")
    content = waiting.value.path().read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert len(rows) >= 35
    assert {row["face"] for row in rows} == {"1"}
    assert tab.outside == []


def test_cancel_stops_the_work_and_deletes_its_files(tab, served):
    before = annotated(served)
    tab.click("#video_example")
    tab.wait_for_selector("#video_progress :text('%')")
    assert not tab.is_enabled("#video_start")
    tab.click("#video_stop")
    tab.wait_for_selector("#video_progress :text('Cancelled')")
    assert tab.is_enabled("#video_start")
    tab.wait_for_timeout(3000)
    left = [list(folder.iterdir()) for folder in video_folders(served)]
    assert all(files for files in left)  # only folders with files: finished ones, drawn clips
    assert annotated(served) == before
    assert "Cancelled" in tab.inner_text("#video_progress")


def test_a_visitor_who_leaves_stops_the_work(tab, served):
    before = video_folders(served)
    tab.click("#video_example")
    tab.wait_for_selector("#video_progress :text('%')")
    tab.context.close()
    wait = time.monotonic() + 60
    left = before
    while time.monotonic() < wait:
        left = video_folders(served) - before
        if all((folder / "drawn.mp4").exists() for folder in left):
            break
        time.sleep(0.2)
    assert all(list(folder.iterdir()) == [folder / "drawn.mp4"] for folder in left)


def test_a_file_that_is_no_video_gets_a_sentence(tab, tmp_path):
    (tmp_path / "text.mp4").write_text("no video at all")
    tab.set_input_files("#video_file input", tmp_path / "text.mp4")
    tab.wait_for_selector("#video_file :text('text')")
    tab.click("#video_start")
    tab.wait_for_selector("#video_progress :text('no video that can be read')")
    assert tab.is_enabled("#video_start")


def test_without_a_video_the_page_asks_for_one(tab):
    tab.click("#video_start")
    tab.wait_for_selector("#video_progress :text('Choose a video first')")


def test_the_tab_fits_a_telephone(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
