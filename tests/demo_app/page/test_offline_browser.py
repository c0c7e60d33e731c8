"""The static page without a network, from the browser's cache."""

import shutil

import pytest

from tests.demo_app.page.conftest import READY, first_visit

pytestmark = pytest.mark.browser


@pytest.fixture
def own_site(site, tmp_path):
    return shutil.copytree(site, tmp_path / "static", ignore=shutil.ignore_patterns("images"))


def test_after_one_visit_the_page_needs_no_server(chromium, own_site):
    with first_visit(chromium, own_site) as (page, running, _):
        running.shutdown()
        running.server_close()
        page.reload()
        page.wait_for_selector(READY)
        assert page.inner_text("#sentence").startswith("One face: happiness")
