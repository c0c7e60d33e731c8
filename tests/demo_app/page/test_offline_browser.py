"""The static page without a network, from the browser's cache."""

import shutil

import pytest

from tests.demo_app.page.conftest import READY, serve

pytestmark = pytest.mark.browser


@pytest.fixture
def own_site(site, tmp_path):
    return shutil.copytree(site, tmp_path / "static", ignore=shutil.ignore_patterns("images"))


def test_after_one_visit_the_page_needs_no_server(chromium, own_site):
    running, server = serve(own_site)
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(server.address)
    page.wait_for_selector(READY)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    running.shutdown()
    running.server_close()
    page.reload()
    page.wait_for_selector(READY)
    assert page.inner_text("#sentence").startswith("One face: happiness")
    context.close()
