import pytest

from dashboard.data import sources, visitor
from dashboard.data.sources import resolve_source, source_names
from dashboard.data.visitor import is_elsewhere, is_stranger


@pytest.mark.parametrize(("address", "headers", "elsewhere"), [
    (None, {}, False), (None, {"Host": "localhost"}, False), ("192.168.0.7", {}, True),
    (None, {"X-Forwarded-For": "1.2.3.4"}, True), (None, {"forwarded": "for=1.2.3.4"}, True),
])  # fmt: skip
def test_a_visitor_is_at_this_computer_or_elsewhere(address, headers, elsewhere):
    assert is_elsewhere(address, headers) == elsewhere


def test_without_a_page_nobody_is_a_stranger():
    assert not is_stranger()


@pytest.fixture
def stranger(monkeypatch):
    monkeypatch.setattr(sources, "is_stranger", lambda: True)


@pytest.mark.parametrize("asked", ["hf://me/private", "/proc", "/", "~", "shipped,/etc", "../.."])
def test_a_stranger_names_no_source(stranger, tmp_path, monkeypatch, asked):
    monkeypatch.chdir(tmp_path)
    assert source_names(asked) == ["shipped"]
    (tmp_path / "runs").mkdir()
    assert source_names(asked) == ["shipped", "runs"]
    monkeypatch.setenv("FER_RUNS", "mine")
    assert source_names(asked) == ["mine"]


def test_a_stranger_writes_no_notes_and_reads_no_file_outside_of_a_source(stranger, tmp_path):
    source = resolve_source(str(tmp_path))
    assert not source.writable
    assert sources.guarded_root(source) == tmp_path


@pytest.mark.slow
def test_a_page_for_a_visitor_elsewhere_offers_no_choice_of_sources(monkeypatch):
    from streamlit.testing.v1 import AppTest

    def page():
        import streamlit as st

        from dashboard.data.sources import is_fixed, source_names

        st.write(f"{is_fixed()} {source_names('hf://me/private')}")

    for address, told in ((None, "False ['hf://me/private']"), ("10.0.0.7", "True ['shipped'")):
        monkeypatch.setattr("streamlit.runtime.context.ContextProxy.ip_address", address)
        shown = AppTest.from_function(page).run().markdown[0].value
        assert told in shown
    assert visitor.PROXY_HEADERS
