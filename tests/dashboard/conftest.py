"""Made-up run records, written through the recorder that training uses, and pages on them."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.project import APP


@pytest.fixture(autouse=True)
def _no_folder_from_outside(monkeypatch):
    monkeypatch.delenv("FER_RUNS", raising=False)


@pytest.fixture(scope="session")
def _eight_records(tmp_path_factory, write_run):
    root = tmp_path_factory.mktemp("eight")
    for method in ("eac", "cross_entropy"):
        for rate in (0.0, 0.3):
            for seed in (0, 1):
                write_run(root, method=method, rate=rate, seed=seed)
    return root


@pytest.fixture
def records(tmp_path, _eight_records):
    """Two methods, two noise rates, two seeds, all finished."""
    return Path(shutil.copytree(_eight_records, tmp_path / "records"))


@pytest.fixture
def open_page(monkeypatch):
    """The function that opens a page on a folder of records."""

    def open_one(page, folder, **query):
        monkeypatch.setenv("FER_RUNS", str(folder))
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.query_params.update(query)
        app.run()
        return app if page == "noise" else app.switch_page(f"views/{page}.py").run()

    return open_one
