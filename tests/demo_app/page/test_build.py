import json
import re
import stat
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from facenet_pytorch import MTCNN

from demo_app.language import say, speaking
from demo_app.page.build import ON_DEMAND, SOURCES, WORKER, build, main, service_worker
from demo_app.page.export_models import classifier_bytes, detector_bytes, halve
from demo_app.page.facts import DEFAULT_THRESHOLD, page_facts
from demo_app.page.fetch_runtime import FetchError, fetch_runtime, pinned_version
from demo_app.page.texts import PAGES, page_words
from demo_app.render import text as words
from fer_core.emotions import COLOURS, EIGHT_CLASSES
from fer_core.explain.cam import colourise
from fer_core.inference.onnx_export import ExportError, require
from fer_core.landmarks.task_file import LandmarkerError
from fer_core.models.pretrained import load_model
from fer_core.taxonomy import taxonomy_of
from fer_core.weights import BUNDLED
from tests.demo_app.page.conftest import MOST_BYTES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained():
    return load_model(BUNDLED)


@pytest.fixture(scope="module")
def facts(trained):
    return page_facts(trained, BUNDLED)


def own_files(folder):
    """What is written here, without the runtime."""
    kinds = {".html", ".css", ".js", ".svg", ".json"}
    return [
        file for file in folder.rglob("*") if file.suffix in kinds and "runtime" not in file.parts
    ]


def fake_npm(folder, script):
    file = folder / "npm"
    file.write_text(f"#!{sys.executable}\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_page_has_every_file_that_it_names(site):
    facts = json.loads((site / "facts.json").read_text())
    named = [entry["name"] for entry in facts["files"].values()] + facts["examples"]
    for entry in facts["files"].values():
        assert (site / entry["name"]).stat().st_size == entry["bytes"]
    index = (site / "index.html").read_text()
    named += re.findall(r'(?:src|href)="([^"]+)"', index)
    for script in (site / "js").glob("*.js"):
        for name in re.findall(r'from "([^"]+)"', script.read_text()):
            named.append((script.parent / name).resolve().relative_to(site.resolve()).as_posix())
    assert len(named) > 30
    assert [name for name in named if not (site / name).is_file()] == []


def test_the_download_is_under_its_bar(site):
    size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
    assert size < MOST_BYTES


def test_no_other_origin_is_named():
    addresses = [
        (file.name, address)
        for file in own_files(SOURCES)
        for address in re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<)]*", file.read_text())
    ]
    assert set(addresses) <= {("icon.svg", "http://www.w3.org/2000/svg")}


def test_the_security_policy_lets_nothing_out(site):
    policy = re.search(
        r'Content-Security-Policy" content="([^"]+)"', (site / "index.html").read_text()
    )
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["form-action"] == "'none'"
    assert not any("*" in rule or "http" in rule or "unsafe-inline" in rule for rule in rules)


def test_no_sentence_is_left_out(site):
    said = {
        "en": ("<strong>Responsible use.", "Do not use this page to make decisions about people."),
        "vi": ("<strong>Sử dụng có trách nhiệm.", "Đừng quyết định điều gì về một con người"),
    }
    for language, name in PAGES.items():
        page = (site / name).read_text("utf-8")
        with speaking(language):
            assert words.title(taxonomy_of(EIGHT_CLASSES)) in page
        assert f'<html lang="{language}">' in page
        assert "{{" not in page
        assert all(text in page for text in said[language])


def test_only_paragraphs_that_hold_without_a_server_are_taken():
    for language, phrase in (("en", "computer that runs this page"), ("vi", "đang chạy trang này")):
        with speaking(language):
            told = page_words(taxonomy_of(EIGHT_CLASSES))
            assert phrase in say("about.text")
        assert not any(phrase in text for text in told.values())


def test_classes_colours_and_heat_are_python_s(facts):
    assert facts["classes"] == list(EIGHT_CLASSES)
    assert facts["colours"] == [COLOURS[name] for name in EIGHT_CLASSES]
    heat = np.array(facts["heat"], dtype=np.uint8)
    assert (heat == colourise(np.linspace(0, 1, 256)[None])[0]).all()


def test_every_step_of_the_threshold_has_its_sentence(facts):
    begin = {"en": "At 50 % this model is sure about ", "vi": "Ở mức 50 %, mô hình này chắc chắn "}
    for language, told in facts["languages"].items():
        assert len(told["thresholds"]) == 21
        at_default = told["thresholds"][round(20 * DEFAULT_THRESHOLD)]
        assert at_default.startswith(begin[language])


def test_every_fault_that_the_scripts_name_has_a_sentence(facts):
    named = {
        kind
        for file in (SOURCES / "js").glob("*.js")
        for kind in re.findall(r'new Fault\("(\w+)"', file.read_text())
    }
    assert len(named) > 5
    for told in facts["languages"].values():
        assert named - {"facts"} <= set(told["sentences"])  # index.html has that one
        assert all(re.search(r"[.)]$", text) for text in told["sentences"].values())


def test_half_weights_answer_as_the_model_does(trained):
    images = torch.randn(3, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(classifier_bytes(trained))
    logits, maps = session.run(["logits", "maps"], {"images": images.numpy()})
    expected = trained.model(images)
    found = torch.from_numpy(logits).softmax(1)
    assert (found - expected.logits.softmax(1)).abs().max() < 0.005
    assert np.corrcoef(np.ravel(maps), expected.maps.flatten().numpy())[0, 1] > 0.9999


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("pnet", (1, 3, 40, 57)),
        ("rnet", (5, 3, 24, 24)),
        ("onet", (3, 3, 48, 48)),
    ],
)
def test_the_detector_s_networks_answer_as_their_originals(name, shape):
    images = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    session = onnxruntime.InferenceSession(detector_bytes()[name])
    found = session.run(None, {"images": images.numpy()})
    with torch.no_grad():
        boxes, *points, scores = getattr(MTCNN(device="cpu"), name)(images)
    for one, other in zip(found, [boxes, scores, *points], strict=True):
        assert np.abs(one - other.numpy()).max() < 0.01


def test_a_weight_beyond_float16_is_refused():
    onnx = require("onnx")
    weight = onnx.numpy_helper.from_array(np.full(100, 1e6, np.float32), "large")
    answer = onnx.helper.make_tensor_value_info("answer", onnx.TensorProto.FLOAT, [100])
    node = onnx.helper.make_node("Identity", ["large"], ["answer"])
    graph = onnx.helper.make_graph([node], "one", [], [answer], [weight])
    with pytest.raises(ExportError, match="the weight large does not fit in float16"):
        halve(onnx.helper.make_model(graph).SerializeToString())


def test_a_missing_npm_is_one_sentence(monkeypatch, tmp_path):
    words = ("static_page", "--out", str(tmp_path / "page"), "--npm", "no-such-npm")
    monkeypatch.setattr(sys, "argv", list(words))
    with pytest.raises(SystemExit) as stopped:
        main()
    version = pinned_version(SOURCES)
    assert stopped.value.code == (
        f"error: no-such-npm is missing: it fetches onnxruntime-web {version}, the page's "
        "runtime. Install Node.js with npm"
    )
    assert list(tmp_path.iterdir()) == []


def test_npm_s_reason_is_said(tmp_path):
    npm = fake_npm(tmp_path, "import sys; sys.exit('npm error code ENOTFOUND\\nnpm error more')")
    with pytest.raises(FetchError, match=r"npm cannot fetch onnxruntime-web 9\.9\.9: code ENOT"):
        fetch_runtime("9.9.9", npm)


def test_a_broken_package_is_refused(tmp_path):
    npm = fake_npm(tmp_path, "open('onnxruntime-web.tgz', 'w').write('nothing')")
    with pytest.raises(FetchError, match=r"onnxruntime-web 9\.9\.9 is not as expected"):
        fetch_runtime("9.9.9", npm)


def test_a_build_that_fails_leaves_the_old_page_alone(site):
    before = contents(site.parent)
    with pytest.raises(FetchError):
        build(site, npm="no-such-npm")
    assert contents(site.parent) == before


def test_an_old_page_is_replaced_and_nothing_else_is_left(build_site, model_folder, tmp_path):
    page = tmp_path / "page"
    page.mkdir()
    (page / "facts.json").write_text("{}")
    (page / "old.js").write_text("")
    build_site(page, str(model_folder))
    assert json.loads((page / "facts.json").read_text())["input"]["channels"] == 3
    assert not (page / "old.js").exists()
    assert list(tmp_path.iterdir()) == [page]


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not a page that was built before"):
        build(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_the_service_worker_keeps_every_file_and_each_build_has_its_version(site):
    script = (site / WORKER).read_text("utf-8")
    kept = set(json.loads(script.split("const FILES = ")[1].split(";\n")[0]))
    files = {
        file.relative_to(site).as_posix()
        for file in site.rglob("*")
        if file.is_file() and "images" not in file.parts
    }
    asked_for = {name for name in files if name.startswith(ON_DEMAND)}
    assert kept == (files - asked_for - {WORKER}) | {"./"}
    one, other = (service_worker({"index.html": text}) for text in (b"one", b"other"))
    assert one != other
    assert one == service_worker({"index.html": b"one"})


@pytest.mark.parametrize("content", [None, b"no zip file"])
def test_a_landmarker_that_was_named_and_is_none_stops_the_build(build_site, tmp_path, content):
    file = tmp_path / "face_landmarker.task"
    if content:
        file.write_bytes(content)
    with pytest.raises(LandmarkerError, match=r"face_landmarker\.task"):
        build_site(tmp_path / "page", landmarker=str(file))
    assert not (tmp_path / "page").exists()


def test_where_no_landmarker_is_installed_the_page_is_built_without(
    build_site, tmp_path, monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with caplog.at_level("INFO", logger="demo_app"):
        page = build_site(tmp_path / "page")
    assert "movements" not in json.loads((page / "facts.json").read_text())
    assert "The page cannot tell what faces do: " in caplog.text
    assert "pip install" in caplog.text
