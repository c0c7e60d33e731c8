"""The video tab in Chromium."""

import csv
import io
import itertools
import time

import pytest

from tests.demo_app.conftest import visited
from tests.made_analyses import make_analysis

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(page):
    return open_tab(page)


@pytest.fixture(scope="module")
def analysed_tab(chromium, address):
    """The tab with the analysed clip, for tests that leave its result as it was."""
    with visited(chromium, address) as page:
        analyse_clip(open_tab(page))
        yield page


def open_tab(page):
    page.get_by_role("tab", name="Video").click()
    page.wait_for_selector("#video_start")
    return page


def analyse_clip(tab):
    tab.click("#video_example")
    tab.wait_for_selector("#video_timeline .main-svg")
    tab.wait_for_function("document.querySelector('#video_drawn video').readyState >= 2")
    tab.wait_for_selector("#video_timeline .video-line")


def video_folders(served):
    return {path for path in served.files.iterdir() if path.name.startswith("video-")}


def annotated(served):
    return set(served.files.rglob("*annotated.mp4"))


def test_a_drawn_clip_gives_a_timeline_a_video_and_a_table_to_download(analysed_tab):
    tab = analysed_tab
    assert "1 face in 4.0 seconds" in tab.inner_text("#video_told")
    assert tab.get_attribute("#video_progress [role=progressbar]", "aria-valuenow") == "100"
    with tab.expect_download() as waiting:
        tab.click("#video_csv")
    content = waiting.value.path().read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert len(rows) >= 35
    assert {row["face"] for row in rows} == {"1"}
    assert tab.outside == []


def film_time(tab):
    return tab.evaluate("document.querySelector('#video_drawn video').currentTime")


def test_a_click_on_the_timeline_goes_there_and_the_line_follows_the_video(analysed_tab):
    tab = analysed_tab
    tab.locator("#video_timeline").scroll_into_view_if_needed()
    area = tab.locator("#video_timeline .nsewdrag").first.bounding_box()
    tab.mouse.click(area["x"] + 0.75 * area["width"], area["y"] + 20)
    assert film_time(tab) == pytest.approx(3.0, abs=0.1)
    tab.evaluate("document.querySelector('#video_drawn video').currentTime = 1")
    tab.wait_for_selector(".video-line[aria-valuenow='1.0']")
    line = tab.locator(".video-line").bounding_box()
    middle = line["x"] + line["width"] / 2
    assert middle == pytest.approx(area["x"] + area["width"] / 4, abs=3)


def test_the_line_is_moved_from_the_keyboard(analysed_tab):
    tab = analysed_tab
    tab.evaluate("document.querySelector('#video_drawn video').currentTime = 0")
    tab.wait_for_selector(".video-line[aria-valuenow='0.0']")
    tab.focus(".video-line")
    for key in ("PageUp", "PageUp", "ArrowLeft"):
        tab.keyboard.press(key)
    assert film_time(tab) == pytest.approx(1.9, abs=0.05)
    assert tab.get_attribute(".video-line", "aria-valuetext") == "1.9 s"


def test_an_event_leads_to_its_time_and_ranges_are_left_out(analysed_tab):
    tab = analysed_tab
    tab.locator("#event_threshold input[type=number]").fill("0")
    tab.locator("#event_threshold input[type=number]").press("Tab")
    tab.wait_for_selector("#video_events .seek")
    tab.fill("#event_excluded textarea, #event_excluded input", "0-2")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#video_events .seek:has-text('0:02.0')")
    tab.click("#video_events .seek")
    assert film_time(tab) == pytest.approx(2.0, abs=0.1)
    with tab.expect_download() as waiting:
        tab.click("#video_csv")
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
    assert {row["excluded"] for row in rows if float(row["time_s"]) < 2} == {"True"}
    assert {row["excluded"] for row in rows if float(row["time_s"]) >= 2} == {"False"}
    for kind, name in (("elan", "drawn.eaf"), ("long", "drawn-long.csv")):
        with tab.expect_download() as waiting:
            tab.click(f"#video_{kind}")
        assert waiting.value.suggested_filename == name
    tab.fill("#event_excluded textarea, #event_excluded input", "soon")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#event_fault :text('soon')")
    assert tab.locator("#video_events .seek").count() == 1  # what was found before stays
    tab.fill("#event_excluded textarea, #event_excluded input", "")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#video_events .seek:has-text('0:00.0')")


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
    tab.wait_for_selector("#video_progress :text('not a video that can be read')")
    assert tab.is_enabled("#video_start")


def test_without_a_video_the_page_asks_for_one(tab):
    tab.click("#video_start")
    tab.wait_for_selector("#video_progress :text('Choose a video first')")


def test_the_tab_fits_a_telephone(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_face_is_named_from_the_keyboard_and_the_name_is_undone(analysed_tab):
    tab = analysed_tab
    tab.locator("#people_fold button").first.press("Enter")
    tab.locator("#people_chosen input").first.press("Space")
    tab.locator("#people_name :is(input, textarea)").fill("Ada")
    tab.locator("#people_rename").press("Enter")
    tab.wait_for_selector("#video_told :text('Ada, seen from')")
    tab.wait_for_selector("#video_timeline .annotation-text:has-text('Ada')")
    tab.wait_for_selector("#people_chosen :text('Ada')")
    with tab.expect_download() as waiting:
        tab.click("#video_people")
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
    assert {row["person"] for row in rows} == {"Ada"}
    tab.locator("#people_undo").press("Enter")
    tab.wait_for_selector("#video_told :text('Face 1, seen from')")
    assert tab.locator("#people_undo").is_disabled()
    tab.locator("#people_rename").press("Enter")
    tab.wait_for_selector("#people_fault :text('Choose one face')")


def test_movements_follow_the_video(tab, pool, monkeypatch):
    calls = itertools.count()

    def analyse(photo, faces):  # a smile for two seconds, then an open mouth
        scores = {} if next(calls) < 20 else {"jawOpen": 0.9}
        return [make_analysis(scores) if scores else make_analysis() for _ in faces]

    monkeypatch.setattr(pool, "analyser", analyse)
    tab.check("#video_movements input")
    analyse_clip(tab)
    tab.wait_for_selector("#video_moments :text('lip corners pulled')")
    tab.evaluate("document.querySelector('#video_drawn video').currentTime = 3")
    tab.wait_for_selector("#video_moments :text('jaw dropped')")
    assert "lip corners" not in tab.inner_text("#video_moments")
    assert "jaw dropped" in tab.inner_text("#video_summaries")
    with tab.expect_download() as waiting:
        tab.click("#video_csv")
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
    assert {row["movements"] for row in rows} == {"lip corners pulled", "jaw dropped"}
