"""Made-up run records, written through the recorder that training uses, and pages on them."""

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard.analysis.model_maps import ModelMaps
from fer_core.emotions import EIGHT_CLASSES
from tests.project import APP


@pytest.fixture(autouse=True)
def _visitor_at_this_computer(monkeypatch):
    """Who may name sources; tests of pages that are served to others say so themselves."""
    monkeypatch.delenv("FER_RUNS", raising=False)
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.ip_address", None)


@pytest.fixture(scope="session", autouse=True)
def _one_scan_for_components():
    """Streamlit reads the metadata of all installed packages for every page; once is enough."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


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
        if page == "maps":
            app.run()  # only then AppTest knows that its address is another than its file
        if page != "home":
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


@pytest.fixture
def made_up_maps(monkeypatch):
    """Maps are made up instead of being computed by a process; the function that does it."""
    st.cache_resource.clear()

    def make_up(_, models, faces):
        return {name: _make_up(folder, faces) for name, folder in models.items()}

    monkeypatch.setattr("dashboard.analysis.map_process.compute_maps", make_up)
    monkeypatch.setattr("dashboard.analysis.map_process.shipped_maps", dict)
    yield make_up
    st.cache_resource.clear()


@pytest.fixture
def maps_in_this_process(monkeypatch):
    """What the worker does is done here: starting it loads torch."""
    from fer_core.cli import map_worker

    st.cache_resource.clear()
    ask = "dashboard.analysis.map_worker.MapWorker.ask"
    monkeypatch.setattr(ask, lambda _, commands: [map_worker.run(words) for words in commands])
    monkeypatch.setattr("dashboard.analysis.map_process.MapCache.warm", lambda *_: None)
    yield
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def write_robustness():
    """The function that writes a made-up file of ``fer-core evaluate --robustness --json``."""
    return _write_robustness


def _write_robustness(
    path,
    name="camera",
    *,
    clean=0.88,
    step=0.1,
    seed=0,
    kinds=("noise", "jpeg"),
    content="c" * 64,
    **changed,
):
    """Each strength costs ``step`` more accuracy, of JPEG half of that; more figures in changed."""

    def figures(accuracy):
        return {
            "accuracy": {"value": accuracy, "interval": [accuracy - 0.03, accuracy + 0.02]},
            "mean_class_accuracy": accuracy - 0.1,
            "confidence": 0.87,
            "ece": abs(0.87 - accuracy),
            "commonest": "neutral",
            "commonest_share": 0.4,
        }

    def level(strength, lost):
        interval = {"value": lost, "interval": [lost - 0.02, lost + 0.02]}
        return {"strength": strength, "figures": figures(clean - lost), "lost": interval}

    strengths = {"noise": (5, 10, 25), "jpeg": (50, 20, 5), "blur": (1, 2, 3)}
    units = {"noise": "standard deviation, grey levels", "jpeg": "JPEG quality", "blur": "pixels"}
    robustness = {
        **{"images": 300, "drawn": 300, "available": 3199, "seed": seed, "side": 48},
        "clean": figures(clean),
        "kinds": {
            kind: {
                "strength": units[kind],
                "levels": [
                    level(strength, number * step * (0.5 if kind == "jpeg" else 1))
                    for number, strength in enumerate(strengths[kind], start=1)
                ],
            }
            for kind in kinds
        },
    }
    model = {"name": name, "weights_sha256": name.encode().hex() * 8, "mirror": True}
    model["images_sha256"] = content
    report = {
        "data": {"name": "ferplus", "split": "val"},
        "model": model | {"robustness": robustness | changed},
        "against": None,
    }
    path.write_text(json.dumps(report))
    return path


def _make_up(folder, faces):
    classes = json.loads((folder / "config.json").read_text())["label_names"]
    generator = np.random.default_rng(faces.seed)
    view_probabilities = generator.dirichlet(np.ones(len(classes)), (8, 2))  # (N, 2, K)
    view_maps = generator.normal(size=(8, 2, len(classes), 4, 4)).astype(np.float32)
    return ModelMaps(
        names=[f"synthetic {name}" for name in EIGHT_CLASSES],
        classes=classes,
        crops=generator.integers(0, 255, (8, 32, 32, 3), dtype=np.uint8),
        probabilities=view_probabilities.mean(1),
        maps=view_maps.mean(1),
        view_probabilities=view_probabilities,
        view_maps=view_maps,
        left_out=[],
    )
