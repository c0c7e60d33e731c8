import zipfile

import pytest

from demo_app.language import say

pytestmark = pytest.mark.browser


@pytest.fixture
def batch(page):
    page.get_by_role("tab", name="Batch").click()
    page.wait_for_selector("#batch_start")
    return page


def choose(page, paths):
    page.set_input_files("#batch_photos input[type=file]", paths)
    page.wait_for_selector("#batch_photos .file-preview")
    page.click("#batch_start")


def test_many_photographs_give_a_table_and_two_files(batch, pair, portrait, tmp_path):
    pair.save(tmp_path / "pair.png")
    portrait.save(tmp_path / "one.png")
    (tmp_path / "broken.png").write_text("no image")
    choose(batch, [tmp_path / name for name in ("pair.png", "one.png", "broken.png")])
    batch.wait_for_selector("#batch_sentence :text('3 photographs, 3 faces')")
    assert "broken.png" in batch.inner_text("#batch_rows")
    for part, name in (("#batch_csv", "faces.csv"), ("#batch_zip", "overlays.zip")):
        with batch.expect_download() as download:
            batch.click(part)
        assert download.value.suggested_filename == name


def test_nothing_chosen_is_a_sentence(batch):
    batch.click("#batch_start")
    batch.wait_for_selector(f"#batch_sentence :text('{say('batch.none')}')")


def test_work_can_be_stopped_and_leaves_no_file(batch, served, portrait, tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(100)]
    for path in paths:
        portrait.save(path)
    choose(batch, paths)
    batch.wait_for_selector("#batch_sentence :text(' of 100 photographs')")
    batch.click("#batch_stop")
    batch.wait_for_selector(f"#batch_sentence :text('{say('batch.stopped')}')")
    batch.wait_for_timeout(1500)
    assert batch.inner_text("#batch_sentence") == say("batch.stopped")
    assert not [
        path
        for path in served.files.glob("batch-*")
        if (path / "overlays.zip").exists() and not (path / "faces.csv").exists()
    ]
    assert batch.locator("#batch_start").is_enabled()


def test_a_long_reason_does_not_widen_the_page_on_a_telephone(batch, tmp_path):
    batch.set_viewport_size({"width": 390, "height": 844})
    (tmp_path / "broken.png").write_text("no image")
    choose(batch, [tmp_path / "broken.png"])
    batch.wait_for_selector("#batch_sentence :text('1 photograph, 0 faces')")
    batch.wait_for_function("document.querySelector('#batch_rows')?.innerText.includes('broken')")
    batch.wait_for_timeout(500)
    assert batch.evaluate("document.documentElement.scrollWidth") == 390
    assert batch.locator("#batch_rows").bounding_box()["width"] > 300


def test_models_are_compared_on_a_zip_file_of_class_folders(batch, pair, portrait, tmp_path):
    portrait.save(tmp_path / "one.png")
    pair.save(tmp_path / "pair.png")
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as file:
        file.write(tmp_path / "one.png", "happiness/one.png")
        file.write(tmp_path / "pair.png", "surprise/pair.png")
    batch.get_by_role("button", name="Compare models on your own").click()
    batch.click("#models_start")
    batch.wait_for_selector("#models_result :text('Choose a ZIP file')")
    batch.set_input_files("#models_zip input[type=file]", tmp_path / "own.zip")
    batch.wait_for_selector("#models_zip :text('own')")
    batch.click("#models_start")
    batch.wait_for_selector("#models_result table")
    assert batch.locator("#models_result th[scope=row]").count() == 2
    assert "2 photographs of happiness, surprise" in batch.inner_text("#models_result")
    for part, name in (("#models_csv", "models.csv"), ("#models_photos_csv", "photographs.csv")):
        with batch.expect_download() as download:
            batch.click(part)
        assert download.value.suggested_filename == name
