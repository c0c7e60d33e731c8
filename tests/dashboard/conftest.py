"""Made-up run records, written through the recorder that training uses."""

import shutil
from pathlib import Path

import pytest


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
