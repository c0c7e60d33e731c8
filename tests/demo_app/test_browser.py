import io
import re

import numpy as np
import pytest
from PIL import Image

from demo_app.language import say

pytestmark = pytest.mark.browser


def upload(page, path, sentence):
    page.set_input_files("#photo input[type=file]", path)
    page.wait_for_selector(f"#sentence :text('{sentence}')")


def image(page, part):
    """The pixels of the image that a part of the page shows."""
    source = page.locator(f"{part} img").get_attribute("src")
    data = page.request.get(source).body()
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)


def wait_for_new(page, part, action):
    """Do something and wait until a part shows another image."""
    before = page.locator(f"{part} img").get_attribute("src")
    action()
    page.wait_for_function(
        "([part, before]) => document.querySelector(part + ' img')?.src != before",
        arg=[part, before],
    )


def chosen(page, part):
    return page.locator(f"{part} label:has(input:checked)").inner_text()


def test_the_first_view_is_an_analysed_example_from_this_server_only(page):
    assert page.inner_text("#sentence").startswith("One face: ")
    assert page.locator(".bar").count() == 8
    assert chosen(page, "#emotion") in page.inner_text("#sentence")
    assert (image(page, "#faces") != image(page, "#overlay")).any()
    assert page.outside == []


def test_an_uploaded_photograph_shows_its_faces_and_a_click_chooses_one(page, pair, tmp_path):
    pair.save(tmp_path / "pair.png")
    upload(page, tmp_path / "pair.png", "2 faces")
    assert page.locator("#face label").count() == 2
    assert chosen(page, "#face").startswith("1 ")
    box = page.locator("#faces img").bounding_box()
    left = {"x": 0.22 * box["width"], "y": 0.5 * box["height"]}
    wait_for_new(page, "#overlay", lambda: page.locator("#faces img").click(position=left))
    assert chosen(page, "#face").startswith("2 ")
    first = page.locator("#face label").first
    wait_for_new(page, "#overlay", first.click)
    assert chosen(page, "#face").startswith("1 ")


def test_another_emotion_and_another_opacity_draw_another_map(page):
    before = image(page, "#overlay")
    other = "fear" if chosen(page, "#emotion") != "fear" else "anger"
    wait_for_new(page, "#overlay", page.locator(f"#emotion label:has-text('{other}')").click)
    page.wait_for_selector(f"#caption :text('{other}')")
    after = image(page, "#overlay")
    assert (after != before).any()
    slider = page.locator("#opacity input[type=range]")
    wait_for_new(page, "#overlay", lambda: slider.fill("0"))
    assert np.abs(image(page, "#overlay") - after).max() > 20


def test_a_picture_without_a_face_gets_a_sentence_and_hides_the_results(page, empty, tmp_path):
    empty.save(tmp_path / "empty.png")
    upload(page, tmp_path / "empty.png", say("photo.no_face")[:24])
    assert page.inner_text("#sentence") == say("photo.no_face")
    assert not page.locator("#overlay").is_visible()
    assert np.abs(image(page, "#faces") - np.asarray(empty, dtype=int)).mean() < 2


def test_a_broken_file_gets_a_sentence(page, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    upload(page, tmp_path / "broken.jpg", say("photo.unreadable")[:24])
    assert not page.locator("#faces").is_visible()
    assert page.locator(".toast-body").count() == 0


def test_an_example_can_be_chosen(page):
    page.locator("#examples button").last.click()
    page.wait_for_selector("#sentence :text('3 faces')")
    assert re.match(r"1 . .*\w+ \d+ %", chosen(page, "#face"))


def test_the_page_fits_a_telephone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_moving_the_threshold_turns_not_sure_into_an_answer_without_another_analysis(page):
    before = image(page, "#faces")
    answer = chosen(page, "#emotion")
    assert f"not sure ({answer}" in page.inner_text("#sentence")  # the tiny model never is
    slider = page.locator("#threshold input[type=range]")
    wait_for_new(page, "#faces", lambda: slider.fill("0"))
    page.wait_for_selector(f"#sentence :text('One face: {answer}')")
    assert (image(page, "#faces") != before).any()


def choose_model(page, part, name):
    page.locator(f"{part} input").click()
    page.locator(f"{part} ul[role=listbox] li[aria-label^='{name}']").click()


def test_two_models_can_be_seen_side_by_side(page):
    assert not page.locator("#beside").is_visible()
    choose_model(page, "#other", "bundled")
    page.wait_for_selector("#second_text h3")
    assert page.inner_text("#second_text h3") == "bundled"
    assert (image(page, "#first_map")[:192, :192] != image(page, "#second_map")[:192, :192]).any()
    choose_model(page, "#other", "no second model")
    page.wait_for_selector("#beside", state="hidden")


def test_another_model_answers_the_photograph_on_the_page(page):
    before = page.inner_text("#bars")
    choose_model(page, "#model_choice", "bundled")
    page.wait_for_selector("#model_line :text('the val split')")
    page.wait_for_function(
        "before => document.querySelector('#bars').innerText != before", arg=before
    )
    assert page.locator(".bar").count() == 8


def test_an_unknown_model_is_a_sentence_and_the_old_one_goes_on(page, model):
    before = page.inner_text("#bars")
    box = page.locator("#model_choice input")
    box.fill("nobody/no-such-model")
    box.press("Enter")
    page.wait_for_selector("#model_line :text('Not changed')")
    assert "nobody/no-such-model" in page.inner_text("#model_line")
    page.wait_for_function(
        "name => document.querySelector('#model_choice input').value.startsWith(name)", arg=model
    )
    assert page.inner_text("#bars") == before


def test_the_mirror_check_stands_below_the_three_crops(page):
    assert page.locator("#mirror .meter").count() == 3
    assert (image(page, "#crop_map") != image(page, "#mirror_map")).any()


def test_places_are_hidden_on_request_and_the_result_goes_with_the_class(page):
    shown = chosen(page, "#emotion")
    assert not page.is_visible("#occlusion")
    page.click("#hide_places")
    page.wait_for_selector("#occlusion img")
    assert f"Occlusion map of {shown}" in page.inner_text("#occlusion_text")
    other = "fear" if shown != "fear" else "anger"
    page.locator(f"#emotion label:has-text('{other}')").click()
    page.wait_for_selector("#occlusion", state="hidden")
    page.wait_for_function("document.querySelector('#occlusion_text').innerText.trim() === ''")


def test_the_address_of_this_computer_is_refused_with_a_sentence(page, address):
    box = page.locator("#url input, #url textarea")
    box.fill(f"{address}/favicon.ico")
    box.press("Enter")
    page.wait_for_selector("#sentence :text('not on the public internet')")
    assert not page.locator("#overlay").is_visible()


def test_a_click_on_a_photograph_without_a_face_changes_nothing(page, empty, tmp_path):
    empty.save(tmp_path / "empty.png")
    upload(page, tmp_path / "empty.png", say("photo.no_face")[:24])
    page.locator("#faces img").click()
    page.wait_for_timeout(1000)
    assert page.locator(".toast-body").count() == 0
    assert page.inner_text("#sentence") == say("photo.no_face")


def test_another_model_shows_the_map_of_its_own_answer(page):
    choose_model(page, "#model_choice", "bundled")
    page.wait_for_selector("#model_line :text('the val split')")
    page.wait_for_selector("#sentence :text('happiness')")
    assert chosen(page, "#emotion") == "happiness"
