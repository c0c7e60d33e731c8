"""Made-up run records, written through the recorder that training uses, and pages on them."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.analysis.map_choices import FaceChoice
from dashboard.analysis.map_process import MapCache
from tests.project import APP


@pytest.fixture(autouse=True)
def _no_folder_from_outside(monkeypatch):
    monkeypatch.delenv("FER_RUNS", raising=False)


@pytest.fixture(scope="session")
def eight_records(tmp_path_factory, write_run):
    """Two methods, two noise rates, two seeds, all finished; shared, so read them only."""
    root = tmp_path_factory.mktemp("eight") / "records"
    for method in ("eac", "cross_entropy"):
        for rate in (0.0, 0.3):
            for seed in (0, 1):
                write_run(root, method=method, rate=rate, seed=seed)
    return root


@pytest.fixture
def records(tmp_path, eight_records):
    """A copy of the eight records that a test may change."""
    return Path(shutil.copytree(eight_records, tmp_path / "records"))


@pytest.fixture
def open_page(monkeypatch):
    """The function that opens a page on a folder of records."""

    def open_one(page, folder, **query):
        monkeypatch.setenv("FER_RUNS", str(folder))
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.query_params.update(query)
        if page != "noise":
            app.switch_page(f"views/{page}.py")
        return app.run()

    return open_one


@pytest.fixture(scope="session")
def _shown_pages():
    return {}


@pytest.fixture
def shown_page(open_page, _shown_pages):
    """The same for tests that only read: a page is run once for each folder and address."""

    def show(page, folder, **query):
        key = repr((page, str(folder), sorted(query.items())))
        if key not in _shown_pages:
            _shown_pages[key] = open_page(page, folder, **query)
        return _shown_pages[key]

    return show


@pytest.fixture(scope="session")
def computed(tiny_run):
    """A cache after its first request, and the maps of the tiny model; read them only."""
    cache = MapCache()
    done, failed = cache.get({"tiny": tiny_run.path / "model"}, FaceChoice())
    assert not failed
    return cache, done["tiny"]
