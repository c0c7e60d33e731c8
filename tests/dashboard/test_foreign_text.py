import json

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.foreign_text import foreign, foreign_code, verbatim
from fer_core.records.recorder import RunRecorder
from tests.project import PROJECT

IMAGE = "![seen](http://evil.example/pixel.png)"
LINK = "[here](javascript:alert(1))"


@pytest.mark.parametrize("text", [IMAGE, LINK, "<img src=http://evil.example/x>", "\\[a](b)"])
def test_nothing_in_foreign_text_is_a_link_an_image_or_html(text):
    shown = foreign(text)
    assert shown.replace("\\", "").replace("\u2060", "") == text.replace("\\", "")
    for mark in "[]<>":
        assert shown.count(f"\\{mark}") == text.count(mark)


@pytest.mark.parametrize("show", [foreign, verbatim])
@pytest.mark.parametrize(
    "text", ["https://evil.example/x", "www.evil.example", "a@evil.example", "$a$"]
)
def test_no_address_is_made_a_link_and_no_text_a_formula(show, text):
    shown = show(text)
    assert shown != text
    assert shown.replace("\u2060", "").replace("\\", "") == text
    assert not any(start in shown for start in ("://", "www.", "a@"))


def test_foreign_code_does_not_end_the_code_around_it():
    assert "`" not in foreign_code("a` ![x](http://evil.example) `b")


@pytest.mark.slow
def test_no_page_loads_what_the_name_of_a_run_its_facts_or_its_error_name(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_RUNS", str(tmp_path))
    folder = tmp_path / "![x](http:evil.example)"
    facts = {"data": {"name": IMAGE}, "noise": {}, "model": {}, "environment": {"device": IMAGE}}
    recorder = RunRecorder(folder, config={"backbone": IMAGE}, classes=[IMAGE, LINK], **facts)
    recorder.begin()
    recorder.fail(IMAGE)
    (tmp_path / "![y](http:evil.example)").mkdir()
    (tmp_path / "![y](http:evil.example)" / "run.json").write_text(json.dumps({"a": 1}))
    page = AppTest.from_file(str(PROJECT / "dashboard" / "views" / "runs.py"), default_timeout=60)
    for query in ({}, {"run": folder.name}):
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        parts = [*page.error, *page.warning, *page.markdown, *page.caption, *page.header]
        texts = [part.value for part in parts]
        assert any("evil.example" in text for text in texts)
        assert not any("![" in text.replace("!\\[", "") for text in texts)
