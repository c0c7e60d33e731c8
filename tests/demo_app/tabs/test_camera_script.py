"""Why there is no camera image, told by the page in Chromium."""

import pytest

from demo_app.language import say

pytestmark = pytest.mark.browser

NO_CAMERA = ("--use-fake-ui-for-media-stream",)
REFUSED = ("--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream")


@pytest.mark.parametrize(
    ("flags", "fault"), [(NO_CAMERA, "NotFoundError"), (REFUSED, "NotAllowedError")]
)
def test_a_camera_that_does_not_start_is_explained(launch_chromium, address, flags, fault):
    browser = launch_chromium(*flags)
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(".bar.strong")
    page.get_by_role("tab", name="Live").click()
    page.locator("#camera button:visible").first.click()
    page.wait_for_selector("#camera_fault p:not(:empty)")
    assert page.inner_text("#camera_fault [role=status]") == say(f"camera.{fault}")
    browser.close()


def test_a_page_without_encryption_is_told_that_it_gets_no_camera(launch_chromium, address):
    browser = launch_chromium("--host-resolver-rules=MAP demo.test 127.0.0.1")
    page = browser.new_page()
    page.goto(address.replace("127.0.0.1", "demo.test"))
    page.wait_for_selector(".bar.strong")
    page.get_by_role("tab", name="Live").click()
    page.wait_for_selector("#camera_fault p:not(:empty)")
    assert page.inner_text("#camera_fault") == say("camera.forbidden")
    page.locator("#camera button:visible").first.click()
    page.get_by_role("tab", name="Photo").click()
    page.locator("#photo [aria-label='Capture from camera']").click()
    page.locator("#photo [title='grant webcam access'] button").click()
    page.wait_for_selector("#photo_fault p:not(:empty)")
    assert page.inner_text("#photo_fault") == say("camera.forbidden")
    shown = page.inner_text("body")
    assert "image." not in shown
    assert "webcam_support" not in shown
    browser.close()
